// Claims on their way. Each gets its key when the button is pressed and is written down before it is sent; it is crossed out only when an
// answer has come. Sent again under the same key it is done once, whatever was lost on the way.
import { Failure } from "./alliance";
import { graphql } from "./gql";
import type { ClaimNeedInput } from "./gql/graphql";
import type { Session } from "./session";

const claim = graphql(`
  mutation Claim($input: ClaimNeedInput!) {
    claimNeed(input: $input) {
      result {
        id
        quantity
        measure
      }
      refusals {
        code
        message
      }
      warnings {
        message
      }
    }
  }
`);

export interface Entry {
  /** The Idempotency-Key. */
  key: string;
  /** Keys belong to an account: under another the same key would claim a second time. */
  account: string;
  pressedAt: number;
  input: ClaimNeedInput;
  /** For the reader. */
  title: string;
}

export interface Answer {
  entry: Entry;
  isDone: boolean;
  text: string;
}

const PREFIX = "alliance.outbox.";
/** So long Alliance knows a key at least. After that a repetition could claim twice, so a person decides. */
const KEPT = 24 * 60 * 60 * 1000;
const SHORTEST = 500;
const LONGEST = 30_000;

export class Outbox {
  readonly answers: Answer[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private wait = SHORTEST;
  private isSending = false;

  constructor(
    private readonly session: Session,
    private readonly changed: (answered: Entry | null) => void,
  ) {}

  /** What waits for an answer, oldest first. One item of storage each, so that two tabs do not overwrite each other's. */
  get entries(): Entry[] {
    const keys = Array.from({ length: localStorage.length }, (_, index) => localStorage.key(index) ?? "");
    const texts = keys.filter((key) => key.startsWith(PREFIX)).map((key) => localStorage.getItem(key));
    return texts
      .flatMap((text) => (text ? [JSON.parse(text) as Entry] : []))
      .sort((one, other) => one.pressedAt - other.pressedAt);
  }

  add(account: string, input: ClaimNeedInput, title: string): void {
    const entry: Entry = { key: crypto.randomUUID(), account, pressedAt: Date.now(), input, title };
    // Where this throws, because the storage is full or forbidden, nothing has been sent.
    localStorage.setItem(PREFIX + entry.key, JSON.stringify(entry));
    this.changed(null);
    void this.flush();
  }

  isTooOld(entry: Entry): boolean {
    return Date.now() - entry.pressedAt > KEPT;
  }

  /** A person has looked and wants it gone. */
  drop(entry: Entry): void {
    localStorage.removeItem(PREFIX + entry.key);
    this.changed(null);
  }

  /** Sends what waits; called when there is a chance: at the start, after signing in, when the network is back. */
  async flush(): Promise<void> {
    if (this.isSending) return;
    clearTimeout(this.timer);
    this.isSending = true;
    try {
      for (let entry = this.first(); entry; entry = this.first()) {
        const answer = await this.send(entry);
        localStorage.removeItem(PREFIX + entry.key);
        this.answers.unshift(answer);
        this.wait = SHORTEST;
        this.changed(entry);
      }
    } catch (reason) {
      const { code = null, retryAfter = 0 } = reason as Partial<Failure>;
      // Who has to sign in first starts it again by doing so.
      if (code !== "UNAUTHENTICATED") {
        this.timer = setTimeout(() => void this.flush(), Math.max(retryAfter * 1000, this.wait));
        this.wait = Math.min(this.wait * 2, LONGEST);
      }
      this.changed(null);
    } finally {
      this.isSending = false;
    }
  }

  private first(): Entry | undefined {
    const account = this.session.person?.account;
    return this.entries.find((entry) => entry.account === account && !this.isTooOld(entry));
  }

  /** The answer; throws where there is none yet. */
  private async send(entry: Entry): Promise<Answer> {
    try {
      const { result, refusals, warnings } = (
        await this.session.as(entry.account).mutate(claim, { input: entry.input }, entry.key)
      ).claimNeed;
      const [refusal] = refusals;
      if (refusal) return { entry, isDone: false, text: refusal.message };
      const done = result ? `已认领 ${result.quantity} ${result.measure}，等待社区确认` : "已认领";
      return { entry, isDone: true, text: [done, ...warnings.map((warning) => warning.message)].join("。") };
    } catch (reason) {
      if (reason instanceof Failure && !reason.mayPass) return { entry, isDone: false, text: reason.message };
      throw reason;
    }
  }
}
