// Bundles GraphiQL into dist/: a page, a script and a style sheet, named by what is in them and gzipped for good.
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { constants, gzipSync } from "node:zlib";
import { build } from "esbuild";

// GraphiQL brings fonts and a few libraries that write style elements; the page's security policy takes neither.
const strict = {
  name: "strict",
  setup({ onLoad }) {
    onLoad({ filter: /react-style-singleton[\\/].*[\\/]singleton\.js$/ }, async () => ({
      contents: await readFile("src/style-singleton.js", "utf8"),
    }));
    onLoad({ filter: /graphiql[\\/].*\.css$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      return { contents: text.replace(/@font-face\s*\{[^}]*\}/g, ""), loader: "css" };
    });
  },
};

const { metafile, outputFiles } = await build({
  entryPoints: { explorer: "src/main.jsx" },
  bundle: true,
  write: false,
  metafile: true,
  outdir: "dist",
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  jsx: "automatic",
  define: { "process.env.NODE_ENV": '"production"' },
  legalComments: "none",
  logLevel: "warning",
  plugins: [strict],
});

await rm("dist", { recursive: true, force: true });
await mkdir("dist");
const write = async (name, contents) => {
  await writeFile(`dist/${name}.gz`, gzipSync(contents, { level: constants.Z_BEST_COMPRESSION }));
  console.log(`${name}: ${contents.length} bytes`);
};
let page = await readFile("src/index.html", "utf8");
for (const { path, contents } of outputFiles) {
  const kind = path.endsWith(".css") ? "css" : "js";
  const name = `explorer-${createHash("sha256").update(contents).digest("hex").slice(0, 12)}.${kind}`;
  if (/\bnew Function\(|\beval\(/.test(new TextDecoder().decode(contents))) throw new Error(`${name} makes code from text`);
  page = page.replace(`explorer.${kind}`, name);
  await write(name, contents);
}
await write("index.html", Buffer.from(page));

// What was bundled may be passed on with its licence.
const folders = Object.keys(metafile.inputs).map((path) => path.match(/^.*node_modules\/(@[^/]+\/)?[^/]+/)?.[0]);
const licences = [...new Set(folders)].filter(Boolean).sort().map(async (folder) => {
  const { name, version, license } = JSON.parse(await readFile(`${folder}/package.json`, "utf8"));
  const file = (await readdir(folder)).find((file) => /^licen[cs]e/i.test(file));
  return `${name} ${version}, ${license}\n\n${file ? await readFile(`${folder}/${file}`, "utf8") : ""}`;
});
await write("licences.txt", Buffer.from((await Promise.all(licences)).join(`\n${"-".repeat(80)}\n`)));
