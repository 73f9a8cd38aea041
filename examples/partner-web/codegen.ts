import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  // Outside this repository: a copy of the file, or the address of the service, which answers introspection.
  schema: "../../schema/schema.graphql",
  documents: ["src/**/*.{ts,tsx}", "test/**/*.ts", "register.ts"],
  ignoreNoDocuments: true,
  generates: {
    "src/gql/": {
      preset: "client",
      presetConfig: { fragmentMasking: false },
      config: {
        // New values may come at any time, so no switch may be exhaustive over them; types are enough.
        enumsAsTypes: true,
        strictScalars: true,
        // Quantities are text: "12.5" must not pass through a binary fraction.
        scalars: { ID: "string", Decimal: "string", Date: "string", DateTime: "string", TimeOfDay: "string" },
        useTypeImports: true,
      },
    },
  },
};

export default config;
