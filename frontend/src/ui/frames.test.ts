import { expect, test } from "vitest";

const sources = import.meta.glob<string>("../**/*.tsx", { query: "?raw", eager: true, import: "default" });

/** The opening tags of all frames, and of what is drawn as one. */
const framesOf = (source: string) =>
  [...source.matchAll(/<iframe\b[^>]*>|component="iframe"[^>]*>/g)].map(([tag]) => tag);

test("mails are shown in frames that may do nothing: no script, no form, no way out", () => {
  const frames = Object.entries(sources)
    .filter(([path]) => !path.endsWith(".test.tsx"))
    .flatMap(([path, source]) => framesOf(source).map((tag) => ({ path, tag })));
  expect(frames.length).toBeGreaterThanOrEqual(3);
  for (const { path, tag } of frames) expect(tag, path).toMatch(/\bsandbox=""/);
});
