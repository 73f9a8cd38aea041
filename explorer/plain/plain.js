// The plain explorer: a document, its variables, the answer.
import { filled, listed } from "./examples.js";
import { Session } from "./session.js";

const session = new Session();
const at = (id) => document.getElementById(id);
const asking = at("asking");
const answer = at("answer");
const state = at("state");
let running = null;

const shown = (value) => JSON.stringify(value, null, 2);
const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(2)} 秒`;

// Comments and texts may hold the word too.
const isSubscription = (document) => /(^|[}\s])subscription\b/.test(document.replace(/#[^\n]*|"(\\.|[^"\\\n])*"/g, ""));

async function run() {
  running?.abort();
  const { signal } = (running = new AbortController());
  const mine = running;
  const since = performance.now();
  const query = at("query").value;
  answer.textContent = "";
  state.textContent = "正在执行……";
  at("stop").hidden = false;
  try {
    const text = at("variables").value.trim();
    const request = { query, variables: text ? parsed(text) : undefined };
    if (isSubscription(query)) {
      await follow(request, signal);
      state.textContent = "订阅已结束";
    } else {
      answer.textContent = shown(await session.ask(request, { signal }));
      state.textContent = `用时 ${seconds(since)}`;
    }
  } catch (error) {
    if (running !== mine) return;
    if (signal.aborted) state.textContent = "已停止";
    else state.textContent = error instanceof TypeError ? "无法连接服务，请检查网络后重试" : error.message;
  } finally {
    if (running === mine) {
      running = null;
      at("stop").hidden = true;
    }
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("变量须为 JSON 对象");
  }
}

// Each event as it comes, the latest at the top.
async function follow(request, signal) {
  const response = await session.send(request, { headers: { Accept: "text/event-stream, application/json;q=0.9" }, signal });
  if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
    answer.textContent = shown(await response.json());
    return;
  }
  state.textContent = "已连接，等待变更……";
  let rest = "";
  let count = 0;
  for (const reader = response.body.pipeThrough(new TextDecoderStream()).getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) return;
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    for (const event of events) {
      const data = event.match(/^data: ?(.+)$/m)?.[1];
      if (!data || !/^event: ?next$/m.test(event)) continue;
      count += 1;
      answer.textContent = `${shown(JSON.parse(data))}\n\n${answer.textContent}`.slice(0, 200_000);
      state.textContent = `已收到 ${count} 条`;
    }
  }
}

asking.addEventListener("submit", (event) => {
  event.preventDefault();
  run();
});
asking.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    asking.requestSubmit();
  }
});
at("stop").addEventListener("click", () => running?.abort());

at("signing").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { login, password } = event.target.elements;
  const button = event.target.querySelector("button");
  button.disabled = true;
  at("note").textContent = (await session.signIn(login.value.trim(), password.value)) ?? "";
  button.disabled = false;
  password.value = "";
});
at("leave").addEventListener("click", () => session.signOut());
session.addEventListener("lost", ({ detail }) => (at("note").textContent = detail));
session.addEventListener("change", () => {
  at("signed").hidden = session.name === null;
  at("signing").hidden = session.name !== null;
  at("name").textContent = at("name").title = session.name ?? "";
});

const examples = await listed().catch(() => []);
const menu = at("examples");
menu.hidden = examples.length === 0;
menu.append(...examples.map(({ title }, index) => new Option(title, index)));
async function choose(example) {
  const query = at("query");
  query.value = example.query.trim();
  // Its beginning says what it is.
  query.setSelectionRange(0, 0);
  query.scrollTop = 0;
  at("variables").value = await filled(example, session);
}
menu.addEventListener("change", async () => {
  await choose(examples[menu.value]);
  menu.value = "";
  at("query").focus();
});
// What the browser brought back from before stays.
if (examples.length > 0 && !at("query").value) await choose(examples[0]);
