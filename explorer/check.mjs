// Checks that every example fits the schema: `node check.mjs [SCHEMA [EXAMPLES]]`.
import { readdirSync, readFileSync } from "node:fs";
import { buildSchema, getOperationAST, getVariableValues, parse, validate } from "graphql";
import { fill, titled } from "./shared/examples.js";

const [schemaFile = "../schema/schema.graphql", folder = "examples"] = process.argv.slice(2);
const schema = buildSchema(readFileSync(schemaFile, "utf8"));
const sample = { today: "2026-07-01", year: "2026", community: "area_1", unit: "unit_1", need: "need_1" };
const faults = [];
const names = readdirSync(folder);
for (const file of names.filter((name) => name.endsWith(".graphql"))) {
  const fault = (text) => faults.push(`${file}: ${text}`);
  const text = readFileSync(`${folder}/${file}`, "utf8");
  if (!/^# .*\p{Script=Han}.* \/ /u.test(text)) fault("the first line is no title of the form “# 中文 / English”");
  if (!titled({ query: text }).title) fault("no title");
  const document = parse(text);
  validate(schema, document).forEach((error) => fault(error.message));
  const beside = file.replace(/graphql$/, "json");
  const variables = names.includes(beside) ? JSON.parse(fill(readFileSync(`${folder}/${beside}`, "utf8"), sample)) : {};
  if (JSON.stringify(variables).includes("{{")) fault("a placeholder is unknown");
  const operation = getOperationAST(document);
  if (!operation) fault("not exactly one operation");
  else getVariableValues(schema, operation.variableDefinitions ?? [], variables).errors?.forEach((error) => fault(error.message));
}
faults.forEach((fault) => console.error(fault));
if (faults.length > 0) process.exit(1);
console.log("every example fits the schema");
