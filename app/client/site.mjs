// Lays out target/site, from which the server serves:
//
//   hash.txt                   which files are the current ones, in the form that Leptos reads
//   pkg/crossfade.HASH.js      and .wasm and .css, each with its .br
//
// A running server never sees half a build: a file appears under its name, which nobody asks for yet, when it is whole,
// and hash.txt is replaced last, at one stroke. The files of the build before stay, for the pages that name them.

import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { build } from "esbuild";

const [mode, made, stylesheet, site] = process.argv.slice(2);
const release = mode === "release";
const pkg = join(site, "pkg");
const kinds = ["js", "wasm", "css"];

/** In a stylesheet, url(/..) is an address on the server, not a file to put in. */
const addresses = {
  name: "addresses",
  setup: (esbuild) =>
    esbuild.onResolve({ filter: /^\// }, ({ kind, path }) => (kind === "url-token" ? { path, external: true } : null)),
};

/** One file with all that it imports, without blanks in a release. */
async function bundled(entry) {
  const result = await build({
    entryPoints: [entry],
    bundle: true,
    format: "esm",
    minify: release,
    write: false,
    plugins: [addresses],
    loader: { ".svg": "dataurl" },
    logLevel: "warning",
  }).catch(() => process.exit(1)); // it has said what, and where
  // A browser skips in silence what it cannot read in a stylesheet.
  if (entry === stylesheet && result.warnings.length > 0) process.exit(1);
  return Buffer.from(result.outputFiles[0].contents);
}

function brotli(content) {
  const quality = release ? constants.BROTLI_MAX_QUALITY : 4;
  return brotliCompressSync(content, {
    params: { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: content.length },
  });
}

/** The lines of a hash.txt, or none. */
function hashes(path) {
  try {
    return Object.fromEntries(readFileSync(path, "utf8").trim().split("\n").map((line) => line.split(": ")));
  } catch (error) {
    if (error.code === "ENOENT") return {};
    throw error;
  }
}

const nameOf = (kind, hash) => `crossfade.${hash}.${kind}`;
const namesIn = (all) =>
  Object.entries(all).flatMap(([kind, hash]) => [nameOf(kind, hash), `${nameOf(kind, hash)}.br`]);
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;

const contents = {
  js: await bundled(join(made, "crossfade.js")),
  wasm: readFileSync(join(made, "crossfade_bg.wasm")),
  css: await bundled(stylesheet),
};
const before = hashes(join(site, "hash.txt"));
const now = Object.fromEntries(
  kinds.map((kind) => [kind, createHash("sha256").update(contents[kind]).digest("hex").slice(0, 16)]),
);

mkdirSync(pkg, { recursive: true });
const there = new Set(readdirSync(pkg));
const fresh = mkdtempSync(join(site, ".new-"));
try {
  for (const kind of kinds) {
    const name = nameOf(kind, now[kind]);
    if (there.has(name) && there.has(`${name}.br`)) continue;
    const small = brotli(contents[kind]);
    for (const [file, content] of [[`${name}.br`, small], [name, contents[kind]]]) {
      writeFileSync(join(fresh, file), content);
      renameSync(join(fresh, file), join(pkg, file));
    }
    console.log(`    ${name}  ${kilobytes(contents[kind].length)}, compressed ${kilobytes(small.length)}`);
  }
  if (kinds.some((kind) => before[kind] !== now[kind])) {
    writeFileSync(join(fresh, "hash.txt"), kinds.map((kind) => `${kind}: ${now[kind]}\n`).join(""));
    renameSync(join(fresh, "hash.txt"), join(site, "hash.txt"));
    const keep = new Set([...namesIn(now), ...namesIn(before)]);
    for (const name of readdirSync(pkg)) if (!keep.has(name)) rmSync(join(pkg, name), { recursive: true });
    console.log(`==> ${site} is ready`);
  } else {
    console.log(`==> ${site} is up to date`);
  }
} finally {
  rmSync(fresh, { recursive: true });
}
