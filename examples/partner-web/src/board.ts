// What the page knows, without a word of HTML: the cards, the link, what has changed, who has signed in, what waits to be sent.
import { Alliance, Failure, PageTokens } from "./alliance";
import { graphql } from "./gql";
import type { PointInput } from "./gql/graphql";
import { type Change, follow, type Follower } from "./live";
import { Nearby, type Need, OPEN, type Place, reread, startingPlaces } from "./nearby";
import { Outbox } from "./outbox";
import { Session } from "./session";

const feed = graphql(`
  query Feed($after: String) {
    changes(after: $after, first: 1) {
      cursor
    }
  }
`);

export interface Card {
  need: Need;
  /** Infinite where nobody has said where its community is. */
  metres: number;
}

const CURSOR = "alliance.cursor";
const POINT = "alliance.point";
/** Who was away for longer reads the list and not the history. */
const HISTORY = 3 * 24 * 60 * 60 * 1000;
/** A screenful. */
const SCREEN = 10;
const NEWS = 50;
/** How often the quantities on the page are read again: that part of a need was claimed is no change that the public is told of. */
const REREAD = 60_000;

const urgencies = ["URGENT", "SOON", "ROUTINE"];

export class Board {
  link: "starting" | "connecting" | "online" = "starting";
  /** The latest changes, newest first. */
  news: Change[] = [];
  places: Place[] = [];
  point: PointInput | null = JSON.parse(localStorage.getItem(POINT) ?? "null") as PointInput | null;
  isLoading = false;
  /** What could not be read, for the reader. */
  trouble: string | null = null;

  private readonly needs = new Map<string, Need>();
  private nearby: Nearby | null = null;
  /** For each answer that is still on its way: what has changed since it was asked for. */
  private readonly underWay = new Set<Set<string>>();

  private constructor(
    private readonly alliance: Alliance,
    readonly session: Session,
    readonly outbox: Outbox,
    private readonly changed: () => void,
  ) {}

  /** Begins; `changed` is called whenever something is to be drawn anew. */
  static async start(home: string, changed: () => void, signal: AbortSignal): Promise<Board> {
    const tokens = new PageTokens(home);
    const url = await tokens.url();
    const session: Session = new Session(url, () => {
      void outbox.flush();
      changed();
    });
    const outbox = new Outbox(session, (answered) => {
      if (answered) void board.reread([answered.input.need]);
      changed();
    });
    const board = new Board(new Alliance(url, tokens), session, outbox, changed);
    await board.begin(signal);
    return board;
  }

  private async begin(signal: AbortSignal): Promise<void> {
    // The place in the feed comes before the lists: what changes in between is then heard, and not lost.
    const after = await this.startingCursor();
    void follow(this.alliance, this.follower(after), signal);
    void this.outbox.flush();
    void this.loadPlaces();
    if (this.point) void this.open(this.point);
    const timer = setInterval(() => void this.reread([...this.needs.keys()]), REREAD);
    signal.addEventListener("abort", () => clearInterval(timer));
  }

  private async loadPlaces(): Promise<void> {
    this.places = await startingPlaces(this.alliance).catch(() => []);
    this.changed();
  }

  /** The needs that are shown, nearest first. */
  get cards(): Card[] {
    const { nearby } = this;
    if (!nearby) return [];
    const cards: Card[] = [];
    for (const need of this.needs.values()) {
      const metres = nearby.metres.get(need.community.id);
      // Not reached yet: it has its place further down.
      if (metres === undefined && !nearby.isEverywhere) continue;
      cards.push({ need, metres: metres ?? Infinity });
    }
    const day = ({ need }: Card) => need.dueOn ?? "9";
    const urgency = ({ need }: Card) => urgencies.indexOf(need.urgency);
    return cards.sort(
      (one, other) =>
        (one.metres === other.metres ? 0 : one.metres - other.metres) ||
        urgency(one) - urgency(other) ||
        day(one).localeCompare(day(other)) ||
        one.need.id.localeCompare(other.need.id),
    );
  }

  get hasMore(): boolean {
    return this.nearby !== null && !this.nearby.isDone;
  }

  /** Lists what is open around a point. */
  async open(point: PointInput): Promise<void> {
    this.point = point;
    localStorage.setItem(POINT, JSON.stringify(point));
    this.nearby = new Nearby(this.alliance, point);
    this.isLoading = false;
    await this.more();
  }

  /** Goes on outwards until there is another screenful, or nothing is left. */
  async more(): Promise<void> {
    const { nearby } = this;
    if (!nearby || this.isLoading) return;
    this.isLoading = true;
    this.trouble = null;
    this.changed();
    try {
      const enough = this.cards.length + SCREEN;
      while (!nearby.isDone && this.cards.length < enough) {
        await this.take(async () => (await nearby.next()).map((need) => [need.id, need]));
        // Another point was chosen meanwhile.
        if (this.nearby !== nearby) return;
        this.changed();
      }
    } catch (reason) {
      if (this.nearby !== nearby) return;
      this.trouble = reason instanceof Failure ? reason.message : "暂时无法读取需求，请稍后再试";
    }
    this.isLoading = false;
    this.changed();
  }

  claim(need: Need, unit: string, quantity: string): void {
    const { person } = this.session;
    if (person) this.outbox.add(person.account, { need: need.id, unit, quantity }, need.title);
  }

  /** Reads needs again, as far as they are here. */
  async reread(ids: string[]): Promise<void> {
    const known = ids.filter((id) => this.needs.has(id));
    if (known.length === 0) return;
    const read = this.take(async () => (await reread(this.alliance, known)).map((need, index) => [known[index]!, need]));
    // The next time will do.
    await read.catch(() => null);
    this.changed();
  }

  /** Puts what was read in its place; but what has changed while it was on its way is known better already. */
  private async take(read: () => Promise<[string, Need | null][]>): Promise<void> {
    const changed = new Set<string>();
    this.underWay.add(changed);
    try {
      for (const [id, need] of await read()) {
        if (!changed.has(id)) this.put(id, need);
      }
    } finally {
      this.underWay.delete(changed);
    }
  }

  private put(id: string, need: Need | null): void {
    if (need && OPEN.includes(need.status)) this.needs.set(id, need);
    else this.needs.delete(id);
  }

  private hear(change: Change): void {
    for (const changed of this.underWay) changed.add(change.nodeId);
    // GONE comes without the object; what is not open any more leaves the list too.
    this.put(change.nodeId, change.node?.__typename === "CommunityNeed" ? change.node : null);
    this.news = [change, ...this.news].slice(0, NEWS);
    this.changed();
  }

  private follower(cursor: string): Follower {
    const { alliance } = this;
    let after = cursor;
    return {
      get after() {
        return after;
      },
      set after(cursor) {
        after = cursor;
        // For the next visit. While the page is open each tab goes on from its own place.
        localStorage.setItem(CURSOR, JSON.stringify({ url: alliance.url, cursor, at: Date.now() }));
      },
      hear: (change) => this.hear(change),
      tell: (link) => {
        if (link === this.link || (link === "connecting" && this.link === "starting")) return;
        this.link = link;
        if (link === "online") {
          void this.outbox.flush();
          if (this.trouble) void this.more();
          if (this.places.length === 0) void this.loadPlaces();
        }
        this.changed();
      },
    };
  }

  /** Where the last visit stopped, or where the feed ends now. */
  private async startingCursor(): Promise<string> {
    const end = (await this.alliance.query(feed, { after: null })).changes.cursor;
    const kept = JSON.parse(localStorage.getItem(CURSOR) ?? "null") as { url: string; cursor: string; at: number } | null;
    if (!kept || kept.url !== this.alliance.url || Date.now() - kept.at > HISTORY) return end;
    // A cursor of a database that was set up anew may lie behind the end, and would wait there for a long time.
    const next = await this.alliance.query(feed, { after: kept.cursor }).catch((reason: Failure) => {
      if (reason.mayPass) throw reason;
      return null;
    });
    return next && next.changes.cursor !== kept.cursor ? kept.cursor : end;
  }
}
