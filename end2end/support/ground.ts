// What a world stands on: what runs the services, and what splits their traffic.

/** `docker + nginx` is what most teams have; `process + embedded` needs nothing but Crossfade itself. */
export type Ground = "docker + nginx" | "docker + haproxy" | "process + embedded";

/** What splits the traffic of one world. */
export interface Router {
  readonly port: number;
  stop(): Promise<void>;
  /** What it complained about. */
  log(): string;
}
