import { expect, test } from "vitest";
import { canonical } from "./canonical";
import { canEdit, frameOf, toDocument, toHtml } from "./convert";

const whole = (body: string) =>
  `<!DOCTYPE html>\n<html><head><title>{{ mailing.name }}</title><style>p{color:red}</style></head>\n<body bgcolor=#fff>\n${body}\n</body></html>`;

const kept = [
  "<p>Hello</p>",
  '<h1>Hello, {{ client.full_name }}!</h1><p>We look forward to you. <a href="{{ unsubscribe_url }}">Unsubscribe</a></p>',
  "<p>{{client.attributes.city|default:\"your <city> & 'place'\"}}</p>",
  "<p>{{- client.full_name | upcase -}}</p>",
  "<p><a href='https://example.com/?q={{ client.attributes.q | default: \"a&b\" }}&amp;x=1'>go</a></p>",
  "<ul><li>one</li><li>two <b>bold</b><ol><li>in</li></ol></li></ul>",
  '<ol start="3"><li>three</li></ol>',
  "<p><b>a</b> <strong>b</strong> <i>c</i> <em>d</em> <u>e</u> <s>f</s> <del>g</del></p>",
  '<p style="text-align: center;color:#123456">styled</p><h2 align=center>x</h2>',
  '<p style="background:url(data:image/png;base64,AAAA)">x</p>',
  "<p>a<br>b</p><hr><blockquote><p>q</p></blockquote>",
  '<p><img src="https://example.com/a.png" alt="A &quot;b&quot;" width="200" style="max-width:100%"></p>',
  '<p><a href="https://example.com"><img src="https://example.com/a.png" alt=""></a></p>',
  '<p><a href="https://example.com" style="display:inline-block;padding:9px">Come, {{ client.full_name }}</a></p>',
  '<p align="center"><a href="https://example.com" style="display:inline-block">Go</a></p>',
  "<p>5 &lt; 6 &amp;&amp; 7 &gt; 6 &nbsp; — «ёж» 🦔</p>",
  "  <p>\n  spread over\n  lines  </p>\n\n<p>x</p>  ",
  "<P>UPPER</P><BR>".replace("<BR>", ""),
  whole("<p>in a page {{ x }}</p>"),
  whole('<div class="box" style="max-width:600px">\n<p>in a box</p>\n</div>'),
  "",
];

test.each(kept.map((html) => [html]))("nothing is lost of %s", (html) => {
  expect(canEdit(html)).toBeNull();
  const again = toHtml(toDocument(html), html);
  expect(canonical(frameOf(again).body)).toBe(canonical(frameOf(html).body));
  if (html) expect(frameOf(again)).toMatchObject({ head: frameOf(html).head, tail: frameOf(html).tail });
  // What comes out is edited again, and stays as it is.
  expect(canEdit(again)).toBeNull();
  expect(toHtml(toDocument(again), again)).toBe(again);
  for (const mark of html.match(/\{\{.*?\}\}/g) ?? []) expect(again).toContain(mark);
});

test.each([
  ["{% if client.full_name %}<p>Hi</p>{% endif %}", "liquid"],
  ["<p>{% for x in client.attributes.list %}{{ x }}{% endfor %}</p>", "liquid"],
  ["<table><tr><td>Bought template</td></tr></table>", "layout"],
  ["<div><div>boxes</div></div>", "layout"],
  ["<style>p{}</style><p>x</p>", "layout"],
  ["<tr><td>a piece of a table</td></tr>", "other"],
  ["<p>x</p></section>", "other"],
  ["<p>x</p><!--[if mso]><b>Outlook</b><![endif]-->", "other"],
  ["<p><span style='color:red'>red</span></p>", "other"],
  ["<p><font color=red>red</font></p>", "other"],
  ['<p id="top">x</p>', "other"],
  ['<p><a href="javascript:alert(1)">x</a></p>', "other"],
  ["<p><b>not closed</p>", "other"],
  ["text without a paragraph", "other"],
  ["<h4>too deep</h4>", "other"],
  ["<li>an item alone</li>", "other"],
  ["<p>a<a name='here'></a></p>", "other"],
  ["<!doctype html><p>x</p>", "other"],
  ["<p>\uE0000\uE001</p>", "other"],
  ["<pre>  kept  </pre>", "other"],
  ["<ul><li><p>loose</p></li></ul>", "other"],
])("%s opens as source", (html, reason) => {
  expect(canEdit(html)).toBe(reason);
});

test("a canonical form tells apart what a reader would", () => {
  expect(canonical("<p>a b</p>")).not.toBe(canonical("<p>ab</p>"));
  expect(canonical("<p>a&nbsp;b</p>")).not.toBe(canonical("<p>a b</p>"));
  expect(canonical("<p>a <b>b</b></p>")).not.toBe(canonical("<p>a<b>b</b></p>"));
  expect(canonical('<p a="1" b="2">x</p>')).toBe(canonical("<p b='2'\n a=1> x</p>"));
});

test("a message begun here stands in a page of its own, and is nothing while it is empty", () => {
  const written = toHtml(toDocument("<p>Hello</p>"), "");
  expect(written).toMatch(/^<!doctype html>[\s\S]*<p>Hello<\/p>[\s\S]*<\/body><\/html>\n$/);
  expect(canEdit(written)).toBeNull();
  expect(toHtml(toDocument(""), written)).toBe("");
});
