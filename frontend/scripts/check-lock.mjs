// Every package that `npm ci` may fetch, on whatever system, is pinned to its content and comes from the registry, and
// none may run a script when it is installed.
import { readFileSync } from "node:fs";

const read = (name) => readFileSync(new URL(`../${name}`, import.meta.url), "utf8");
const { packages } = JSON.parse(read("package-lock.json"));
const loose = Object.entries(packages)
  .filter(
    ([path, { integrity, resolved, link }]) =>
      path && (!integrity?.startsWith("sha512-") || resolved || link),
  )
  .map(([path]) => path);
if (loose.length > 0) {
  console.error(`package-lock.json: not pinned, or from elsewhere than the registry: ${loose.join(", ")}`);
  process.exit(1);
}
if (!/^ignore-scripts=true$/m.test(read(".npmrc")) || /^(@\S+:)?registry=/m.test(read(".npmrc"))) {
  console.error(".npmrc: it must say ignore-scripts=true, and name no other registry");
  process.exit(1);
}
