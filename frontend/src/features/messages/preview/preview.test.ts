import { expect, test } from "vitest";
import { markHtml, markText, showMissing } from "./marks";
import { previewPage } from "./page";

/** Renders as the server would, with the values that are given. */
const render = (source: string, values: Record<string, string>) =>
  source.replace(/\{\{\s*([\w.]+)[\s\S]*?\}\}/g, (_, path: string) => values[path] ?? "");
const missing = (path: string) => `[${path}]`;

test("what comes out empty is marked, what has a value is as it was", () => {
  const source =
    "Hello {{ client.full_name }}, in {{ client.attributes.city }} {{ client.locale | default: 'x' }}";
  expect(showMissing(render(markText(source), { "client.full_name": "Eva" }), missing)).toBe(
    "Hello Eva, in [client.attributes.city] ",
  );
});

test("attributes, comments and style sheets of HTML are left alone", () => {
  const source =
    '<style>p{color:{{ a }}}</style><!-- {{ a }} --><p title="{{ a }}">{{ a }}</p><a href={{ a }}>{{ b }}</a>';
  expect(showMissing(render(markHtml(source), { b: "B" }), missing)).toBe(
    '<style>p{color:}</style><!--  --><p title="">[a]</p><a href=>B</a>',
  );
});

test("the frame's page runs nothing, asks for nothing and leads nowhere", () => {
  const page = previewPage(
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
  const scheme = (html: string) => /:root \{ color-scheme: (\w+)/.exec(previewPage(html, "dark"))?.[1];
  expect(scheme("<p>x</p>")).toBe("light");
  expect(scheme('<meta name="color-scheme" content="light dark"><p>x</p>')).toBe("dark");
  expect(scheme("<style>@media (prefers-color-scheme: dark) { p { color: #fff } }</style>")).toBe("dark");
});
