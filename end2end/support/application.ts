// The demo's application, under a name of its own, on hosts of its own, behind a router of its own, and in a hurry.

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { demo } from "./places";

export interface Application {
  name: string;
  file: string;
  /** Host names by which the router knows its services. */
  hosts: { web: string; api: string };
}

export interface Pace {
  /** How long each stage is watched. */
  bake: string;
  monitor: string;
  /** How long open connections are waited for; 5 s when it does not matter. */
  drain?: string;
  /** Metrics decide, too. Without: bakes are clocks, for tests that send no traffic. */
  metrics?: boolean;
}

/** Changes in a file of the demo's: what must be there, and what stands there instead. */
type Changes = [RegExp, string][];

const inAHurry = (name: string, pace: Pace): Changes => [
  [/^name( *)= "hopwhistle"$/gm, `name$1= "${name}"`],
  [/hopwhistle\.localhost/g, `${name}.localhost`],
  [/^sticky_by = "cookie"$/gm, `$&\ndrain = "${pace.drain ?? "5s"}"`],
  [/bake = "[^"]*"/g, `bake = "${pace.bake}"`],
  [/^duration = "[^"]*"$/gm, `duration = "${pace.monitor}"`],
  [/^\[\[monitor\.metric\]\]\n(?:\w+ .*\n)+/gm, pace.metrics ? "$&" : ""],
  [/^for = "[^"]*"$/gm, 'for = "1h"'],
  [/^tries( *)= .*$/gm, "tries$1= 5"],
];

function write(original: string, file: string, name: string, changes: Changes): Application {
  mkdirSync(dirname(file), { recursive: true });
  let text = readFileSync(join(demo, "hopwhistle", original), "utf8");
  for (const [what, instead] of changes) {
    const changed = text.replace(what, instead);
    if (changed === text && !what.test(text)) throw new Error(`demo/hopwhistle/${original} has nothing like ${what} any more`);
    text = changed;
  }
  writeFileSync(file, text);
  return { name, file, hosts: { web: `${name}.localhost`, api: `api.${name}.localhost` } };
}

/** Writes the file into `folder`, for releases that lie in `releases`, and the proxy that is spoken to at `control`. */
export function writeProcesses(folder: string, name: string, releases: string, control: string, pace: Pace): Application {
  return write("crossfade.process.toml", join(folder, "crossfade.toml"), name, [
    ...inAHurry(name, pace),
    [/"\.\.\/\.\.\/var\/releases\//g, `"${releases}/`],
    [/^control = "[^"]*"$/gm, `control = "${control}"`],
  ]);
}

/** Writes the files into `folder`, for the nginx in `nginx` that listens on `port`. */
export function writeApplication(folder: string, name: string, nginx: string, port: number, pace: Pace): Application {
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(demo, "hopwhistle/docker-compose.yml"), join(folder, "docker-compose.yml"));
  return write("crossfade.toml", join(folder, "crossfade.toml"), name, [
    ...inAHurry(name, pace),
    [/"\.\.\/\.\.\/var\/nginx\//g, `"${nginx}/`],
    [/^listen = "[^"]*"$/gm, `listen = "127.0.0.1:${port}"`],
  ]);
}

/** The same for a HAProxy, whose section is `settings`. */
export function writeForHaproxy(folder: string, name: string, settings: string, pace: Pace): Application {
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(demo, "hopwhistle/docker-compose.yml"), join(folder, "docker-compose.yml"));
  return write("crossfade.toml", join(folder, "crossfade.toml"), name, [
    ...inAHurry(name, pace),
    [/^router( *)= "nginx"$/gm, 'router$1= "haproxy"'],
    [/^\[traffic\.nginx\]\n(?:\w+ .*\n)+/gm, `${settings}\n`],
  ]);
}
