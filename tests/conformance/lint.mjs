// Lints a schema by the rules of others, @graphql-eslint's and graphql-schema-linter's, and by a few of our own. Prints each problem with its line,
// then how many; the exit code is 1 where there are any. With --any the exceptions need not be of use: for other schemas than ours.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Linter } from "eslint";
import graphqlEslint from "@graphql-eslint/eslint-plugin";
import { buildSchema, getNamedType, isInputObjectType, parse } from "graphql";

const file = process.argv[2];
const text = readFileSync(file, "utf8");
const problems = [];

// All that is named here is on. What the plugin has beyond it is off for the reasons in OFF.
const RULES = {
  "description-style": {},
  "known-argument-names": {},
  "known-directives": {},
  "known-type-names": {},
  "lone-schema-definition": {},
  "naming-convention": {
    types: "PascalCase",
    FieldDefinition: "camelCase",
    InputValueDefinition: "camelCase",
    DirectiveDefinition: "camelCase",
    EnumValueDefinition: "UPPER_CASE",
    "FieldDefinition[parent.name.value=Query]": { forbiddenPrefixes: ["query", "get", "list", "fetch"], forbiddenSuffixes: ["Query"] },
    "FieldDefinition[parent.name.value=Mutation]": { forbiddenPrefixes: ["mutation", "do"], forbiddenSuffixes: ["Mutation"] },
    "FieldDefinition[parent.name.value=Subscription]": { forbiddenPrefixes: ["subscription", "on"], forbiddenSuffixes: ["Subscription"] },
    EnumTypeDefinition: { forbiddenPrefixes: ["Enum"], forbiddenSuffixes: ["Enum"] },
    InterfaceTypeDefinition: { forbiddenPrefixes: ["Interface"], forbiddenSuffixes: ["Interface"] },
    UnionTypeDefinition: { forbiddenPrefixes: ["Union"], forbiddenSuffixes: ["Union"] },
    ObjectTypeDefinition: { forbiddenPrefixes: ["Type"], forbiddenSuffixes: ["Type", "Model", "Entity", "Dto"] },
  },
  "no-hashtag-description": {},
  "no-scalar-result-type-on-mutation": {},
  "no-typename-prefix": {},
  "no-unreachable-types": {},
  "possible-type-extension": {},
  "provided-required-arguments": {},
  // What is small by nature is a plain list and no connection, so not every list wraps edges.
  "relay-edge-types": { withEdgeSuffix: true, shouldImplementNode: true, listTypeCanWrapOnlyEdgeType: false },
  "relay-arguments": { includeBoth: true },
  "relay-connection-types": {},
  "relay-page-info": {},
  "require-deprecation-reason": {},
  "require-description": {
    types: true,
    rootField: true,
    DirectiveDefinition: true,
    FieldDefinition: true,
    InputValueDefinition: true,
    EnumValueDefinition: true,
  },
  "require-nullable-fields-with-oneof": {},
  "require-type-pattern-with-oneof": {},
  "strict-id-in-types": {
    acceptedIdNames: ["id"],
    acceptedIdTypes: ["ID"],
    exceptions: {
      suffixes: ["Payload", "Connection", "Edge"],
      // Values: each is a part of what has the id.
      types: [
        "AreaFigures", "ChangeBatch", "ClientCredential", "Closure", "Interval", "MatchesInState", "MatchesOfCategory", "MonthFigures",
        "NeedsInState", "NeedsOfCategory", "Opening", "PageInfo", "Permission", "Point", "PriceBand", "Refusal", "Session", "Sitting",
        "SittingPlan", "Statistics", "TakeOver", "UnitKindFigures", "Warning", "ZoneUse",
      ],
    },
  },
  "unique-directive-names": {},
  "unique-directive-names-per-location": {},
  "unique-enum-value-names": {},
  "unique-field-definition-names": {},
  "unique-operation-types": {},
  "unique-type-names": {},
};
const OFF = {
  alphabetize: "compares by language and not by bytes; graphql-schema-linter below checks that all is sorted, as the SDL is",
  "input-name": "wants one input for every mutation; ours take an id and a reason where that is all: our own rule below takes its place",
  "no-root-type": "would forbid mutations and subscriptions",
  "require-field-of-type-query-in-mutation-result": "the whole of Query below each payload would let one answer hold what was before and after",
  "require-nullable-result-in-root": "the contract promises each list and each payload; what may be missing is in the payload, as result",
  "require-deprecation-date": "wants an argument of its own for a day of deletion; ours stands in the reason: our own rule below takes its place",
};
// Problems that are none, each with its reason.
const EXCEPT = [
  [/in directive "(include|skip|specifiedBy)"/, "the language's own, which the printer adds: not ours to describe"],
  [/field `node` must implement `Node`/, "accounts, journal entries and registered operations are read in their lists alone", ["AccountEdge", "JournalEntryEdge", "RegisteredOperationEdge"]],
];

const lines = text.split("\n");
const used = new Set();
const isExcepted = ({ message, line }) =>
  EXCEPT.some(([pattern, , types], which) => {
    const applies = pattern.test(message) && (!types || types.some((type) => lines[line - 1].startsWith(`type ${type} `)));
    if (applies) used.add(which);
    return applies;
  });

const rules = Object.entries(RULES).map(([name, options]) => {
  const configured = Object.keys(options).length > 0 ? ["error", options] : "error";
  return [`@graphql-eslint/${name}`, configured];
});
const config = {
  files: ["**/*.graphql"],
  plugins: { "@graphql-eslint": graphqlEslint },
  languageOptions: { parser: graphqlEslint.parser, parserOptions: { graphQLConfig: { schema: text } } },
  rules: Object.fromEntries(rules),
};
for (const message of new Linter().verify(text, [config], { filename: "schema.graphql" })) {
  if (!isExcepted(message)) problems.push([message.line, message.ruleId ?? "syntax", message.message]);
}
EXCEPT.forEach(([pattern], which) => {
  if (process.argv[3] !== "--any" && !used.has(which)) problems.push([0, "lint.mjs", `the exception for ${pattern} is of no use any more`]);
});
// A rule that a newer version brings is looked at, and not passed over.
const ofSchemas = new Set(["schema-all", "schema-relay"].flatMap((set) => Object.keys(graphqlEslint.configs[`flat/${set}`].rules)));
for (const name of ofSchemas) {
  const short = name.replace("@graphql-eslint/", "");
  if (!(short in RULES) && !(short in OFF)) problems.push([0, "lint.mjs", `${short} is neither on nor off with a reason`]);
}

// Every rule that graphql-schema-linter has.
const require = createRequire(import.meta.url);
const { Configuration } = require("graphql-schema-linter/lib/configuration.js");
const { validateSchemaDefinition } = require("graphql-schema-linter/lib/validator.js");
const { SourceMap } = require("graphql-schema-linter/lib/source_map.js");
const loaded = { definition: text, sourceMap: new SourceMap({ [file]: text }) };
const configuration = new Configuration(loaded, {});
for (const error of validateSchemaDefinition(loaded, configuration.getRules(), configuration)) {
  problems.push([error.locations?.[0]?.line ?? 0, error.ruleName, error.message]);
}

// Our own: what input objects are called, and what a reader learns of a deprecation.
const schema = buildSchema(text);
for (const mutation of Object.values(schema.getMutationType()?.getFields() ?? {})) {
  const expected = `${mutation.name[0].toUpperCase()}${mutation.name.slice(1)}`;
  const at = mutation.astNode.name.loc.startToken.line;
  const inputs = mutation.args.filter((argument) => isInputObjectType(getNamedType(argument.type)));
  if (inputs.length > 0 && (mutation.args.length > 1 || inputs[0].name !== "input" || `${inputs[0].type}` !== `${expected}Input!`)) {
    problems.push([at, "input-of-mutation", `${mutation.name} takes input: ${expected}Input! and nothing else, or no input object`]);
  }
  const own = [`${expected}Payload!`, mutation.name === "refreshSession" ? "SignInPayload!" : ""];
  if (!own.includes(`${mutation.type}`)) problems.push([at, "payload-of-mutation", `${mutation.name} answers ${expected}Payload!`]);
}
const REPLACED = /\b\d{4}-\d{2}-\d{2}\b.*`\w+`|`\w+`.*\b\d{4}-\d{2}-\d{2}\b/s;
const visit = (node) => {
  if (node && typeof node === "object") {
    if (node.kind === "Directive" && node.name.value === "deprecated") {
      const reason = node.arguments.find((argument) => argument.name.value === "reason")?.value.value ?? "";
      if (!REPLACED.test(reason)) {
        problems.push([node.loc.startToken.line, "deprecation", "say since when, 2026-03-09, and what to use, in backticks"]);
      }
    }
    for (const [key, value] of Object.entries(node)) if (key !== "loc") [value].flat().forEach(visit);
  }
};
visit(parse(text));

for (const [line, rule, message] of problems.sort(([a], [b]) => a - b)) console.log(`${line} ${rule}: ${message.replaceAll("\n", " ")}`);
console.log(`${problems.length} problems`);
process.exit(problems.length > 0 ? 1 : 0);
