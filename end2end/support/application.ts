// The demo's application, under a name of its own, on hosts of its own, behind an nginx of its own, and in a hurry.

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { demo } from "./places";

export interface Application {
  name: string;
  file: string;
  /** Host names by which nginx knows its services. */
  hosts: { web: string; api: string };
}

export interface Pace {
  /** How long each stage is watched. */
  bake: string;
  monitor: string;
  /** Metrics decide, too. Without: bakes are clocks, for tests that send no traffic. */
  metrics?: boolean;
}

/** Writes the files into `folder`, for the nginx in `nginx` that listens on `port`. */
export function writeApplication(folder: string, name: string, nginx: string, port: number, pace: Pace): Application {
  const from = join(demo, "hopwhistle");
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(from, "docker-compose.yml"), join(folder, "docker-compose.yml"));
  const file = join(folder, "crossfade.toml");
  const changes: [RegExp, string][] = [
    [/^name( *)= "hopwhistle"$/gm, `name$1= "${name}"`],
    [/hopwhistle\.localhost/g, `${name}.localhost`],
    [/bake = "[^"]*"/g, `bake = "${pace.bake}"`],
    [/^duration = "[^"]*"$/gm, `duration = "${pace.monitor}"`],
    [/^\[\[monitor\.metric\]\]\n(?:\w+ .*\n)+/gm, pace.metrics ? "$&" : ""],
    [/^for = "[^"]*"$/gm, 'for = "1h"'],
    [/^tries( *)= .*$/gm, "tries$1= 5"],
    [/"\.\.\/\.\.\/var\/nginx\//g, `"${nginx}/`],
    [/^listen = "[^"]*"$/gm, `listen = "127.0.0.1:${port}"`],
  ];
  let text = readFileSync(join(from, "crossfade.toml"), "utf8");
  for (const [what, instead] of changes) {
    const changed = text.replace(what, instead);
    if (changed === text && !what.test(text)) throw new Error(`demo/hopwhistle/crossfade.toml has nothing like ${what} any more`);
    text = changed;
  }
  writeFileSync(file, text);
  return { name, file, hosts: { web: `${name}.localhost`, api: `api.${name}.localhost` } };
}
