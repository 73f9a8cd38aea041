// The partner's own server: the page as `npm run build` made it, and tokens for it. Behind a proxy that does TLS.
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize, sep } from "node:path";
import { settings, tokenEndpoint } from "./tokens.ts";

const { PORT = "5173", HOST = "localhost" } = process.env;
const known = settings();
const token = tokenEndpoint(known);
const folder = join(import.meta.dirname, "dist");

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
};

const { host, protocol } = new URL(known.url);
const socket = `${protocol === "https:" ? "wss" : "ws"}://${host}`;
// Foreign scripts would find a session here: none are let in.
const policy = [
  "default-src 'self'",
  "img-src data:",
  `connect-src 'self' ${known.url} ${socket}`,
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'self'",
];
const headers = {
  "Content-Security-Policy": policy.join("; "),
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
};

const server = createServer((request, response) => {
  const [path = "/"] = (request.url ?? "/").split("?");
  if (path === "/token") return void token(request, response);
  void file(path === "/" ? "/index.html" : path).then((found) => {
    if (!found) return response.writeHead(404, headers).end();
    // Built files carry a digest in their names; the page that names them does not.
    const cache = path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache";
    response.writeHead(200, { ...headers, "Content-Type": types[extname(found)] ?? "application/octet-stream", "Cache-Control": cache });
    createReadStream(found).pipe(response);
  });
});

async function file(path: string): Promise<string | null> {
  try {
    const found = normalize(join(folder, decodeURIComponent(path)));
    return found.startsWith(folder + sep) && (await stat(found)).isFile() ? found : null;
  } catch {
    return null;
  }
}

server.listen(Number(PORT), HOST, () => console.log(`http://localhost:${PORT}`));
