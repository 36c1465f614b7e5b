import { readFileSync } from "node:fs";
import { DOMParser } from "@tiptap/pm/model";
import { expect, test } from "vitest";
import { inert } from "./canonical";
import { toHtml } from "./convert";
import { pasted } from "./pasted";
import { schema } from "./schema";

/** What stands in the message after a paste. */
function put(html: string) {
  const taken = pasted(html);
  const document = DOMParser.fromSchema(schema).parse(inert(taken.html));
  const written = toHtml(document, "<body></body>").slice("<body>".length, -"</body>".length);
  return { ...taken, written: written.replaceAll("\u00a0", "~").replaceAll("&nbsp;", "~").split("\n") };
}

const clipboard = (name: string) => readFileSync(`${import.meta.dirname}/fixtures/${name}.html`, "utf8");

test("of Word comes what the editor can hold, and the rest as text", () => {
  const { written, simplified } = put(clipboard("word"));
  expect(written).toEqual([
    "<h1>The “spring” fair</h1>",
    "<h3>What’s on</h3>",
    '<p>Dear friends — come to <b>our fair</b>, <i>all</i> of <u>you</u>. The hall has 120 m², on the 1st floor; see <a href="https://example.com/map">the map</a> or the plan.</p>',
    "<p>~</p>",
    "<ul>",
    "<li>Honey<ul><li>of <b>lime</b></li><li><p>of heather</p><p>brought from the hills</p></li></ul></li>",
    "<li>Cheese</li>",
    "</ul>",
    "<p>The way:</p>",
    '<ol start="3">',
    '<li>By bus<ol type="a"><li>line 12</li></ol></li>',
    "<li>On foot</li>",
    "</ol>",
    "<p><b>Day</b> | <b>Opens</b> | <b>Price</b></p>",
    "<p>Saturday and Sunday | | 5 €</p>",
    "<p>[A hall with stalls]</p>",
  ]);
  expect(simplified).toEqual(["scripts", "pictures", "links", "tables"]);
});

test("of Google Docs comes what its styles say", () => {
  const { written, simplified } = put(clipboard("google-docs"));
  expect(written).toEqual([
    "<h1>The “spring” fair</h1>",
    '<p>Come to <b>our fair</b><i> all</i><u> of you</u><s> soon</s>, H₂O is free: <a href="https://example.com/map">the map</a></p>',
    "<p><br></p>",
    "<ul>",
    "<li>Honey<ul><li>of lime</li></ul></li>",
    "<li>Cheese</li>",
    "</ul>",
    "<ul>",
    "<li>☑ Hall booked</li>",
    "</ul>",
    "<p><b>Day</b> | <b>Price</b></p>",
    "<p>Saturday | 5 €</p>",
    '<p><img src="https://lh7-rt.googleusercontent.com/docsz/AD_4nXe?key=x" width="320" height="200"></p>',
  ]);
  expect(simplified).toEqual(["tables"]);
});

test("of LibreOffice comes what the editor can hold, and the rest as text", () => {
  const { written, simplified } = put(clipboard("libreoffice"));
  expect(written).toEqual([
    "<h1>Весенняя ярмарка</h1>",
    '<p>Приходите на <b>«ярмарку»</b>, <i>все</i> <u>вы</u>: E=mc², xmax. <a href="https://example.com/map">Карта</a></p>',
    "<p><br></p>",
    "<ul>",
    "<li>Мёд<ul><li>липовый</li></ul></li>",
    "<li>Сыр</li>",
    "</ul>",
    "<p><b>День</b> | <b>Цена</b></p>",
    "<p>Суббота | 5 €</p>",
    "<p>[Зал]</p>",
  ]);
  expect(simplified).toEqual(["scripts", "pictures", "tables"]);
});

test("of a web page comes what a reader sees, and a layout follows itself", () => {
  const { written, simplified } = put(clipboard("page"));
  expect(written).toEqual([
    "<h2>News</h2>",
    '<p>A <strong>bold</strong> <b><s>old</s></b> word<a href="https://example.com/wiki#note">[1]</a>, <a href="https://example.com/p">link</a>.</p>',
    "<p>one<br>~ two</p>",
    "<h3>Left</h3>",
    "<p>column</p>",
    "<p>a | b</p>",
    '<p><img src="https://example.com/a.png" alt="A"></p>',
  ]);
  expect(simplified).toEqual(["scripts", "pictures", "embeds", "tables"]);
});

test.each([
  ["file:///C:/a.png", false],
  ["blob:https://example.com/1", false],
  ["data:image/png;base64,AA", false],
  ["a.png", false],
  ["", false],
  ["https://example.com/a.png", true],
  ["HTTP://example.com/a.png", true],
  ["cid:logo", true],
])("whether a pasted picture at %j is taken: %s", (src, taken) => {
  expect(pasted(`<p>Before <img src="${src}"> after</p>`)).toEqual(
    taken
      ? { html: `<p>Before <img src="${src}"> after</p>`, simplified: [] }
      : { html: "<p>Before  after</p>", simplified: ["pictures"] },
  );
});

test("what was cut in the editor comes back as it was", () => {
  const cut =
    '<p data-pm-slice="0 0 []" style="color:red" data-written-style="color:red">a <img src="data:image/png;base64,AA"> <a href="#top">top</a></p>';
  expect(pasted(cut)).toEqual({ html: cut, simplified: [] });
});

test.each([
  ["1.", "ol"],
  ["(b)", "ol"],
  ["iv.", "ol"],
  ["б)", "ol"],
  ["1.2", "ol"],
  ["·", "ul"],
  ["o", "ul"],
  ["§", "ul"],
  ["–", "ul"],
])("an item of Word before which %s stands is one of a list %s", (marker, list) => {
  const item = `<p class=MsoListParagraph style='mso-list:l0 level1 lfo1'><span style='mso-list:Ignore'>${marker}<span>&nbsp; </span></span>x</p>`;
  expect(inert(pasted(item).html).querySelector(`${list} > li`)?.textContent).toBe("x");
});

test("a list of Word whose deepest items come first, and one whose kind changes", () => {
  const item = (level: number, marker: string, text: string) =>
    `<p style="mso-list:l0 level${level} lfo1"><span style="mso-list:Ignore">${marker}</span>${text}</p>`;
  expect(pasted(item(2, "o", "a") + item(1, "·", "b") + item(1, "1.", "c")).html).toBe(
    "<ul><li>a</li></ul><ul><li>b</li></ul><ol><li>c</li></ol>",
  );
});

test("more than a mail can hold is not taken at all; Word's own markup does not count", () => {
  const paragraph = "<p class=MsoNormal style='margin:0cm'>word<o:p></o:p></p>";
  expect(pasted(paragraph.repeat(1000)).html).toBe("<p>word</p>".repeat(1000));
  expect(pasted(`<p>${"word ".repeat(120_000)}</p>`)).toEqual({ html: "", simplified: ["size"] });
});
