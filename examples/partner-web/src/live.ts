// Follows the changes of needs, whatever breaks in between.
import { print } from "graphql";
import { createClient } from "graphql-ws";
import type { Alliance } from "./alliance";
import { graphql } from "./gql";
import type { ChangeKind, ChangesSubscription } from "./gql/graphql";

graphql(`
  fragment Need on CommunityNeed {
    id
    title
    description
    status
    urgency
    dueOn
    place
    wanted
    unmatched
    measure
    community {
      id
      name
    }
  }
`);

/** What can put a need on the list, change it there or take it away. */
export const KINDS: ChangeKind[] = [
  "NEED_PUBLISHED",
  "NEED_OPENED",
  "NEED_ESCALATED",
  "NEED_UPDATED",
  "NEED_MATCHED",
  "NEED_RELEASED",
  "NEED_PROGRESSED",
  "NEED_ACCEPTED",
  "NEED_CLOSED",
  "GONE",
];

const follows = graphql(`
  subscription Changes($after: String, $kinds: [ChangeKind!]) {
    changes(after: $after, kinds: $kinds) {
      id
      cursor
      kind
      at
      nodeId
      node {
        __typename
        ...Need
      }
    }
  }
`);

export type Change = ChangesSubscription["changes"];

export interface Follower {
  /** Where to go on. It moves when a change was heard and not before, so one that was not dealt with comes again. */
  after: string;
  hear(change: Change): void;
  tell(link: "connecting" | "online"): void;
}

const SHORTEST = 300;
const LONGEST = 15_000;

/** Runs until `signal` says stop. */
export async function follow(alliance: Alliance, follower: Follower, signal: AbortSignal): Promise<void> {
  let wait = SHORTEST;
  while (!signal.aborted) {
    const begun = Date.now();
    let token = "";
    try {
      token = await alliance.tokens.get();
      for await (const change of connection(alliance.url, token, follower, signal)) {
        follower.hear(change);
        follower.after = change.cursor;
      }
    } catch (reason) {
      // The token ends every 15 minutes. That is no trouble, and nobody needs to see it.
      if (token && hasEnded(reason)) {
        if (await alliance.tokens.renew(token).then(() => true, () => false)) continue;
      } else if (Array.isArray(reason)) {
        // Not the line, but the request or the service: the developer should see it.
        console.error(reason);
      }
    }
    if (signal.aborted) return;
    follower.tell("connecting");
    if (Date.now() - begun > LONGEST) wait = SHORTEST;
    // Not all pages at the same moment when the service starts again.
    await pause(wait * (0.5 + Math.random()), signal);
    wait = Math.min(wait * 2, LONGEST);
  }
}

async function* connection(url: string, token: string, follower: Follower, signal: AbortSignal): AsyncGenerator<Change> {
  let silence: ReturnType<typeof setTimeout> | undefined;
  const client = createClient({
    url: `${url.replace(/^http/, "ws")}/graphql/ws`,
    connectionParams: { Authorization: `Bearer ${token}` },
    // It would repeat the subscription with the cursor of its beginning; `follow` knows a later one.
    retryAttempts: 0,
    // A phone that changes its network is not told that its connection is dead. Who gives no sign of life is left.
    keepAlive: 10_000,
    on: {
      connected: () => follower.tell("online"),
      ping: (isTheirs) => {
        if (!isTheirs) silence = setTimeout(() => client.terminate(), 5_000);
      },
      pong: (isTheirs) => {
        if (isTheirs) clearTimeout(silence);
      },
    },
  });
  const stop = () => client.terminate();
  signal.addEventListener("abort", stop);
  try {
    const variables = { after: follower.after, kinds: KINDS };
    for await (const { data, errors } of client.iterate<ChangesSubscription>({ query: print(follows), variables })) {
      if (errors) throw errors;
      if (data) yield data.changes;
    }
  } finally {
    clearTimeout(silence);
    signal.removeEventListener("abort", stop);
    client.terminate();
  }
}

/** Whether a stream ended because its token did: by an error of its own, or by the code with which the socket was closed. */
function hasEnded(reason: unknown): boolean {
  if (Array.isArray(reason)) return reason.some((error) => error?.extensions?.code === "UNAUTHENTICATED");
  const { code } = (reason ?? {}) as { code?: number };
  return code === 4401 || code === 4403;
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      globalThis.removeEventListener?.("online", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done);
    // The browser says when there is a network again.
    globalThis.addEventListener?.("online", done);
  });
}
