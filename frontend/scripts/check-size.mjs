// What a first visit to the home page loads must stay within the budget; run after a build.
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET = 250 * 1024;
const dist = new URL("../dist/", import.meta.url);
const read = (path) => readFileSync(new URL(path, dist));

// The entry and what it imports stand in index.html; a language's texts are fetched beside them.
const scripts = [
  ...read("index.html")
    .toString()
    .matchAll(/(?:src|href)="\/([^"]+\.js)"/g),
].map((match) => match[1]);
const texts = readdirSync(new URL("assets/", dist))
  .filter((name) => /^(ru|en)-(?!screens-)[\w-]+\.js$/.test(name))
  .map((name) => `assets/${name}`);
if (scripts.length === 0 || texts.length !== 2)
  throw new Error("dist does not look like a build of this interface");

const size = (path) => gzipSync(read(path)).length;
const total = scripts.reduce((sum, path) => sum + size(path), 0) + Math.max(...texts.map(size));
const kb = (bytes) => `${(bytes / 1024).toFixed(1)} KB`;
console.log(`first load: ${kb(total)} of JavaScript, gzip; the budget is ${kb(BUDGET)}`);
if (total > BUDGET) process.exit(1);
