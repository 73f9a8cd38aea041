// Who has signed in on the page: a unit's representative. The password goes to Alliance alone; our server sees none of this.
import { Alliance, Failure, nobody, shared, type Tokens } from "./alliance";
import { graphql } from "./gql";
import type { SignInMutation } from "./gql/graphql";

const signIn = graphql(`
  mutation SignIn($login: String!, $password: String!) {
    signIn(login: $login, password: $password) {
      result {
        ...SignedIn
      }
      refusals {
        message
      }
    }
  }
`);

const refresh = graphql(`
  mutation Refresh($refreshToken: String!) {
    refreshSession(refreshToken: $refreshToken) {
      result {
        ...SignedIn
      }
      refusals {
        message
      }
    }
  }
`);

const signOut = graphql(`
  mutation SignOut {
    signOut {
      refusals {
        message
      }
    }
  }
`);

graphql(`
  fragment SignedIn on Session {
    accessToken
    refreshToken
    viewer {
      id
      name
      grants {
        role
        unit {
          id
          name
        }
      }
    }
  }
`);

type SignedIn = NonNullable<SignInMutation["signIn"]["result"]>;

export interface Person {
  account: string;
  name: string;
  /** The units that they may claim for. */
  units: { id: string; name: string }[];
}

const PLACE = "alliance.session";

export class Session {
  private current: SignedIn | null;

  constructor(
    private readonly url: string,
    private readonly changed: () => void,
  ) {
    // It outlives a reload and not the tab: on a shared computer nobody should find it the next day.
    this.current = JSON.parse(sessionStorage.getItem(PLACE) ?? "null") as SignedIn | null;
  }

  get person(): Person | null {
    if (!this.current) return null;
    const { id, name, grants } = this.current.viewer;
    return { account: id, name, units: grants.flatMap(({ role, unit }) => (role === "UNIT_REPRESENTATIVE" && unit ? [unit] : [])) };
  }

  /** Null, or why not. */
  async signIn(login: string, password: string): Promise<string | null> {
    const { result, refusals } = (await this.anonymous.mutate(signIn, { login, password })).signIn;
    if (!result) return refusals[0]?.message ?? "登录未成功";
    this.keep(result);
    return null;
  }

  async signOut(): Promise<void> {
    // Whoever leaves without a network is signed out here all the same.
    if (this.person) await this.as(this.person.account).mutate(signOut, {}).catch(() => null);
    this.keep(null);
  }

  /** Speaks for this account and never for the next one to sign in. */
  as(account: string): Alliance {
    const tokens: Tokens = {
      get: async () => {
        if (this.person?.account !== account) throw new Failure("请先登录", "UNAUTHENTICATED");
        return this.current?.accessToken ?? "";
      },
      renew: async (stale) => {
        if (this.current?.accessToken === stale) await this.refresh();
      },
    };
    return new Alliance(this.url, tokens);
  }

  private get anonymous(): Alliance {
    return new Alliance(this.url, nobody);
  }

  // A refresh token works once, and one that comes again ends the session: two at a time would sign out.
  private readonly refresh = shared(async () => {
    const before = this.current;
    if (!before) return;
    const { result } = (await this.anonymous.mutate(refresh, { refreshToken: before.refreshToken })).refreshSession;
    if (this.current !== before) return;
    this.keep(result ?? null);
    if (!result) throw new Failure("登录已失效，请重新登录", "UNAUTHENTICATED");
  });

  private keep(session: SignedIn | null): void {
    this.current = session;
    if (session) sessionStorage.setItem(PLACE, JSON.stringify(session));
    else sessionStorage.removeItem(PLACE);
    this.changed();
  }
}
