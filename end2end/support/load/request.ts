// One request on a connection that is kept, and what became of it.

import { Agent, request } from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";

export type Result =
  | { kind: "answered"; status: number; slot: string; version: string; setCookie: string[] }
  /** The connection was closed while nothing was under way on it, and the close crossed the request: nothing is lost. */
  | { kind: "idle close" }
  /** Sent, and never answered whole. */
  | { kind: "lost"; why: string };

export interface Target {
  port: number;
  host: string;
  path: string;
}

/** A connection that lay idle for less than this was not closed for its idleness. */
const IDLE = 1_000;

const lastUsed = new WeakMap<Socket, number>();

/** A client's connection; kept, and opened anew when it is gone. */
export function connection(): Agent {
  return new Agent({ keepAlive: true, maxSockets: 1 });
}

/** Any failure is a lost request, but for a reset of an idle connection before the first byte of an answer. */
export function ask(agent: Agent, target: Target, cookie: string | undefined): Promise<Result> {
  return new Promise((resolve) => {
    const headers: Record<string, string> = { host: target.host };
    if (cookie) headers.cookie = cookie;
    let idle = 0;
    const asked: ClientRequest = request(
      { agent, host: "127.0.0.1", port: target.port, path: target.path, headers, timeout: 30_000 },
      (answer: IncomingMessage) => {
        answer.on("error", (error) => resolve({ kind: "lost", why: `the answer broke off: ${error.message}` }));
        answer.on("end", () => {
          if (asked.socket) lastUsed.set(asked.socket, Date.now());
          if (!answer.complete) return resolve({ kind: "lost", why: "the answer is not whole" });
          const header = (name: string) => String(answer.headers[name] ?? "");
          const [slot, version] = [header("x-crossfade-slot"), header("x-hopwhistle-version")];
          const setCookie = answer.headers["set-cookie"] ?? [];
          resolve({ kind: "answered", status: answer.statusCode ?? 0, slot, version, setCookie });
        });
        answer.resume();
      },
    );
    asked.on("socket", (socket) => (idle = Date.now() - (lastUsed.get(socket) ?? Date.now())));
    asked.on("timeout", () => asked.destroy(new Error("no answer within 30 s")));
    asked.on("error", (error: NodeJS.ErrnoException) => {
      const closed = error.code === "ECONNRESET" && asked.reusedSocket && idle >= IDLE;
      resolve(closed ? { kind: "idle close" } : { kind: "lost", why: error.message });
    });
    asked.end();
  });
}
