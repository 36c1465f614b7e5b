export interface Device {
  kind: "desktop" | "phone" | "program";
  /** Its name as it is written everywhere; of a program what it calls itself; empty when nothing was said. */
  browser: string;
  system: string;
}

// In this order: most claim to be those below too.
const BROWSERS: [RegExp, string][] = [
  [/\bEdg(?:A|iOS)?\//, "Edge"],
  [/\bOPR\//, "Opera"],
  [/\bYaBrowser\//, "Yandex Browser"],
  [/\bFirefox\/|\bFxiOS\//, "Firefox"],
  [/\bHeadlessChrome\/|\bChrome\/|\bCriOS\//, "Chrome"],
  [/\bVersion\/.*\bSafari\//, "Safari"],
];

const SYSTEMS: [RegExp, string][] = [
  [/\bAndroid\b/, "Android"],
  [/\biPhone\b/, "iPhone"],
  [/\biPad\b/, "iPad"],
  [/\bWindows\b/, "Windows"],
  [/\bMac OS X\b|\bMacintosh\b/, "macOS"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bLinux\b/, "Linux"],
];

/** What a browser says of itself, in words that people know; good enough to recognise one's own devices. */
export function deviceOf(userAgent: string): Device {
  const first = (table: [RegExp, string][]) => table.find(([pattern]) => pattern.test(userAgent))?.[1] ?? "";
  const browser = first(BROWSERS);
  const system = first(SYSTEMS);
  if (!browser) return { kind: "program", browser: userAgent.split(/[\s/]/)[0] ?? "", system };
  const phone = system === "Android" || system === "iPhone" || system === "iPad";
  return { kind: phone ? "phone" : "desktop", browser, system };
}
