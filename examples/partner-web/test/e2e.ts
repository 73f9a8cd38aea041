// Checks the whole way, from a registration by the district to a page that missed nothing. One line a case; the exit code says how it went.
//
//   ALLIANCE_BIN=../../target/debug/alliance npm test
//       a service of its own with an empty database, which is really stopped and killed in between
//   ALLIANCE_URL=http://127.0.0.1:8080 ALLIANCE_LOGIN=district ALLIANCE_PASSWORD=alliance-demo npm test
//       a service that runs; in place of a restart the line to it is cut
//
// With Chromium (CHROMIUM, or in PATH) the page runs in it, else its modules run here; PAGE=modules asks for the latter.
import { deepStrictEqual as same, ok } from "node:assert";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Alliance, PageTokens } from "../src/alliance";
import { KINDS } from "../src/live";
import { District, PASSWORD, told } from "./district";
import { Line } from "./line";
import { browser, InBrowser, InProcess, type Page } from "./page";
import { freePort, Service, until } from "./service";

/** More than one page of venues, so that the list has to go on outwards. */
const COMMUNITIES = 16;

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "alliance-partner-"));
let server: ChildProcess | undefined;

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));
process.on("exit", () => {
  server?.kill();
  rmSync(folder, { recursive: true, force: true });
});

/** What the programs said; of interest where something failed. */
let said = "";

function tsx(script: string, env: Record<string, string>): ChildProcess {
  const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), join(root, script)], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  child.stderr?.on("data", (data) => (said += String(data)));
  return child;
}

// Whatever hangs, the check does not.
setTimeout(() => {
  console.log("FAILED  it took too long");
  process.exit(1);
}, 300_000).unref();

let failed = 0;

async function check(name: string, story: () => Promise<void>): Promise<void> {
  const begun = Date.now();
  try {
    await story();
    console.log(`ok      ${name} (${((Date.now() - begun) / 1000).toFixed(1)} s)`);
  } catch (reason) {
    failed += 1;
    console.log(`FAILED  ${name}: ${reason instanceof Error ? reason.message : String(reason)}`);
  }
}

const { ALLIANCE_BIN, ALLIANCE_LOGIN = "district" } = process.env;
const service = ALLIANCE_BIN ? await Service.start(ALLIANCE_BIN) : null;
const direct = service?.url ?? process.env.ALLIANCE_URL ?? "http://127.0.0.1:8080";
const password = service ? PASSWORD : (process.env.ALLIANCE_PASSWORD ?? "alliance-demo");

const district = await District.prepare(direct, ALLIANCE_LOGIN, password, COMMUNITIES);
const line = await Line.to(direct);

// As README.md says it: the district registers, our server gets id and secret by its environment.
const port = String(await freePort());
const home = `http://localhost:${port}`;
const registering = tsx("register.ts", { ALLIANCE_URL: direct, ALLIANCE_LOGIN, ALLIANCE_PASSWORD: password, ORIGIN: home });
const [code] = (await once(registering, "exit")) as [number];
if (code !== 0) throw new Error(`the client was not registered: ${said}`);
const [, client = ""] = /CLIENT_ID=(.*)/.exec(readFileSync(join(folder, ".env"), "utf8")) ?? [];

async function startServer(env: Record<string, string> = {}): Promise<void> {
  server = tsx("server.ts", { ALLIANCE_URL: line.url, PORT: port, ...env });
  await until("our server answers", () => fetch(home).then(({ ok }) => ok, () => false));
}

await startServer();
const tokens = new PageTokens(home);
await tokens.get();
// Past the line, which is cut now and then.
const partner = new Alliance(direct, tokens);
const executable = process.env.PAGE === "modules" ? undefined : browser();
const page: Page = executable ? await InBrowser.start(executable, home) : new InProcess(home);
console.log(`${executable ?? "the page's modules in Node"}, ${service ? "a service that is restarted" : `${direct} with a line that is cut`}`);

const ids = async () => (await page.cards()).map(({ id }) => id);
const shows = (need: string) => until("it is shown", async () => (await ids()).includes(need));
const online = () => until("the page is online", async () => (await page.link()) === "online");
const offline = () => until("the page says that it is not online", async () => (await page.link()) === "connecting");

/** Where the feed ended when the page was opened. */
let beginning: string | null = null;
/** What the page was told before it was loaded anew. */
let heard: string[] = [];
const needs: string[] = [];
await check("open needs near a point are listed from near to far, page by page", async () => {
  for (let community = 0; community < COMMUNITIES; community += 1) needs.push(await district.need(community, "给独居老人送热饭"));
  const submitted = await district.need(0, "还没有发布的需求", false);
  ({ cursor: beginning } = await told(partner, null, KINDS));
  await page.open(district.point);
  await online();
  await until("a screenful is there", async () => (await ids()).length >= 10);
  same((await ids()).slice(0, 10), needs.slice(0, 10));
  if (!(await ids()).includes(needs.at(-1) ?? "")) await page.more();
  await until("the rest is there", async () => (await ids()).includes(needs.at(-1) ?? ""));
  same((await ids()).slice(0, COMMUNITIES), needs);
  ok(!(await ids()).includes(submitted), "what is not published is not shown");
});

await check("a need that is published appears by itself, and goes when it is withdrawn", async () => {
  const need = await district.need(0, "清扫楼道");
  await shows(need);
  ok((await ids()).indexOf(need) < 2, "it has its place among the nearest");
  await district.withdraw(need);
  await until("it is gone", async () => !(await ids()).includes(need));
});

await check("a refused claim says why", async () => {
  await page.signIn(district.login, PASSWORD);
  await page.claim(needs[1] ?? "", "11");
  await until("the refusal is there", async () => (await page.claims()).some(({ state }) => state === "refused"));
  const [refused] = await page.claims();
  ok(refused?.text.includes("10"), refused?.text);
  same(await district.matches(needs[1] ?? ""), []);
});

await check("a claim whose answer was lost is sent again after a reload, and done once", async () => {
  const need = needs[0] ?? "";
  line.loseAnswer();
  await page.claim(need, "4");
  await until("the answer is lost", () => line.hasLost);
  same((await district.matches(need)).length, 1, "the service has done it");
  same((await page.claims())[0]?.state, "waiting");
  heard = await page.changes();
  await page.reload();
  line.mend();
  await until("the answer is there", async () => (await page.claims()).some(({ state }) => state === "done"));
  same((await district.matches(need)).map(({ quantity }) => quantity), ["4"]);
  await online();
  await until("the rest is shown", async () => (await page.cards()).some(({ id, unmatched }) => id === need && unmatched === "6"));
});

await check("what happens while the service is away is told afterwards, nothing twice", async () => {
  // The page was loaded anew: it goes on where it was, and what it had been told before is behind it.
  const { cursor } = await told(partner, null, KINDS);
  const before = await page.changes();
  line.cut();
  await service?.stop("SIGTERM");
  await offline();
  await service?.serve();
  const appeared = [await district.need(2, "修理路灯"), await district.need(3, "义诊")];
  await district.withdraw(needs[4] ?? "");
  line.mend();
  await online();
  await shows(appeared[1] ?? "");
  const { ids: missed } = await told(partner, cursor, KINDS);
  same(missed.length, 3);
  same((await page.changes()).slice(before.length), missed);
  same((await ids()).filter((id) => appeared.includes(id) || id === needs[4]), appeared);
});

if (service) {
  await check("the same when the service is killed while changes come", async () => {
    const { cursor } = await told(partner, null, KINDS);
    const before = await page.changes();
    const writing = (async () => {
      for (let count = 0; count < 5; count += 1) await district.need(5, `第${count}件事`);
    })().catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 150));
    await service.stop("SIGKILL");
    await writing;
    await service.serve();
    const last = await district.need(6, "最后一件事");
    await shows(last);
    await online();
    const { ids: missed } = await told(partner, cursor, KINDS);
    same((await page.changes()).slice(before.length), missed);
  });
}

await check("a token that opens nothing any more is replaced", async () => {
  const secret = await district.newSecret(client);
  await offline();
  server?.kill();
  await startServer({ ALLIANCE_CLIENT_SECRET: secret });
  await online();
  const need = await district.need(7, "换了密钥之后");
  await shows(need);
});

await check("in all, the page was told what the feed tells, in its order, each change once", async () => {
  // Asked as the district, which still sees what was withdrawn, and why it has gone.
  const { ids } = await told(district.admin, beginning, [...KINDS, "NEED_WITHDRAWN"]);
  same([...heard, ...(await page.changes())], ids);
});

await page.close();
console.log(failed === 0 ? "all passed" : `${failed} failed\n${said}`);
process.exit(failed === 0 ? 0 : 1);
