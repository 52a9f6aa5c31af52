#!/usr/bin/env node
// Users of Hopwhistle, who know nothing of Crossfade: so many requests a second, whether the answers come or not.
//
//   node demo/load.mjs [--url http://127.0.0.1:8080] [--rate 150] [--seconds 60] [--post 0.2]
//                      [--web hopwhistle.localhost] [--api api.hopwhistle.localhost]
//
// Prints one JSON object at its end, after `--seconds` (0: never) or an interrupt (Ctrl-C, SIGTERM):
//
//   sent             requests, each counted once
//   ok               answers 2xx
//   failed_5xx       answers 5xx
//   other            any other answers, and there should be none
//   lost             sent, and never answered whole
//   lost_because     of those, how many for which reason
//   idle_closes      requests sent again, because the server closed the idle connection they were put on
//   by_slot          answers by the slot that X-Crossfade-Slot names; `none` where the header is missing
//   failed_by_slot   of those, the 5xx
//   p50_ms, p95_ms   of all answers, to their last byte
//   p95_ms_by_slot   of those of each slot
//   seconds          it took, from the first request to the last answer
//
// `--post` is the share of POST requests: half of them logins, half calls. Of the others one in four asks for the web
// page and three for the list of calls. Nine requests in ten have no cookie, each a session of its own, so that a new
// weight shows at once; the others are those of a few users who keep theirs.

import { Agent, request } from "node:http";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

/** Users who keep their cookie, and their share of the requests. */
const REGULARS = 30;
const REGULAR_SHARE = 0.1;
/** Milliseconds between two looks at what is due. */
const TICK = 5;
/** A connection that lay idle for less than this was not closed for its idleness. In milliseconds. */
const IDLE = 1_000;
/** How long an answer may take, in milliseconds. */
const PATIENCE = 30_000;
const USER = {
  email: process.env.SMOKE_USER || "test@example.com",
  password: process.env.SMOKE_PASSWORD || "test123",
};

export const DEFAULTS = {
  url: "http://127.0.0.1:8080",
  rate: 150,
  post: 0.2,
  web: "hopwhistle.localhost",
  api: "api.hopwhistle.localhost",
};

/** Sends from the moment it is made until it is stopped. */
export class Load {
  #options;
  #server;
  #agent = new Agent({ keepAlive: true, maxFreeSockets: 64 });
  #lastUsed = new WeakMap();
  #cookies = new Array(REGULARS).fill(undefined);
  #token;
  #started = performance.now();
  #stopping = false;
  #underWay = new Set();
  #clock;
  /** Milliseconds, by slot. */
  #took = { blue: [], green: [] };
  #count = { sent: 0, ok: 0, failed_5xx: 0, other: 0, lost: 0, idle_closes: 0 };
  #lostBecause = {};
  #bySlot = { blue: 0, green: 0 };
  #failedBySlot = { blue: 0, green: 0 };

  constructor(options = {}) {
    this.#options = { ...DEFAULTS, ...options };
    const { hostname, port } = new URL(this.#options.url);
    this.#server = { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port) || 80 };
    this.#clock = setInterval(() => this.#sendWhatIsDue(), TICK);
  }

  /** Sends no more, waits for the answers to what was sent, and says what was seen. */
  async stop() {
    this.#stopping = true;
    clearInterval(this.#clock);
    await Promise.all(this.#underWay);
    this.#agent.destroy();
    return this.report();
  }

  /** What was seen so far. */
  report() {
    const all = Object.values(this.#took).flat();
    const p95BySlot = {};
    for (const [slot, took] of Object.entries(this.#took)) p95BySlot[slot] = quantile(took, 0.95);
    return {
      ...this.#count,
      lost_because: { ...this.#lostBecause },
      by_slot: { ...this.#bySlot },
      failed_by_slot: { ...this.#failedBySlot },
      p50_ms: quantile(all, 0.5),
      p95_ms: quantile(all, 0.95),
      p95_ms_by_slot: p95BySlot,
      seconds: Math.round(performance.now() - this.#started) / 1000,
    };
  }

  #sendWhatIsDue() {
    const due = Math.floor(((performance.now() - this.#started) * this.#options.rate) / 1000);
    while (this.#count.sent < due && !this.#stopping) {
      this.#count.sent++;
      const one = this.#one().finally(() => this.#underWay.delete(one));
      this.#underWay.add(one);
    }
  }

  /** One request, sent again as long as it meets the close of an idle connection. */
  async #one() {
    const asked = this.#choose();
    const regular = Math.random() < REGULAR_SHARE ? Math.floor(Math.random() * REGULARS) : undefined;
    const cookie = regular === undefined ? undefined : this.#cookies[regular];
    for (;;) {
      const began = performance.now();
      const seen = await this.#ask(asked, cookie);
      if (seen.kind === "idle close") {
        this.#count.idle_closes++;
        continue;
      }
      if (seen.kind === "lost") {
        this.#count.lost++;
        this.#lostBecause[seen.why] = (this.#lostBecause[seen.why] ?? 0) + 1;
        return;
      }
      this.#tally(seen, performance.now() - began);
      if (regular !== undefined) this.#cookies[regular] ??= seen.cookie;
      if (asked.login && seen.status === 200) this.#token = tokenOf(seen.body);
      return;
    }
  }

  #choose() {
    const { web, api, post } = this.#options;
    if (Math.random() >= post) {
      const page = { method: "GET", host: web, path: "/" };
      return Math.random() < 0.25 ? page : { method: "GET", host: api, path: "/api/v1/calls" };
    }
    // Nobody can make a call before the first login was answered.
    if (!this.#token || Math.random() < 0.5) {
      return { method: "POST", host: api, path: "/api/v1/auth/login", login: true, body: USER };
    }
    const body = { toNumber: "+15551234567", estimatedMinutes: 1 };
    return { method: "POST", host: api, path: "/api/v1/calls", token: this.#token, body };
  }

  #tally({ status, slot }, took) {
    (this.#took[slot] ??= []).push(took);
    this.#bySlot[slot] = (this.#bySlot[slot] ?? 0) + 1;
    if (status >= 500) this.#failedBySlot[slot] = (this.#failedBySlot[slot] ?? 0) + 1;
    this.#count[status >= 500 ? "failed_5xx" : status >= 200 && status < 300 ? "ok" : "other"]++;
  }

  /** Any failure is a lost request, but for the close of an idle connection before the first byte of an answer. */
  #ask({ method, host, path, login, token, body }, cookie) {
    return new Promise((resolve) => {
      const text = body && JSON.stringify(body);
      const headers = { host };
      if (text) {
        headers["content-type"] = "application/json";
        headers["content-length"] = Buffer.byteLength(text);
      }
      if (token) headers.authorization = `Bearer ${token}`;
      if (cookie) headers.cookie = cookie;
      const lost = (why) => resolve({ kind: "lost", why });
      let idle = 0;
      const options = { ...this.#server, agent: this.#agent, method, path, headers, timeout: PATIENCE };
      const asked = request(options, (answer) => {
        const parts = [];
        answer.on("data", (part) => login && parts.push(part));
        answer.on("error", (error) => lost(error.message));
        answer.on("end", () => {
          if (asked.socket) this.#lastUsed.set(asked.socket, performance.now());
          if (!answer.complete) return lost("the answer is not whole");
          const slot = answer.headers["x-crossfade-slot"] ?? "none";
          const cookie = answer.headers["set-cookie"]?.[0]?.split(";")[0];
          resolve({ kind: "answered", status: answer.statusCode, slot, cookie, body: Buffer.concat(parts).toString() });
        });
      });
      asked.on("socket", (socket) => {
        const now = performance.now();
        idle = now - (this.#lastUsed.get(socket) ?? now);
      });
      asked.on("timeout", () => asked.destroy(new Error(`no answer within ${PATIENCE / 1000} s`)));
      asked.on("error", (error) => {
        const closed = error.code === "ECONNRESET" && asked.reusedSocket && idle >= IDLE;
        if (closed) resolve({ kind: "idle close" });
        else lost(error.message);
      });
      asked.end(text);
    });
  }
}

/** The least of the numbers that so large a part of them does not exceed. */
function quantile(numbers, part) {
  const sorted = Float64Array.from(numbers).sort();
  return sorted.length ? Math.round(sorted[Math.ceil(part * sorted.length) - 1] * 10) / 10 : null;
}

/** Of the answer to a login. Another application's answers may be anything. */
function tokenOf(body) {
  try {
    return JSON.parse(body).token;
  } catch {
    return undefined;
  }
}

/** Options as they were typed; throws what is wrong with them. */
function read(words) {
  const types = Object.fromEntries([...Object.keys(DEFAULTS), "seconds"].map((name) => [name, { type: "string" }]));
  const { values } = parseArgs({ args: words, options: types });
  const options = { ...DEFAULTS, seconds: 60, ...values };
  const limits = { rate: [0.1, 10_000], seconds: [0, 86_400], post: [0, 1] };
  for (const [name, [least, most]] of Object.entries(limits)) {
    const number = Number(options[name]);
    if (!(number >= least && number <= most)) {
      throw new Error(`--${name} is ${options[name]}: expected a number from ${least} to ${most}`);
    }
    options[name] = number;
  }
  if (!/^http:\/\/[^/]+\/?$/.test(options.url) || !URL.canParse(options.url)) {
    throw new Error(`--url is ${options.url}: expected one such as ${DEFAULTS.url}`);
  }
  return options;
}

async function main() {
  let options;
  try {
    options = read(process.argv.slice(2));
  } catch (problem) {
    console.error(`error: ${problem.message}`);
    process.exit(2);
  }
  const load = new Load(options);
  await new Promise((over) => {
    if (options.seconds > 0) setTimeout(over, options.seconds * 1000);
    process.once("SIGINT", over);
    process.once("SIGTERM", over);
  });
  console.log(JSON.stringify(await load.stop()));
  // The timer of an interrupted run is still set.
  process.exit(0);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
