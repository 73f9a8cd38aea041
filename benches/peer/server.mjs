// PostGraphile 5 on the tables as they are, with the presets that its documentation recommends to begin with. It reads; what it cannot name
// is named here, and the journal and the index of words are left out.
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { makeV4Preset } from "postgraphile/presets/v4";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { jsonPgSmartTags } from "postgraphile/utils";

const omitted = { tags: { behavior: "-*" } };
const names = jsonPgSmartTags({
  version: 1,
  config: {
    class: { journal: omitted, search_words: omitted, refused_permissions: omitted, idempotency_keys: omitted },
    constraint: {
      "contributions.contributions_reverses_id_fkey": { tags: { foreignFieldName: "reversal" } },
      "matches.matches_transfer_of_id_fkey": { tags: { foreignFieldName: "proposals" } },
    },
  },
});
const preset = {
  extends: [PostGraphileAmberPreset, makeV4Preset({ simpleCollections: "omit", disableDefaultMutations: true })],
  plugins: [names],
  pgServices: [makePgService({ connectionString: process.env.DATABASE_URL, schemas: ["public"], poolConfig: { max: 16 } })],
  grafserv: { watch: false, graphqlPath: "/graphql", graphiql: false },
};
const server = createServer();
await postgraphile(preset).createServ(grafserv).addTo(server);
server.listen(Number(process.env.PORT), "127.0.0.1");
