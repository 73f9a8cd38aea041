// What the district does once for each partner: registers the client, and hands over its id and secret. In the demonstration you are both.
//
//   npm run register                    for the demonstration
//   ORIGIN=https://app.example.cn ALLIANCE_URL=… ALLIANCE_LOGIN=… ALLIANCE_PASSWORD=… npm run register
import { writeFileSync } from "node:fs";
import { Alliance, nobody } from "./src/alliance";
import { graphql } from "./src/gql";

const register = graphql(`
  mutation Register($input: RegisterClientInput!) {
    registerClient(input: $input) {
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

const districtOf = graphql(`
  mutation DistrictOf($login: String!, $password: String!) {
    signIn(login: $login, password: $password) {
      result {
        accessToken
        viewer {
          grants {
            role
            area {
              id
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

const {
  ALLIANCE_URL: url = "http://127.0.0.1:8080",
  ALLIANCE_LOGIN: login = "district",
  ALLIANCE_PASSWORD: password = "alliance-demo",
  // Several are separated by commas. Browsers tell these two apart.
  ORIGIN: origins = "http://localhost:5173,http://127.0.0.1:5173",
} = process.env;

const { result: session, refusals } = (await new Alliance(url, nobody).mutate(districtOf, { login, password })).signIn;
if (!session) throw new Error(refusals[0]?.message);
const district = session.viewer.grants.find(({ role }) => role === "DISTRICT_ADMIN")?.area?.id;
if (!district) throw new Error("区级管理员账号才能登记合作方 / Only a district's admin registers partners");

const asDistrict = new Alliance(url, { get: async () => session.accessToken, renew: async () => {} });
const input = { district, name: "身边的需求", scopes: ["READ" as const, "CHANGES" as const], origins: origins.split(",") };
const { result, secret, refusals: reasons } = (await asDistrict.mutate(register, { input })).registerClient;
if (!result || !secret) throw new Error(reasons[0]?.message);

const lines = [`ALLIANCE_URL=${url}`, `ALLIANCE_CLIENT_ID=${result.id}`, `ALLIANCE_CLIENT_SECRET=${secret}`];
writeFileSync(".env", `${lines.join("\n")}\n`, { mode: 0o600 });
console.log(`已登记 ${origins}，编号和密钥已写入 .env / Registered; id and secret are in .env`);
