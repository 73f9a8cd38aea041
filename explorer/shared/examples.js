// The examples of both pages, and the values of today and of whoever is signed in that their variables are filled with.

// Where somebody has no unit or community of their own, any will do to look at.
const PLACES = `query Places {
  viewer { grants { area { id level } unit { id } } }
  needs(first: 1, filter: { status: [PUBLISHED_OPEN, ESCALATED] }) { nodes { id } }
  units(first: 1, orderBy: NAME) { nodes { id } }
  areas(first: 1, filter: { level: [COMMUNITY] }) { nodes { id } }
}`;

export const fill = (text, values) => text.replace(/\{\{(\w+)\}\}/g, (whole, name) => values[name] ?? whole);

// The first line of a document is its title: `# 中文 / English`.
export function titled({ query, variables }) {
  const [, title = ""] = query.match(/^#\s*([^\n]*?)\s*(?: \/ |\n)/) ?? [];
  return { title, query, variables };
}

export async function listed() {
  const response = await fetch("graphiql/examples.json");
  if (!response.ok) throw new Error(response.statusText);
  return (await response.json()).map(titled);
}

// Variables that can be sent as they are, as text.
export async function filled(example, session) {
  const text = example.variables ?? "";
  if (!text.includes("{{")) return text.trim();
  const today = new Date().toLocaleDateString("sv", { timeZone: "Asia/Shanghai" });
  const values = { today, year: today.slice(0, 4) };
  if (/\{\{(unit|community|need)\}\}/.test(text)) {
    const { data } = await session.ask({ query: PLACES }).catch(() => ({}));
    const grants = data?.viewer?.grants ?? [];
    values.unit = grants.find(({ unit }) => unit)?.unit.id ?? data?.units.nodes[0]?.id;
    values.community = grants.find(({ area }) => area?.level === "COMMUNITY")?.area.id ?? data?.areas.nodes[0]?.id;
    values.need = data?.needs.nodes[0]?.id;
  }
  return fill(text, values).trim();
}
