// Prepares a site for serving: publish.mjs <site>. The names of the files in pkg/ get the hash of their content, so that
// browsers may cache them for ever; hash.txt tells the server these names; each compressible file gets a copy in Brotli
// and one in gzip.

import { createHash } from "node:crypto";
import { readFileSync, readdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const site = process.argv[2];
const packed = new Set([".png", ".ico", ".jpg", ".webp", ".woff2"]);

const lines = [];
for (const kind of ["js", "wasm", "css"]) {
  const file = join(site, "pkg", `keyhold.${kind}`);
  const hash = createHash("sha256").update(readFileSync(file)).digest("hex").slice(0, 16);
  renameSync(file, join(site, "pkg", `keyhold.${hash}.${kind}`));
  lines.push(`${kind}: ${hash}\n`);
}

let total = 0;
for (const entry of readdirSync(site, { recursive: true })) {
  const file = join(site, entry);
  if (statSync(file).isDirectory() || packed.has(extname(file))) continue;
  const content = readFileSync(file);
  const brotli = brotliCompressSync(content, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    },
  });
  writeFileSync(`${file}.br`, brotli);
  writeFileSync(`${file}.gz`, gzipSync(content, { level: constants.Z_BEST_COMPRESSION }));
  if (entry.startsWith("pkg")) {
    total += brotli.length;
    console.log(`${entry}  ${content.length} bytes, ${brotli.length} in Brotli`);
  }
}
console.log(`Script, module and style in Brotli: ${total} bytes`);

// Written last, because it marks the site as complete, and not compressed, because only the server reads it.
writeFileSync(join(site, "hash.txt"), lines.join(""));
