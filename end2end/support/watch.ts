// What a browser complains about, and what it loads.

import type { Page } from "@playwright/test";

/** Errors on the console, in scripts, and of the content security policy; all of them from now on. */
export function complaints(page: Page): string[] {
  const heard: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") heard.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => heard.push(`script: ${error.message}`));
  return heard;
}

export interface Loaded {
  path: string;
  /** Over the wire: compressed, headers included. */
  bytes: number;
}

/** Everything the page loads from now on, as it travels. */
export async function loads(page: Page): Promise<Loaded[]> {
  const loaded: Loaded[] = [];
  const paths = new Map<string, string>();
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Network.enable");
  devtools.on("Network.requestWillBeSent", ({ requestId, request }) => paths.set(requestId, new URL(request.url).pathname));
  devtools.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const path = paths.get(requestId);
    if (path && encodedDataLength > 0) loaded.push({ path, bytes: encodedDataLength });
  });
  return loaded;
}
