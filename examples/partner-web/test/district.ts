// A small corner of a district for the check: a street, communities in a row, a unit, and who may sign in. All of it through the API.
import { randomInt } from "node:crypto";
import { Alliance, nobody } from "../src/alliance";
import { graphql } from "../src/gql";
import type { ChangeKind, PointInput, RoleGrantInput } from "../src/gql/graphql";

const signIn = graphql(`
  mutation CheckSignIn($login: String!, $password: String!) {
    signIn(login: $login, password: $password) {
      result {
        accessToken
        viewer {
          grants {
            role
            area {
              id
              code
            }
          }
        }
      }
      refusals {
        message
      }
    }
  }
`);

const taken = graphql(`
  query CheckTaken($code: String!) {
    area(code: $code) {
      id
    }
  }
`);

const addArea = graphql(`
  mutation CheckAddArea($input: AddAreaInput!) {
    addArea(input: $input) {
      result {
        id
      }
      refusals {
        message
      }
    }
  }
`);

const addVenue = graphql(`
  mutation CheckAddVenue($input: AddVenueInput!) {
    addVenue(input: $input) {
      result {
        id
      }
      refusals {
        message
      }
    }
  }
`);

const addUnit = graphql(`
  mutation CheckAddUnit($input: AddUnitInput!) {
    addUnit(input: $input) {
      result {
        id
      }
      refusals {
        message
      }
    }
  }
`);

const found = graphql(`
  mutation CheckFound($input: FoundAllianceInput!) {
    foundAlliance(input: $input) {
      result {
        id
      }
      refusals {
        message
      }
    }
  }
`);

const invite = graphql(`
  mutation CheckInvite($input: InviteUnitInput!) {
    inviteUnit(input: $input) {
      result {
        id
      }
      refusals {
        message
      }
    }
  }
`);

const admit = graphql(`
  mutation CheckAdmit($id: ID!) {
    admitMembership(id: $id) {
      result {
        id
      }
      refusals {
        message
      }
    }
  }
`);

const createAccount = graphql(`
  mutation CheckCreateAccount($input: CreateAccountInput!) {
    createAccount(input: $input) {
      result {
        id
      }
      refusals {
        message
      }
    }
  }
`);

const post = graphql(`
  mutation CheckPost($input: PostNeedInput!) {
    postNeed(input: $input) {
      result {
        id
      }
      refusals {
        message
      }
    }
  }
`);

const publish = graphql(`
  mutation CheckPublish($id: ID!) {
    publishNeed(id: $id) {
      result {
        id
      }
      refusals {
        message
      }
    }
  }
`);

const withdraw = graphql(`
  mutation CheckWithdraw($id: ID!) {
    withdrawNeed(id: $id, reason: "不再需要") {
      result {
        id
      }
      refusals {
        message
      }
    }
  }
`);

const rotate = graphql(`
  mutation CheckRotate($input: RotateClientCredentialInput!) {
    rotateClientCredential(input: $input) {
      result {
        id
      }
      secret
      refusals {
        message
      }
    }
  }
`);

const matches = graphql(`
  query CheckMatches($need: ID!) {
    matches(filter: { need: $need }) {
      nodes {
        id
        quantity
      }
    }
  }
`);

const changes = graphql(`
  query CheckChanges($after: String, $kinds: [ChangeKind!]) {
    changes(after: $after, kinds: $kinds) {
      cursor
      hasMore
      changes {
        id
      }
    }
  }
`);

/** Who is signed in with a fixed token. */
const as = (url: string, token: string) => new Alliance(url, { get: async () => token, renew: async () => {} });

/** The result of a mutation that must not be refused. */
function done<T>(payload: { result?: T | null; refusals: { message: string }[] }): T {
  if (!payload.result) throw new Error(payload.refusals.map(({ message }) => message).join("; "));
  return payload.result;
}

export const PASSWORD = "correct horse 2025";

export class District {
  /** Where the first community is; the others follow to the north, half a kilometre apart. */
  readonly point: PointInput;
  readonly communities: string[] = [];
  readonly login: string;
  unit = "";

  private constructor(
    private readonly url: string,
    readonly admin: Alliance,
    private street: Alliance,
    private readonly run: string,
  ) {
    // Far from all venues of any demonstration, and from those of earlier runs.
    this.point = { latitude: randomInt(-50_000, 0) / 1000, longitude: randomInt(0, 60_000) / 1000 };
    this.login = `unit-${run}`;
  }

  static async prepare(url: string, login: string, password: string, communities: number): Promise<District> {
    const anyone = new Alliance(url, nobody);
    const session = done((await anyone.mutate(signIn, { login, password })).signIn);
    const area = session.viewer.grants.find(({ role }) => role === "DISTRICT_ADMIN")?.area;
    if (!area) throw new Error(`${login} is no district admin`);
    const run = String(randomInt(100_000, 1_000_000));
    const admin = as(url, session.accessToken);
    const district = new District(url, admin, admin, run);

    let code: string;
    do code = `${area.code}${randomInt(100, 1000)}`;
    while ((await admin.query(taken, { code })).area);
    const street = await district.area(area.id, "STREET", code, `联调街道${run}`);
    for (let index = 0; index < communities; index += 1) {
      const number = String(index + 1).padStart(3, "0");
      const community = await district.area(street, "COMMUNITY", code + number, `联调社区${number}`);
      district.communities.push(community);
      const point = { ...district.point, latitude: district.point.latitude + index * 0.005 };
      const hours = [{ weekday: "MONDAY" as const, opens: "08:00", closes: "17:00" }];
      const venue = { area: community, kind: "STATION" as const, name: `联调社区${number}服务站`, hours, point };
      done((await admin.mutate(addVenue, { input: venue })).addVenue);
    }

    const unit = { district: area.id, name: `联调单位${run}`, kind: "OTHER" as const, track: "UNIT" as const, noCreditCodeReason: "联调" };
    district.unit = done((await admin.mutate(addUnit, { input: unit })).addUnit).id;
    const alliance = done((await admin.mutate(found, { input: { host: street, name: `联调联盟${run}` } })).foundAlliance).id;
    const membership = done((await admin.mutate(invite, { input: { alliance, unit: district.unit } })).inviteUnit).id;
    await district.account(district.login, { role: "UNIT_REPRESENTATIVE", unit: district.unit });
    const unitToken = await district.token(district.login);
    done((await as(url, unitToken).mutate(admit, { id: membership })).admitMembership);

    // Nobody publishes what they submitted themselves.
    const officer = `street-${run}`;
    await district.account(officer, { role: "STREET_OFFICER", area: street });
    district.street = as(url, await district.token(officer));
    return district;
  }

  private async area(parent: string, level: "STREET" | "COMMUNITY", code: string, name: string): Promise<string> {
    return done((await this.admin.mutate(addArea, { input: { parent, level, code, name } })).addArea).id;
  }

  private async account(login: string, grant: RoleGrantInput): Promise<void> {
    done((await this.admin.mutate(createAccount, { input: { login, name: login, password: PASSWORD, grants: [grant] } })).createAccount);
  }

  private async token(login: string): Promise<string> {
    return done((await new Alliance(this.url, nobody).mutate(signIn, { login, password: PASSWORD })).signIn).accessToken;
  }

  /** A need of a community, in the open hall where it is published. */
  async need(community: number, title: string, isPublished = true): Promise<string> {
    const input = {
      community: this.communities[community] ?? "",
      title: `${title}${this.run}`,
      category: "ELDERLY" as const,
      form: "GOODS" as const,
      wanted: "10",
      measure: "份",
      submit: true,
    };
    const { id } = done((await this.admin.mutate(post, { input })).postNeed);
    if (isPublished) done((await this.street.mutate(publish, { id })).publishNeed);
    return id;
  }

  async withdraw(need: string): Promise<void> {
    done((await this.admin.mutate(withdraw, { id: need })).withdrawNeed);
  }

  /** A new secret for a client; the old one ends at once. */
  async newSecret(client: string): Promise<string> {
    return (await this.admin.mutate(rotate, { input: { id: client, overlapHours: 0 } })).rotateClientCredential.secret ?? "";
  }

  async matches(need: string): Promise<{ id: string; quantity: string }[]> {
    return (await this.admin.query(matches, { need })).matches.nodes;
  }
}

/** The feed as the query of the same name tells it: what a page must have heard. */
export async function told(alliance: Alliance, from: string | null, kinds: ChangeKind[] | null): Promise<{ ids: string[]; cursor: string }> {
  const ids: string[] = [];
  for (let after = from; ; ) {
    const batch: { cursor: string; hasMore: boolean; changes: { id: string }[] } = (await alliance.query(changes, { after, kinds })).changes;
    ids.push(...batch.changes.map(({ id }) => id));
    after = batch.cursor;
    if (!batch.hasMore) return { ids, cursor: after };
  }
}
