// The line between the page and Alliance, which the check cuts as it likes.
import { createServer, connect, type AddressInfo, type Socket } from "node:net";

export class Line {
  private readonly sockets = new Set<Socket>();
  private isCut = false;
  private loses = false;
  /** An answer was lost as asked for. */
  hasLost = false;

  private constructor(
    private readonly target: URL,
    readonly url: string,
  ) {}

  static async to(target: string): Promise<Line> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    server.unref();
    const line = new Line(new URL(target), `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on("connection", (socket) => line.carry(socket));
    return line;
  }

  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
  }

  mend(): void {
    this.isCut = false;
  }

  /** Carries the next mutation that has a key, and cuts the line when its answer comes. */
  loseAnswer(): void {
    this.loses = true;
  }

  private carry(near: Socket): void {
    if (this.isCut) return void near.destroy();
    const far = connect(Number(this.target.port), this.target.hostname);
    let isLosing = false;
    for (const [socket, other] of [[near, far], [far, near]] as const) {
      this.sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        this.sockets.delete(socket);
        other.destroy();
      });
    }
    near.on("data", (data) => {
      // At the beginning of a line: the preflight names the header too.
      if (this.loses && /\r\nidempotency-key: /i.test(data.toString("latin1"))) isLosing = true;
      far.write(data);
    });
    far.on("data", (data) => {
      if (!isLosing) return void near.write(data);
      this.loses = false;
      this.cut();
      this.hasLost = true;
    });
  }
}
