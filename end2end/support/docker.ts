// What an application leaves on the Docker Engine.

import { run } from "./command";

const docker = (...args: string[]) => run("docker", args);
const lines = (text: string) => text.split("\n").filter((line) => line !== "");

/** Removes containers, networks and volumes of an application, found by the labels that compose gives them. */
export async function removeAll(application: string): Promise<void> {
  for (const place of ["blue", "green", "shared"]) {
    const filter = ["--filter", `label=com.docker.compose.project=${application}-${place}`];
    const containers = lines(await docker("ps", "--all", "--quiet", ...filter));
    if (containers.length > 0) await docker("rm", "--force", "--volumes", ...containers);
  }
  // Networks of the slots hold shared containers: only now is nothing attached to any.
  for (const place of ["blue", "green", "shared"]) {
    const filter = ["--filter", `label=com.docker.compose.project=${application}-${place}`];
    const networks = lines(await docker("network", "ls", "--quiet", ...filter));
    if (networks.length > 0) await docker("network", "rm", ...networks);
    const volumes = lines(await docker("volume", "ls", "--quiet", ...filter));
    if (volumes.length > 0) await docker("volume", "rm", ...volumes);
  }
}

/** Ids of the containers that run in a slot, in an order of their own: when none changes, nothing was touched. */
export async function running(application: string, slot: "blue" | "green"): Promise<string[]> {
  return lines(
    await docker("ps", "--quiet", "--no-trunc", "--filter", `label=com.docker.compose.project=${application}-${slot}`),
  ).sort();
}
