// The page as the check sees it: in a browser where one is found, else its modules in this process.
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import puppeteer, { type Browser, type Page as Tab } from "puppeteer-core";
import WebSocket from "ws";
import { Board } from "../src/board";
import type { PointInput } from "../src/gql/graphql";

export interface Claim {
  state: string;
  text: string;
}

export interface Page {
  /** Opens it at a point. */
  open(point: PointInput): Promise<void>;
  /** Leaves it and opens it again. */
  reload(): Promise<void>;
  link(): Promise<string>;
  /** The needs on it, from top to bottom. */
  cards(): Promise<{ id: string; unmatched: string }[]>;
  more(): Promise<void>;
  /** The changes that it was told of, oldest first. */
  changes(): Promise<string[]>;
  signIn(login: string, password: string): Promise<void>;
  claim(need: string, quantity: string): Promise<void>;
  claims(): Promise<Claim[]>;
  close(): Promise<void>;
}

export function browser(): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const names = ["chromium", "chromium-browser", "google-chrome"];
  const found = folders.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => existsSync(path));
  return process.env.CHROMIUM ?? found;
}

export class InBrowser implements Page {
  private constructor(
    private readonly browser: Browser,
    private readonly tab: Tab,
    private readonly home: string,
  ) {}

  static async start(executablePath: string, home: string): Promise<InBrowser> {
    const args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"];
    const browser = await puppeteer.launch({ executablePath, headless: true, args });
    await browser.defaultBrowserContext().overridePermissions(home, ["geolocation"]);
    const [tab = await browser.newPage()] = await browser.pages();
    tab.on("pageerror", (error) => console.error(String(error)));
    return new InBrowser(browser, tab, home);
  }

  async open(point: PointInput): Promise<void> {
    await this.tab.setGeolocation(point);
    await this.tab.goto(this.home);
    await (await this.tab.waitForSelector("#locate"))?.click();
  }

  async reload(): Promise<void> {
    await this.tab.reload();
  }

  link(): Promise<string> {
    return this.tab.$eval("#link", (link) => link.className);
  }

  cards(): Promise<{ id: string; unmatched: string }[]> {
    return this.tab.$$eval("article", (cards) =>
      cards.map(({ dataset }) => ({ id: dataset.need ?? "", unmatched: dataset.unmatched ?? "" })),
    );
  }

  async more(): Promise<void> {
    await (await this.tab.waitForSelector("#more"))?.click();
  }

  async changes(): Promise<string[]> {
    const ids = await this.tab.$$eval("[data-change]", (items) => items.map((item) => (item as HTMLElement).dataset.change ?? ""));
    return ids.reverse();
  }

  async signIn(login: string, password: string): Promise<void> {
    const summary = await this.tab.waitForSelector("details:has(#sign-in) summary");
    if (!(await this.tab.$("details[open] #sign-in"))) await summary?.click();
    await this.tab.type("[name=login]", login);
    await this.tab.type("[name=password]", password);
    await this.tab.click("#sign-in button");
    await this.tab.waitForSelector("#person");
  }

  async claim(need: string, quantity: string): Promise<void> {
    const form = await this.tab.waitForSelector(`[data-need="${need}"] form`);
    await (await form?.$("input"))?.type(quantity);
    // Not by the mouse: the answer to the claim before may lie above the button.
    await form?.$eval("button", (button) => button.click());
  }

  claims(): Promise<Claim[]> {
    return this.tab.$$eval("#claims li", (items) =>
      items.map((item) => ({ state: item.className, text: item.querySelector("span")?.textContent ?? "" })),
    );
  }

  close(): Promise<void> {
    return this.browser.close();
  }
}

/** What the modules use of a browser. */
function pretend(): void {
  for (const name of ["localStorage", "sessionStorage"]) {
    const items = new Map<string, string>();
    const storage: Storage = {
      get length() {
        return items.size;
      },
      key: (index) => [...items.keys()][index] ?? null,
      getItem: (key) => items.get(key) ?? null,
      setItem: (key, value) => void items.set(key, value),
      removeItem: (key) => void items.delete(key),
      clear: () => items.clear(),
    };
    Object.defineProperty(globalThis, name, { value: storage, configurable: true });
  }
  Object.defineProperty(globalThis, "WebSocket", { value: globalThis.WebSocket ?? WebSocket, configurable: true });
}

export class InProcess implements Page {
  private board: Board | null = null;
  private ending = new AbortController();

  constructor(private readonly home: string) {
    pretend();
  }

  async open(point: PointInput): Promise<void> {
    await this.reload();
    await this.board?.open(point);
  }

  async reload(): Promise<void> {
    this.ending.abort();
    const ending = new AbortController();
    this.ending = ending;
    this.board = null;
    // As the page does it: until it succeeds.
    const begin = (): Promise<void> =>
      Board.start(this.home, () => {}, ending.signal).then(
        (board) => void (this.board = board),
        () => new Promise<void>((resolve) => setTimeout(resolve, 300)).then(begin),
      );
    const begun = begin();
    await Promise.race([begun, new Promise((resolve) => setTimeout(resolve, 1000))]);
  }

  async link(): Promise<string> {
    return this.board?.link ?? "connecting";
  }

  async cards(): Promise<{ id: string; unmatched: string }[]> {
    return (this.board?.cards ?? []).map(({ need }) => ({ id: need.id, unmatched: need.unmatched }));
  }

  async more(): Promise<void> {
    await this.board?.more();
  }

  async changes(): Promise<string[]> {
    return (this.board?.news ?? []).map(({ id }) => id).reverse();
  }

  async signIn(login: string, password: string): Promise<void> {
    const refusal = await this.board?.session.signIn(login, password);
    if (refusal) throw new Error(refusal);
  }

  async claim(need: string, quantity: string): Promise<void> {
    const card = this.board?.cards.find((card) => card.need.id === need);
    const unit = this.board?.session.person?.units[0];
    if (!card || !unit) throw new Error("there is nothing to press");
    this.board?.claim(card.need, unit.id, quantity);
  }

  async claims(): Promise<Claim[]> {
    const { entries = [], answers = [] } = this.board?.outbox ?? {};
    return [
      ...entries.map(() => ({ state: "waiting", text: "" })),
      ...answers.map(({ isDone, text }) => ({ state: isDone ? "done" : "refused", text })),
    ];
  }

  async close(): Promise<void> {
    this.ending.abort();
  }
}
