// How this program talks to Alliance: one client of urql for each of the two callers, the page itself and whoever has signed in.
import { Client, fetchExchange, type AnyVariables, type CombinedError, type OperationResult, type TypedDocumentNode } from "@urql/core";

/** Where a caller's tokens come from. */
export interface Tokens {
  get(): Promise<string>;
  /** Sees to it that `get` answers with another token than this one. */
  renew(stale: string): Promise<void>;
}

/** Who asks without a token. */
export const nobody: Tokens = {
  get: async () => "",
  renew: async () => {},
};

/** Why there is no answer: a code of schema/errors.md, or null where the line or a server on the way failed. */
export class Failure extends Error {
  constructor(
    message: string,
    readonly code: string | null,
    /** Seconds to wait before the next attempt. */
    readonly retryAfter = 0,
    cause?: unknown,
  ) {
    super(message, { cause });
  }

  /** Whether the same request may succeed later. For every other code it never will. */
  get mayPass(): boolean {
    return this.code === null || ["UNAUTHENTICATED", "RATE_LIMITED", "INTERNAL"].includes(this.code);
  }
}

function failure(error: CombinedError): Failure {
  const [first] = error.graphQLErrors;
  if (!first) return new Failure("网络不通，请稍后再试", null, 0, error.networkError);
  const { code, retryAfter } = first.extensions as { code?: string; retryAfter?: number };
  return new Failure(first.message, code ?? null, retryAfter);
}

// A line that was cut without a word would otherwise keep a request waiting for minutes. The service itself takes at most 20 seconds.
const PATIENCE = 25_000;

export class Alliance {
  private readonly client: Client;

  constructor(
    readonly url: string,
    readonly tokens: Tokens,
  ) {
    this.client = new Client({
      url: `${url}/graphql`,
      // No cache: what is on the page is kept right by the live changes.
      exchanges: [fetchExchange],
      preferGetMethod: false,
      fetch: (input, init) => {
        const ending = new AbortController();
        for (const signal of [AbortSignal.timeout(PATIENCE), init?.signal]) signal?.addEventListener("abort", () => ending.abort());
        return fetch(input, { ...init, signal: ending.signal });
      },
    });
  }

  query<Data, Variables extends AnyVariables>(document: TypedDocumentNode<Data, Variables>, variables: Variables): Promise<Data> {
    return this.ask((fetchOptions) => this.client.query(document, variables, { fetchOptions }).toPromise());
  }

  /** With a key the mutation is done once, however often it is sent. */
  mutate<Data, Variables extends AnyVariables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    key?: string,
  ): Promise<Data> {
    const headers: Record<string, string> = key ? { "Idempotency-Key": key } : {};
    return this.ask((fetchOptions) => this.client.mutation(document, variables, { fetchOptions }).toPromise(), headers);
  }

  private async ask<Data, Variables extends AnyVariables>(
    send: (options: RequestInit) => Promise<OperationResult<Data, Variables>>,
    headers: Record<string, string> = {},
  ): Promise<Data> {
    for (let isFirst = true; ; isFirst = false) {
      const token = await this.tokens.get();
      const authorization: Record<string, string> = token ? { Authorization: `Bearer ${token}` } : {};
      const { data, error } = await send({ headers: { ...headers, ...authorization, "Accept-Language": "zh-CN" } });
      if (!error && data) return data;
      const failed = error ? failure(error) : new Failure("服务没有返回内容", null);
      // We wait to be told that a token has ended instead of looking at the clock: those of phones are often wrong.
      if (failed.code !== "UNAUTHENTICATED" || !token || !isFirst) throw failed;
      await this.tokens.renew(token);
    }
  }
}

/** Of many calls at once one is made, and all get its answer. */
export function shared<T>(call: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | null = null;
  return () => (running ??= call().finally(() => (running = null)));
}

/** The page's own tokens. They come from our server, which alone knows the secret. */
export class PageTokens implements Tokens {
  private current = { url: "", token: "" };

  constructor(private readonly home: string) {}

  /** Where Alliance is; our server knows. */
  async url(): Promise<string> {
    await this.get();
    return this.current.url;
  }

  async get(): Promise<string> {
    if (!this.current.token) await this.load();
    return this.current.token;
  }

  async renew(stale: string): Promise<void> {
    if (this.current.token === stale) await this.load();
  }

  private readonly load = shared(async () => {
    // Our server is told which token has ended, so that it does not hand out the same again.
    const response = await fetch(`${this.home}/token`, { method: "POST", body: this.current.token }).catch((cause: unknown) => {
      throw new Failure("网络不通，请稍后再试", null, 0, cause);
    });
    const retryAfter = Number(response.headers.get("Retry-After"));
    if (!response.ok) throw new Failure("本网站暂时无法连接党建联盟服务，请稍后再试", null, retryAfter);
    this.current = (await response.json()) as { url: string; token: string };
  });
}
