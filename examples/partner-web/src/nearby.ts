// Open needs from near to far: the venues around a point, the communities that they serve, their open needs.
import type { Alliance } from "./alliance";
import { graphql } from "./gql";
import type { NeedFragment, NeedStatus, PointInput } from "./gql/graphql";

export type Need = NeedFragment;

/** The states in which every active member may claim. */
export const OPEN: NeedStatus[] = ["PUBLISHED_OPEN", "ESCALATED"];

const venues = graphql(`
  query NearestVenues($near: PointInput!, $after: String) {
    venues(first: 12, after: $after, filter: { near: $near, kind: [CENTRE, STATION, POST] }, orderBy: NEAREST) {
      nodes {
        point {
          latitude
          longitude
        }
        area {
          id
          level
        }
      }
      pageInfo {
        endCursor
        hasNextPage
      }
    }
  }
`);

const needs = graphql(`
  query OpenNeeds($area: ID, $status: [NeedStatus!]!, $after: String) {
    needs(first: 50, after: $after, filter: { area: $area, status: $status }, orderBy: MOST_URGENT) {
      nodes {
        ...Need
      }
      pageInfo {
        endCursor
        hasNextPage
      }
    }
  }
`);

const fresh = graphql(`
  query Needs($ids: [ID!]!) {
    nodes(ids: $ids) {
      __typename
      ...Need
    }
  }
`);

const places = graphql(`
  query Places {
    venues(first: 100, filter: { kind: [CENTRE] }, orderBy: NAME) {
      nodes {
        id
        name
        point {
          latitude
          longitude
        }
      }
    }
  }
`);

/** Reads outwards from a point, one step at a time. A step that failed is taken again by the next call. */
export class Nearby {
  /** How far away the communities reached so far are, in metres. */
  readonly metres = new Map<string, number>();
  /** Nothing is left. */
  isDone = false;
  /** All communities with a venue on the map are reached; what follows is of those without. */
  isEverywhere = false;
  private after: string | null = null;

  constructor(
    private readonly alliance: Alliance,
    private readonly point: PointInput,
  ) {}

  async next(): Promise<Need[]> {
    return this.isEverywhere ? this.others() : this.around();
  }

  private async around(): Promise<Need[]> {
    const page = (await this.alliance.query(venues, { near: this.point, after: this.after })).venues;
    const reached = new Map<string, number>();
    for (const { area, point } of page.nodes) {
      // The centre of a street serves many communities, near and far; their own venues say where they are.
      if (point && area.level === "COMMUNITY" && !this.metres.has(area.id) && !reached.has(area.id)) {
        reached.set(area.id, distance(this.point, point));
      }
    }
    const found = await Promise.all([...reached.keys()].map((area) => this.all(area)));
    for (const [area, metres] of reached) this.metres.set(area, metres);
    this.after = page.pageInfo.endCursor;
    if (!page.pageInfo.hasNextPage || page.nodes.some(({ point }) => !point)) {
      this.isEverywhere = true;
      this.after = null;
    }
    return found.flat();
  }

  private async all(area: string): Promise<Need[]> {
    const found: Need[] = [];
    for (let after: string | null = null; ; ) {
      const page: Page = (await this.alliance.query(needs, { area, status: OPEN, after })).needs;
      found.push(...page.nodes);
      if (!page.pageInfo.hasNextPage) return found;
      after = page.pageInfo.endCursor;
    }
  }

  private async others(): Promise<Need[]> {
    const page: Page = (await this.alliance.query(needs, { area: null, status: OPEN, after: this.after })).needs;
    this.after = page.pageInfo.endCursor;
    this.isDone = !page.pageInfo.hasNextPage;
    return page.nodes;
  }
}

interface Page {
  nodes: Need[];
  pageInfo: { endCursor: string | null; hasNextPage: boolean };
}

/** Some needs as they are now; null for those that are not public any more. */
export async function reread(alliance: Alliance, ids: string[]): Promise<(Need | null)[]> {
  const found: (Need | null)[] = [];
  // So many are answered at a time.
  for (let start = 0; start < ids.length; start += 100) {
    const { nodes } = await alliance.query(fresh, { ids: ids.slice(start, start + 100) });
    found.push(...nodes.map((node) => (node?.__typename === "CommunityNeed" ? node : null)));
  }
  return found;
}

export interface Place {
  id: string;
  name: string;
  point: PointInput;
}

/** Service centres to start from, for who does not want to say where they are. */
export async function startingPlaces(alliance: Alliance): Promise<Place[]> {
  const { nodes } = (await alliance.query(places, {})).venues;
  return nodes.flatMap(({ id, name, point }) => (point ? [{ id, name, point }] : []));
}

/** Metres between two points of a city. */
export function distance(from: PointInput, to: PointInput): number {
  const radians = Math.PI / 180;
  const north = (to.latitude - from.latitude) * radians;
  const east = (to.longitude - from.longitude) * radians * Math.cos(((from.latitude + to.latitude) / 2) * radians);
  return 6_371_000 * Math.hypot(north, east);
}
