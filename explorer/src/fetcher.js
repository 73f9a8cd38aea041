// How GraphiQL asks: over HTTP, and over a socket for what goes on.
import { getOperationAST, parse } from "graphql";
import { createClient } from "graphql-ws";

const UNAUTHORIZED = [4401, 4403];

export function fetcherOf(session) {
  const client = createClient({
    url: () => new URL("graphql/ws", document.baseURI).href.replace(/^http/, "ws"),
    // The service takes the language of the browser here: a page cannot say another when it opens a socket.
    connectionParams: async () => {
      const authorization = await session.authorization();
      return authorization ? { Authorization: authorization } : {};
    },
    retryAttempts: 10,
    shouldRetry: (event) => !UNAUTHORIZED.includes(event?.code),
  });
  // A socket belongs to whoever opened it.
  session.addEventListener("change", () => client.terminate());

  return async function fetcher(request, { headers } = {}) {
    if (isSubscription(request)) return told(client.iterate(request));
    try {
      return await session.ask(request, { headers });
    } catch (error) {
      return failed(error instanceof TypeError ? "无法连接服务，请检查网络后重试" : error.message);
    }
  };
}

function isSubscription({ query, operationName }) {
  try {
    return getOperationAST(parse(query), operationName)?.operation === "subscription";
  } catch {
    // Left to the service to say.
    return false;
  }
}

async function* told(answers) {
  try {
    yield* answers;
  } catch (error) {
    if (Array.isArray(error)) yield { errors: error };
    else if (UNAUTHORIZED.includes(error?.code)) yield failed("登录已变更或到期，订阅已结束，请重新执行", "UNAUTHENTICATED");
    else yield failed("与服务的连接已中断，请重新执行");
  }
}

const failed = (message, code) => ({ errors: [{ message, ...(code && { extensions: { code } }) }] });
