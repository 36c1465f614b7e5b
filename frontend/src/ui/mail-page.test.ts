import { expect, test } from "vitest";
import { mailPage } from "./mail-page";

test("the frame's page runs nothing, asks for nothing and leads nowhere", () => {
  const page = mailPage(
    `<html><head><base href="https://evil.example"><meta http-equiv="refresh" content="0;url=https://evil.example">
     <link rel="stylesheet" href="https://evil.example/x.css"></head><body onload="alert(1)"><script>alert(1)</script>
     <img src="https://example.com/a.png" alt="Our shop" width="200"><img src="data:image/gif;base64,R0" alt="">
     <a href="https://example.com">go</a><iframe src="https://evil.example"></iframe></body></html>`,
    "dark",
  );
  expect(page).toContain("Content-Security-Policy");
  expect(page).not.toMatch(/evil\.example|<script|a\.png/);
  expect(page).toContain("Our shop");
  expect(page).toContain('<a href="https://example.com" target="_blank">');
  expect(page).toContain("data:image/gif");
});

test("only a mail that knows of dark surroundings is dark in them", () => {
  const scheme = (html: string) => /:root \{ color-scheme: (\w+)/.exec(mailPage(html, "dark"))?.[1];
  expect(scheme("<p>x</p>")).toBe("light");
  expect(scheme('<meta name="color-scheme" content="light dark"><p>x</p>')).toBe("dark");
  expect(scheme("<style>@media (prefers-color-scheme: dark) { p { color: #fff } }</style>")).toBe("dark");
});
