// Measures how soon the main screens are there, each from a browser that has nothing kept: `npm run paint`.
// RUNS=5 loads of each screen as fast as the machine is, and as many with its CPU four times slower.
import { base, launch } from "./browser.mjs";
import { demo } from "./demo.mjs";

const RUNS = Number(process.env.RUNS ?? 5);

const made = await demo();
// What is on each page when its own figures are: not a skeleton, not the frame.
const pages = [
  { name: "home", path: "/", shown: "dl dd.tabular" },
  { name: "sign-in", path: "/sign-in", shown: "input[type=password]" },
  { name: "dashboard", path: "/dashboard", shown: "main [role=progressbar]", signedIn: true },
  { name: "clients", path: "/clients", shown: "main tbody tr td a", signedIn: true },
  { name: "mailing", path: `/mailings/${made.running.id}`, shown: "main [role=progressbar]", signedIn: true },
  {
    name: "message",
    path: `/messages/${made.letter.id}`,
    shown: "main [contenteditable=true]",
    signedIn: true,
  },
];

const browser = await launch();

/** Runs in the page before anything else of it: notes when the content is there and when the main thread was held up. */
function watch(shown) {
  const seen = { content: 0, painted: 0, busyUntil: 0 };
  window.seen = seen;
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) seen.busyUntil = task.startTime + task.duration;
  }).observe({ type: "longtask", buffered: true });
  new PerformanceObserver((list) => {
    seen.painted = list.getEntries().at(-1).startTime;
  }).observe({ type: "largest-contentful-paint", buffered: true });
  const look = () => {
    if (document.querySelector(shown)) seen.content = performance.now();
    else requestAnimationFrame(look);
  };
  look();
}

async function load({ path, shown, signedIn }, slower) {
  const context = await browser.newContext({ baseURL: base, locale: "en-GB" });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(120_000);
    const client = await context.newCDPSession(page);
    if (signedIn) {
      const body = { email: made.people.user, password: made.passwords.user, cookie: true };
      const answer = await context.request.post("/api/v1/auth/login", { data: body });
      if (!answer.ok()) throw new Error(`sign-in: ${answer.status()} ${await answer.text()}`);
      await page.addInitScript(() => localStorage.setItem("postrider.signed-in", "1"));
    }
    await page.addInitScript(watch, shown);
    await client.send("Emulation.setCPUThrottlingRate", { rate: slower });
    // The time of the thread, not of the clock: it stands other work of the machine.
    await client.send("Performance.enable", { timeDomain: "threadTicks" });
    await page.goto(path, { waitUntil: "commit" });
    await page.waitForFunction(() => window.seen.content > 0);
    // Quiet for a second: what holds up the page after its content is shown counts too.
    await page.waitForFunction(
      () => performance.now() > Math.max(window.seen.content, window.seen.busyUntil) + 1000,
    );
    const { metrics } = await client.send("Performance.getMetrics");
    const work = metrics.find(({ name }) => name === "TaskDuration").value * 1000;
    const seen = await page.evaluate(() => {
      const first = performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN;
      const { content, painted, busyUntil } = window.seen;
      const loaded = [
        ...performance.getEntriesByType("navigation"),
        ...performance.getEntriesByType("resource"),
      ].filter(({ name }) => !name.includes("/events"));
      return {
        first,
        largest: painted,
        content,
        interactive: Math.max(content, busyUntil),
        requests: loaded.length,
        kb: loaded.reduce((sum, { transferSize }) => sum + transferSize, 0) / 1024,
      };
    });
    return { ...seen, work };
  } finally {
    await context.close();
  }
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

console.log("| page | CPU | first paint | largest paint | content | interactive | work | requests | KB |");
console.log("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
for (const slower of [1, 4]) {
  for (const page of pages) {
    const runs = [];
    for (let run = 0; run < RUNS; run++) runs.push(await load(page, slower));
    const figure = (name) => Math.round(median(runs.map((run) => run[name])));
    const ms = ["first", "largest", "content", "interactive", "work"].map((name) => `${figure(name)} ms`);
    console.log(`| ${[page.name, `1/${slower}`, ...ms, figure("requests"), figure("kb")].join(" | ")} |`);
  }
}
await browser.close();
