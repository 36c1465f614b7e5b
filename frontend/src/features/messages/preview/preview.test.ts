import { expect, test } from "vitest";
import { markHtml, markText, showMissing } from "./marks";

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
