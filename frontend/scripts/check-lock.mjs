// Every package that `npm ci` may fetch, on whatever system, is pinned to its content and comes from the registry.
import { readFileSync } from "node:fs";

const { packages } = JSON.parse(readFileSync(new URL("../package-lock.json", import.meta.url), "utf8"));
const loose = Object.entries(packages)
  .filter(([path, { integrity, resolved }]) => path && (!integrity || resolved))
  .map(([path]) => path);
if (loose.length > 0) {
  console.error(`package-lock.json: not pinned, or from elsewhere than the registry: ${loose.join(", ")}`);
  process.exit(1);
}
