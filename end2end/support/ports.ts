// Ports that nobody listens on.

import { createServer } from "node:net";
import type { AddressInfo } from "node:net";

/** Above those that Crossfade gives to slots (21000 to 23999), and below those that the system gives to connections. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = 24_000 + Math.floor(Math.random() * 8_000);
    if (await isFree(port)) return port;
  }
  throw new Error("no port is free between 24000 and 32000");
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => {
      const { port: got } = server.address() as AddressInfo;
      server.close(() => resolve(got === port));
    });
  });
}
