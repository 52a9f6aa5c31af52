// Where things are. run.sh has looked already; whoever starts Playwright by hand is told here.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
export const demo = join(root, "demo");

export const program = there(process.env.CROSSFADE_BIN ?? join(root, "target/debug/crossfade"), "cargo build -p server");
export const site = process.env.CROSSFADE_SITE ?? join(root, "target/site");
there(join(site, "hash.txt"), "app/client/build.sh");

function there(path: string, build: string): string {
  if (!existsSync(path)) throw new Error(`${path} is not there. Build it: ${build}`);
  return path;
}
