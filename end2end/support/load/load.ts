// Users of the application, who know nothing of Crossfade: all of them come through the router.
//
// Most have no cookie: each of their requests is a session of its own, and their answers tell how traffic is split.
// Others keep their cookie, and tell whether a session stays where it is.

import type { Application } from "../application";
import { ask, connection } from "./request";
import type { Target } from "./request";
import { Tally } from "./tally";

const STRANGERS = 12;
const REGULARS = 60;
/** Milliseconds between two requests of one. */
const PAUSE = { stranger: 20, regular: 500 };

export class Load {
  /** Everything since the beginning. */
  readonly all = new Tally();
  /** May sessions come back to blue? While the weight rises they may not. */
  forwardOnly = true;
  private measured: { tally: Tally; wanted: number; since: number; done: () => void } | undefined;
  private stopping = false;
  private readonly clients: Promise<void>[] = [];
  private readonly targets: Target[];

  constructor(application: Application, port: number) {
    this.targets = [
      { port, host: application.hosts.web, path: "/" },
      { port, host: application.hosts.api, path: "/api/v1/health" },
    ];
    for (let n = 0; n < STRANGERS; n++) this.clients.push(this.stranger(n));
    for (let n = 0; n < REGULARS; n++) this.clients.push(this.regular(n));
  }

  /** Counts so many requests of strangers, all of them sent after this was called, as fast as they come. */
  async measure(wanted: number): Promise<Tally> {
    const tally = new Tally();
    await new Promise<void>((done) => (this.measured = { tally, wanted, since: performance.now(), done }));
    this.measured = undefined;
    return tally;
  }

  async stop(): Promise<Tally> {
    this.stopping = true;
    await Promise.all(this.clients);
    return this.all;
  }

  private async stranger(n: number): Promise<void> {
    const agent = connection();
    for (let turn = n; !this.stopping; turn++) {
      const sent = performance.now();
      const seen = await this.once(agent, this.target(turn), undefined);
      const measured = this.measured;
      if (measured && seen && sent >= measured.since && measured.tally.answered < measured.wanted) {
        measured.tally.add(seen.status, seen.place);
        if (measured.tally.answered === measured.wanted) measured.done();
      }
      // While it is measured, as fast as can be.
      if (!this.measured) await pause(PAUSE.stranger);
    }
    agent.destroy();
  }

  private async regular(n: number): Promise<void> {
    const agent = connection();
    let cookie: string | undefined;
    let before = "";
    while (!this.stopping) {
      const seen = await this.once(agent, this.target(n), cookie);
      cookie ??= seen?.setCookie[0]?.split(";")[0];
      const slot = seen?.place.split(" ")[0] ?? before;
      if (this.forwardOnly && before === "green" && slot === "blue") this.all.backwards.push(`${cookie}`);
      before = slot;
      await pause(PAUSE.regular * (0.5 + Math.random()));
    }
    agent.destroy();
  }

  /** One answer, counted. A request that met the close of an idle connection is sent again. */
  private async once(agent: ReturnType<typeof connection>, target: Target, cookie: string | undefined) {
    for (;;) {
      const result = await ask(agent, target, cookie);
      if (result.kind === "idle close") {
        this.all.idleCloses++;
      } else if (result.kind === "lost") {
        this.all.lost.push(result.why);
        return undefined;
      } else {
        const place = `${result.slot} ${result.version}`;
        this.all.add(result.status, place);
        return { status: result.status, place, setCookie: result.setCookie };
      }
    }
  }

  private target(turn: number): Target {
    return this.targets[turn % this.targets.length] as Target;
  }
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
