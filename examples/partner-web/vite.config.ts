import { defineConfig } from "vite";
import { settings, tokenEndpoint } from "./tokens.ts";

export default defineConfig({
  // The one origin for which README.md registers the client.
  server: { port: 5173, strictPort: true },
  plugins: [
    {
      name: "tokens",
      configureServer(server) {
        const token = tokenEndpoint(settings());
        server.middlewares.use("/token", (request, response) => void token(request, response));
      },
    },
  ],
  build: { target: "es2022", modulePreload: { polyfill: false } },
});
