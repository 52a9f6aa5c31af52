// Testers come in before everybody else, and whoever is connected is not cut off before the time.

import type { Page } from "@playwright/test";
import { expect, inAWorld, test } from "../support/test";
import { RolloutPage, start } from "../support/rollout_page";

inAWorld({ bake: "2s", monitor: "2s", drain: "10m" });

test("testers come in by a link before any traffic, and out again; nobody else notices", async ({ open, world }) => {
  const { web } = world.application.hosts;
  const [page, viewer, stranger] = [await open("deployer"), await open("viewer"), await open(null)];
  const rollout = await start(page, world.application.name, "1.1.0");
  await rollout.untilGate(0, 10);
  const door = page.getByRole("region", { name: "Testers' door" });
  await expect(door).toContainText("Try green (1.1.0) through the router");
  await viewer.goto(page.url());
  await expect(viewer.getByRole("heading", { level: 1 })).toContainText("Waiting for approval");
  await expect(viewer.getByRole("region", { name: "Testers' door" })).toHaveCount(0);

  // By whoever has the link, with scripts or without, and without an account.
  const link = await door.getByRole("link", { name: web, exact: true }).getAttribute("href");
  const tester = await open(null, { javaScriptEnabled: false });
  await tester.goto(world.server.url + link);
  await expect(tester).toHaveURL(`http://${web}:${world.nginx.port}/`);
  await expect(tester.locator("body")).toContainText("1.1.0");
  expect(await slot(tester, world.nginx.port, web)).toBe("green");
  expect(await slot(stranger, world.nginx.port, web)).toBe("blue");
  await expect(rollout.traffic).toHaveAccessibleName("Traffic: blue 100 %, green 0 %");

  await tester.goto(`http://${web}:${world.nginx.port}/.crossfade/leave`);
  expect(await slot(tester, world.nginx.port, web), "out again").toBe("blue");
  await tester.goto(world.server.url + link);
  expect(await slot(tester, world.nginx.port, web), "and in").toBe("green");

  await rollout.ask("Abort", "it looks wrong");
  await rollout.until("Aborted: ");
  await expect(door).toHaveCount(0);
  expect(await slot(tester, world.nginx.port, web), "the door is closed").toBe("blue");
  const late = await stranger.goto(world.server.url + link);
  expect(late?.status()).toBe(403);
  await expect(stranger.locator("body")).toContainText("This link is not good any more.");
});

test("open websockets are counted, waited for, and cut when a person says so", async ({ open, world }) => {
  test.setTimeout(150_000);
  const [page, user, late] = [await open("release-manager"), await open(null), await open(null)];
  const address = `http://${world.application.hosts.api}:${world.nginx.port}`;
  const onBlue = await websocket(user, address);
  const rollout = await start(page, world.application.name, "1.1.0");
  // What is prepared is drained first; nothing was open there.
  await rollout.untilGate(0, 10);
  await expect(rollout.step("Drain").first()).toContainText("nothing is open on green any more");
  await rollout.ask("Promote full", "to the end");
  await rollout.until("1.1.0 is live on green");
  const drain = page.getByRole("region", { name: "Draining" });
  await expect(drain).toContainText("Still open on blue");
  await expect(drain).toContainText(/\d+ connections?\./);
  expect(await onBlue.echo("still here")).toBe("still here");

  const forward = rollout.id;
  const onGreen = await websocket(late, address);
  await rollout.ask("Roll back to 1.0.0", "slow");
  await page.waitForURL((url) => url.pathname !== `/rollouts/${forward}`);
  const back = new RolloutPage(page);
  await back.until("All traffic is on blue (1.0.0); draining green (1.1.0)");
  await expect(drain).toContainText("Draining green");
  await expect(drain, "once nginx has let go of its idle ones").toContainText("1 connection.", { timeout: 20_000 });
  await expect(drain).toContainText(/(9|10) min.* left, and nothing is cut before/);
  expect(await onGreen.echo("not cut")).toBe("not cut");

  await test.step("extend, also after a wrong word", async () => {
    await back.ask("Extend", "a while");
    await expect(drain).toContainText("is not a duration");
    await back.ask("Extend", "30m");
    await expect(drain).toContainText(/(39|40) min.* left/);
    expect((await back.journal()).join("\n")).toContain("release-manager extended the drain until");
  });

  // After a crash the grace goes on from where it was.
  await world.server.kill();
  await world.server.start();
  await page.reload();
  await expect(drain).toContainText(/(38|39) min.* left/);
  await expect(drain).toContainText("1 connection.", { timeout: 20_000 });

  await back.ask("Drain now: cut 1 connection");
  await back.until("Rolled back: all traffic is on blue (1.0.0)");
  await expect(back.step("Drain")).toContainText("release-manager did not wait: 1 connection may be cut");
  await expect.poll(() => onGreen.closed()).toBe(true);
  expect(await onBlue.echo("all along")).toBe("all along");
});

/** Which slot answers this browser. */
async function slot(page: Page, port: number, host: string): Promise<string | undefined> {
  const answer = await page.goto(`http://${host}:${port}/`);
  return answer?.headers()["x-crossfade-slot"];
}

/** A websocket that is held open by a browser, and says everything back. */
async function websocket(page: Page, address: string) {
  await page.goto(`${address}/health`);
  await page.evaluate(async (url) => {
    const socket = new WebSocket(url);
    Object.assign(window, { socket });
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    // nginx lets go of what says nothing for a minute.
    setInterval(() => socket.readyState === WebSocket.OPEN && socket.send("ping"), 5_000);
  }, `${address.replace("http", "ws")}/ws`);
  return {
    echo: (text: string): Promise<string> =>
      page.evaluate((text) => {
        const socket: WebSocket = Reflect.get(window, "socket");
        return new Promise<string>((resolve, reject) => {
          socket.onmessage = (event) => event.data === text && resolve(text);
          socket.onclose = () => reject(new Error("the websocket was cut"));
          socket.send(text);
        });
      }, text),
    closed: (): Promise<boolean> => page.evaluate(() => Reflect.get(window, "socket").readyState === WebSocket.CLOSED),
  };
}
