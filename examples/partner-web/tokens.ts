// The partner's own server keeps the client's id and secret, and hands out what they open: tokens that last 15 minutes and read what is public.
import type { IncomingMessage, ServerResponse } from "node:http";

/** What the environment, or the file `.env`, says. */
export function settings(): { url: string; id: string; secret: string } {
  try {
    process.loadEnvFile();
  } catch {
    // There need not be one.
  }
  const { ALLIANCE_URL = "http://127.0.0.1:8080", ALLIANCE_CLIENT_ID: id, ALLIANCE_CLIENT_SECRET: secret } = process.env;
  if (!id || !secret) {
    console.error("请设置 ALLIANCE_CLIENT_ID 和 ALLIANCE_CLIENT_SECRET / Set both: the district gives them out, see README.md");
    process.exit(1);
  }
  return { url: ALLIANCE_URL.replace(/\/$/, ""), id, secret };
}

/** Answers `POST /token`. The body is the token that the page holds and that opens nothing any more, or empty. */
export function tokenEndpoint({ url, id, secret }: ReturnType<typeof settings>) {
  let current = "";
  let endsAt = 0;
  let askedAt = 0;
  let asking: Promise<Response> | null = null;

  // Whoever opens the page can ask; together they ask Alliance at most once in so many milliseconds.
  const PAUSE = 2000;

  async function renew(): Promise<Response> {
    askedAt = Date.now();
    const response = await fetch(`${url}/oauth/token`, {
      method: "POST",
      headers: { Authorization: `Basic ${btoa(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`)}` },
      body: new URLSearchParams({ grant_type: "client_credentials", scope: "read changes" }),
      signal: AbortSignal.timeout(10_000),
    });
    if (response.ok) {
      const { access_token, expires_in } = (await response.json()) as { access_token: string; expires_in: number };
      current = access_token;
      // One that is about to end is not worth handing out.
      endsAt = askedAt + (expires_in - 60) * 1000;
    } else {
      console.error(`${url}/oauth/token: ${response.status} ${await response.text()}`);
    }
    return response;
  }

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const answer = (status: number, body: object, headers: Record<string, string> = {}) => {
      response.writeHead(status, { "Content-Type": "application/json", "Cache-Control": "no-store", ...headers });
      response.end(JSON.stringify(body));
    };
    // A token is for our page. Other pages could not read the answer, and need not cause it either.
    const site = request.headers["sec-fetch-site"];
    if (request.method !== "POST" || (site && site !== "same-origin")) return answer(405, {}, { Allow: "POST" });
    let stale = "";
    for await (const part of request) {
      stale += String(part);
      if (stale.length > 4096) return answer(413, {}, { Connection: "close" });
    }
    try {
      const isOver = !current || current === stale || Date.now() > endsAt;
      if (isOver && (asking || Date.now() - askedAt > PAUSE)) {
        const asked = await (asking ??= renew().finally(() => (asking = null)));
        const retryAfter = asked.headers.get("Retry-After");
        if (!asked.ok) return answer(503, {}, retryAfter ? { "Retry-After": retryAfter } : {});
      } else if (isOver) {
        return answer(503, {}, { "Retry-After": "2" });
      }
      answer(200, { url, token: current });
    } catch (reason) {
      console.error(`${url}/oauth/token: ${String(reason)}`);
      answer(503, {});
    }
  };
}
