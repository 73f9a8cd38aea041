// Follows renamed areas with the clients that partners use, and prints each name as it comes: `ws` or `sse`, the address, the token, how many.
import WebSocket from "ws";
import { createClient as overSockets } from "graphql-ws";
import { createClient as overEvents } from "graphql-sse";

const [kind, url, token, count] = process.argv.slice(2);
const authorization = `Bearer ${token}`;
const query = `subscription($after: String) {
  changes(after: $after, kinds: [AREA_RENAMED]) { cursor node { ... on GovernanceArea { name } } } }`;
const client =
  kind === "ws"
    ? overSockets({
        url: url.replace("http", "ws") + "/graphql/ws",
        webSocketImpl: WebSocket,
        connectionParams: { Authorization: authorization },
        keepAlive: 1000,
        retryAttempts: 20,
        retryWait: () => new Promise((done) => setTimeout(done, 100)),
        on: { connected: () => console.log("connected"), closed: (event) => console.error("closed", event.code) },
      })
    : overEvents({ url: url + "/graphql", headers: { authorization }, on: { connected: () => console.log("connected") } });

let left = Number(count);
for await (const { data, errors } of client.iterate({ query, variables: { after: "MC4w" } })) {
  if (errors) throw new Error(JSON.stringify(errors));
  console.log(data.changes.node.name);
  left -= 1;
  if (left === 0) break;
}
client.dispose();
