// Programs that run and end.

import { execFileSync, spawn } from "node:child_process";
import { demo } from "./places";

/** The variables that the demo's files refer to, and those of this process. */
export const environment: NodeJS.ProcessEnv = variables();

function variables(): NodeJS.ProcessEnv {
  const listed = execFileSync("bash", ["-c", '. "$1" && env -0', "bash", `${demo}/env.sh`], { encoding: "utf8" });
  return Object.fromEntries(
    listed.split("\0").filter((line) => line.includes("=")).map((line) => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}

/** Runs a program to its end and returns what it printed. Fails, with all that it said, when the program fails. */
export function run(program: string, args: string[], input = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: environment, stdio: "pipe" });
    let printed = "";
    let said = "";
    child.stdout.on("data", (data) => (printed += data));
    child.stderr.on("data", (data) => (said += data));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) return resolve(printed);
      reject(new Error(`${program} ${args.join(" ")} ended with ${code}:\n${printed}${said}`));
    });
    child.stdin.on("error", () => {}); // it may not want to read
    child.stdin.end(input);
  });
}
