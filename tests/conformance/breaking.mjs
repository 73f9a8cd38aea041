// Compares a schema with the last released one, by the comparison of graphql-js. Prints each change that breaks a client, then how many; the
// exit code is 1 where there are any. What was deprecated in the release, with a day that has come and what to use in its place, may go.
//
//   breaking.mjs                            schema/released.graphql and schema/schema.graphql, from the root of the project
//   breaking.mjs OLD NEW [TODAY]            any two; TODAY as 2026-03-09
import { readFileSync } from "node:fs";
import { BreakingChangeType, DangerousChangeType, buildSchema, findBreakingChanges, findDangerousChanges } from "graphql";

const [from = "schema/released.graphql", to = "schema/schema.graphql", today = new Date().toISOString().slice(0, 10)] = process.argv.slice(2);
const [released, present] = [from, to].map((file) => buildSchema(readFileSync(file, "utf8")));

const NAME = String.raw`[_A-Za-z]\w*`;
/** Why what was there may not go yet; nothing where it may. */
function keeps(deprecationReason) {
  if (deprecationReason == null) return "it was not deprecated in the release";
  const day = deprecationReason.match(/\b(\d{4})-(\d{2})-(\d{2})\b/)?.[0];
  if (!day || new Date(day).toISOString().slice(0, 10) !== day) return "its deprecation names no day";
  if (day > today) return `its deprecation names ${day}, which has not come`;
  if (!new RegExp("`" + NAME + "(\\." + NAME + ")*(\\(" + NAME + ":\\))?`").test(deprecationReason)) {
    return "its deprecation names nothing to use in its place, in backticks";
  }
  return null;
}

/** The released field, argument or value that a change took away, by where graphql-js says that it was. */
function taken({ type, description }) {
  const member = (path) => {
    const [of, name] = path.split(".");
    const parent = released.getType(of);
    return parent?.getFields?.()[name] ?? parent?.getValue?.(name);
  };
  switch (type) {
    case BreakingChangeType.FIELD_REMOVED:
      return member(description.match(/^(\S+) was removed/)[1]);
    case BreakingChangeType.VALUE_REMOVED_FROM_ENUM: {
      const [, value, of] = description.match(/^(\S+) was removed from enum type (\S+?)\.$/);
      return member(`${of}.${value}`);
    }
    case BreakingChangeType.ARG_REMOVED: {
      const [, path, name] = description.match(/^(\S+) arg (\S+) was removed/);
      return member(path)?.args.find((argument) => argument.name === name);
    }
    default:
      return undefined;
  }
}

/** A type goes with the last of what led to it, so it may go where everything that led to it may. */
function uses(name) {
  const found = [];
  for (const type of Object.values(released.getTypeMap())) {
    if (type.name.startsWith("__") || !type.getFields) continue;
    for (const field of Object.values(type.getFields())) {
      const steps = [field, ...(field.args ?? [])];
      for (const step of steps) if (String(step.type).replace(/[[\]!]/g, "") === name) found.push([type.name, step]);
    }
  }
  return found;
}
function mayGo(name, seen = new Set()) {
  if (seen.has(name)) return true;
  seen.add(name);
  const roots = [released.getQueryType(), released.getMutationType(), released.getSubscriptionType()].map((root) => root?.name);
  if (roots.includes(name)) return false;
  const led = uses(name);
  return led.length > 0 && led.every(([of, step]) => keeps(step.deprecationReason) === null || of === name || (mayGo(of, seen) && !present.getType(of)));
}

const findings = [];
for (const change of findBreakingChanges(released, present)) {
  if (change.type === BreakingChangeType.TYPE_REMOVED) {
    const name = change.description.match(/^(\S+) was removed/)[1];
    if (!mayGo(name)) findings.push(`${change.description} Something that was not deprecated leads to it.`);
    continue;
  }
  const was = taken(change);
  const why = was === undefined ? "" : keeps(was.deprecationReason);
  if (why !== null) findings.push(why ? `${change.description} But ${why}.` : change.description);
}
// New values and members are announced as coming at any time. What is left out of a request must go on meaning the same.
for (const change of findDangerousChanges(released, present)) {
  if (change.type === DangerousChangeType.ARG_DEFAULT_VALUE_CHANGE) findings.push(change.description);
}

findings.forEach((finding) => console.log(finding));
console.log(`${findings.length} breaking changes`);
process.exit(findings.length > 0 ? 1 : 0);
