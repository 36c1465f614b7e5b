import { expect, test } from "vitest";
import { type Check, CLIPPED_AT, type Content, preflight } from "./preflight";

const good: Content = {
  name: "Fair",
  subject: "Come to the fair, {{ client.full_name }}",
  html: '<p>Hello</p><p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p>',
  text: "Hello. {{ unsubscribe_url }}",
};
const found = (part: Partial<Content>, known = {}) =>
  preflight({ ...good, ...part }, known).map(({ check }) => check);

test("a message with everything has nothing to say", () => {
  expect(preflight(good, { attributes: {}, size: 5000 })).toEqual([]);
});

test.each<[string, Partial<Content>, Check[]]>([
  ["no subject", { subject: "  " }, ["noSubject"]],
  ["a long subject", { subject: "x".repeat(71) }, ["longSubject"]],
  [
    "a long placeholder in a short subject",
    { subject: `{{ client.full_name | default: "${"x".repeat(80)}" }}` },
    [],
  ],
  ["no body", { html: " ", text: "" }, ["noBody"]],
  ["no text", { text: "" }, ["derivedText"]],
  ["no link to unsubscribe", { html: "<p>x</p>", text: "x" }, ["footer", "textFooter"]],
  ["no link in the text", { text: "x" }, ["textFooter"]],
  ["no link in the HTML", { html: "<p>x</p>" }, ["footer"]],
  ["no link in a message of text alone", { html: "", text: "x" }, ["footer"]],
  ["a picture without words", { html: `${good.html}<img src="https://example.com/a.png">` }, ["noAlt"]],
  [
    "pictures with words, or meant to have none",
    { html: `${good.html}<img alt="A > b" src=http://x><IMG alt="" src=HTTPS://y>` },
    [],
  ],
  ...["file:///C:/a.png", "blob:https://example.com/1", "a.png", "/a.png", "//example.com/a.png", ""].map(
    (src): [string, Partial<Content>, Check[]] => [
      `a picture at "${src}"`,
      { html: `${good.html}<img alt="" src="${src}">` },
      ["noPicture"],
    ],
  ),
  [
    "pictures in the message, or of each client",
    {
      html: `${good.html}<img alt="" src="data:image/png;base64,AA"><img alt="" src="cid:a"><img alt="" src="{{ client.attributes.photo }}">`,
    },
    [],
  ],
  ["a picture in a comment", { html: `${good.html}<!-- <img src="a.png"> -->` }, []],
  ["a link without scheme", { html: `${good.html}<a href="example.com">x</a>` }, ["noScheme"]],
  [
    "a link to this machine",
    { html: `${good.html}<a href='http://localhost:8080/x'>x</a>` },
    ["localAddress"],
  ],
  ["a link to 127.0.0.1", { html: `${good.html}<a href=https://127.0.0.1/x>x</a>` }, ["localAddress"]],
  [
    "a link to nowhere",
    { html: `${good.html}<a href="">x</a><a href="#">y</a>` },
    ["noAddress", "noAddress"],
  ],
  [
    "links that are fine",
    {
      html: `${good.html}<a href="mailto:a@b.c">x</a><a href="{{ client.attributes.url | default: 'https://x.y' }}">y</a><a href="#top">z</a><a name="top"></a>`,
    },
    [],
  ],
  [
    "an unknown placeholder, once",
    { text: `${good.text} {{ client.name }} {{ client.name }}` },
    ["unknownPlaceholder"],
  ],
  ["an unknown placeholder in the subject", { subject: "{{ name }}" }, ["unknownPlaceholder"]],
  ["what the message assigns itself", { text: `${good.text}{% assign x = 1 %}{{ x }}` }, []],
  ["a mere text", { text: `${good.text}{{ "x" }}` }, []],
])("%s", (_, part, checks) => {
  expect(found(part)).toEqual(checks);
});

test("an attribute that no client has is named, unless it has a default", () => {
  const text = `${good.text} {{ client.attributes.city }} {{ client.attributes["first name"] }}`;
  expect(found({ text })).toEqual([]);
  expect(preflight({ ...good, text }, { attributes: { city: "x" } })).toMatchObject([
    { check: "unknownAttribute", what: "first name", part: "text" },
  ]);
  expect(found({ text: `${good.text}{{ client.attributes.a | default: "b" }}` }, { attributes: {} })).toEqual(
    [],
  );
});

test("a finding leads to its place", () => {
  const [finding] = preflight({ ...good, html: `${good.html}<a href="example.com">x</a>` });
  const source = `${good.html}<a href="example.com">x</a>`;
  expect(source.slice(finding?.from, finding?.to)).toBe('<a href="example.com">');
});

test("what Gmail would clip is told, by the size of what goes out", () => {
  expect(found({}, { size: CLIPPED_AT + 1 })).toEqual(["clipped"]);
  expect(found({}, { size: CLIPPED_AT * 0.95 })).toEqual(["nearlyClipped"]);
  expect(found({ html: good.html + "я".repeat(CLIPPED_AT / 2) })).toEqual(["clipped"]);
});
