import { expect, test } from "vitest";
import { pasted } from "./pasted";

test.each([
  ["file:///C:/a.png", false],
  ["blob:https://example.com/1", false],
  ["a.png", false],
  ["", false],
  ["https://example.com/a.png", true],
  ["HTTP://example.com/a.png", true],
  ["data:image/png;base64,AA", true],
  ["cid:logo", true],
])("whether a pasted picture at %j is taken: %s", (src, taken) => {
  expect(pasted(`<p>Before <img src="${src}"> after</p>`)).toBe(
    taken ? `<p>Before <img src="${src}"> after</p>` : "<p>Before  after</p>",
  );
});

test("the looks of other programs stay there", () => {
  expect(pasted('<p class="MsoNormal" style="color:red" align="center"><b>x</b></p>')).toBe(
    "<p><b>x</b></p>",
  );
});
