// An Alliance of the check's own, from a binary, which it stops and starts again.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PASSWORD } from "./district";

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

// Long enough for a machine that builds something else at the same time.
export async function until(what: string, isSo: () => boolean | Promise<boolean>, seconds = 30): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`not in ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export class Service {
  private child: ChildProcess | null = null;

  private constructor(
    private readonly binary: string,
    private readonly folder: string,
    private readonly port: number,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** An empty district with one login, `district`. */
  static async start(binary: string): Promise<Service> {
    const service = new Service(binary, mkdtempSync(join(tmpdir(), "alliance-check-")), await freePort());
    process.on("exit", () => service.remove());
    await service.run("migrate");
    await service.run("district", "add", "--code", "220303", "--name", "铁东区");
    await service.run("account", "create", "--login", "district", "--name", "区级管理员", "--password-stdin");
    await service.run("account", "grant", "--login", "district", "--role", "DISTRICT_ADMIN", "--area-code", "220303");
    await service.serve();
    return service;
  }

  async serve(): Promise<void> {
    this.child = this.spawn("serve");
    await until("the service answers", () => fetch(`${this.url}/readyz`).then(({ ok }) => ok, () => false));
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    if (!child) return;
    this.child = null;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }

  private remove(): void {
    this.child?.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async run(...words: string[]): Promise<void> {
    const child = this.spawn(...words);
    child.stdin?.end(PASSWORD);
    const [code] = (await once(child, "exit")) as [number | null];
    if (code !== 0) throw new Error(`alliance ${words.join(" ")} ended with ${code}`);
  }

  private spawn(...words: string[]): ChildProcess {
    const env = {
      ...process.env,
      ALLIANCE_DATABASE_URL: `sqlite://${join(this.folder, "check.db")}`,
      ALLIANCE_KEY_FILE: join(this.folder, "alliance.key"),
      ALLIANCE_LISTEN: `127.0.0.1:${this.port}`,
      ALLIANCE_LOG: "error",
    };
    return spawn(this.binary, words, { cwd: this.folder, env, stdio: ["pipe", "ignore", "inherit"] });
  }
}
