// Who is signed in. The tokens are kept in memory alone: they end with the page, and nobody else at this computer finds them.

const IDENTITY = "result { accessToken refreshToken expiresAt viewer { name } } refusals { message }";
const SIGN_IN = `mutation($login: String!, $password: String!) { signIn(login: $login, password: $password) { ${IDENTITY} } }`;
const REFRESH = `mutation($refreshToken: String!) { refreshSession(refreshToken: $refreshToken) { ${IDENTITY} } }`;
const SIGN_OUT = "mutation { signOut { refusals { message } } }";

// How long before its end a token is traded, and how often that is tried again where the service is out of reach.
const AHEAD = 90_000;
const AGAIN = 20_000;

export const LOST = "登录已失效，请重新登录";
const UNREACHABLE = "无法连接服务，请稍后再试";

export class Session extends EventTarget {
  #tokens = null;
  #refreshing = null;
  #timer = 0;

  // The name of whoever is signed in; null where nobody is.
  get name() {
    return this.#tokens?.name ?? null;
  }

  // `Bearer …`, good for a while yet; null where nobody is signed in.
  async authorization() {
    if (this.#tokens && Date.now() > this.#tokens.until - AHEAD / 2) await this.#refresh();
    return this.#tokens && `Bearer ${this.#tokens.access}`;
  }

  // Posts a GraphQL request; gives the response itself.
  async send(request, { headers = {}, signal } = {}) {
    const authorization = await this.authorization();
    const response = await post(request, { ...headers, ...(authorization && { Authorization: authorization }) }, signal);
    if (response.status !== 401 || !authorization) return response;
    // Its roles changed, or the session was ended elsewhere: with new tokens it runs, or nobody is signed in any more.
    await this.#refresh();
    const renewed = await this.authorization();
    return renewed ? post(request, { ...headers, Authorization: renewed }, signal) : response;
  }

  // The answer to a GraphQL request.
  async ask(request, options) {
    const response = await this.send(request, options);
    try {
      return await response.json();
    } catch {
      throw new Error(`${UNREACHABLE}（${response.status}）`);
    }
  }

  // What is to be told to who could not be signed in; null where they are.
  async signIn(login, password) {
    return this.#trade({ query: SIGN_IN, variables: { login, password } }, "signIn");
  }

  async signOut() {
    const authorization = this.#tokens && `Bearer ${this.#tokens.access}`;
    this.#become(null);
    // The tokens are forgotten here whatever becomes of it.
    if (authorization) await post({ query: SIGN_OUT }, { Authorization: authorization }).catch(() => {});
  }

  // Two that refresh at a time would end the session: a refresh token is good once.
  #refresh() {
    this.#refreshing ??= this.#tradeAgain().finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  async #tradeAgain() {
    const { refresh } = this.#tokens;
    const refused = await this.#trade({ query: REFRESH, variables: { refreshToken: refresh } }, "refreshSession");
    if (this.#tokens?.refresh !== refresh || !refused) return;
    if (refused === UNREACHABLE) {
      this.#later(AGAIN);
    } else {
      this.#become(null);
      this.dispatchEvent(new CustomEvent("lost", { detail: LOST }));
    }
  }

  async #trade(request, field) {
    const before = this.#tokens;
    let response, answer;
    try {
      response = await post(request, {});
      answer = await response.json();
    } catch {
      return UNREACHABLE;
    }
    const { result, refusals } = answer.data?.[field] ?? {};
    if (!result) return refusals?.[0]?.message ?? answer.errors?.[0]?.message ?? UNREACHABLE;
    // Signed out, or signed in as somebody else, meanwhile.
    if (this.#tokens !== before) return null;
    // By the clock of the service: the one of this computer may be wrong.
    const now = Date.parse(response.headers.get("date")) || Date.now();
    const until = Date.now() + (Date.parse(result.expiresAt) - now);
    this.#become({ access: result.accessToken, refresh: result.refreshToken, until, name: result.viewer.name });
    return null;
  }

  #become(tokens) {
    const name = this.name;
    this.#tokens = tokens;
    clearTimeout(this.#timer);
    if (tokens) this.#later(tokens.until - Date.now() - AHEAD);
    if (name !== this.name) this.dispatchEvent(new Event("change"));
  }

  #later(milliseconds) {
    this.#timer = setTimeout(() => this.#refresh(), Math.max(milliseconds, 1000));
  }
}

function post(request, headers, signal) {
  return fetch("graphql", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/graphql-response+json, application/json;q=0.9", "Accept-Language": "zh-CN", ...headers },
    body: JSON.stringify(request),
    // No cookie, no cached credential: a token or nothing.
    credentials: "omit",
    cache: "no-store",
    signal,
  });
}
