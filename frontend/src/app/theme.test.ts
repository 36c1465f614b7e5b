import { DEFAULT_THEME, mergeMantineTheme, toRgba } from "@mantine/core";
import { expect, test } from "vitest";
import { cssVariables, theme } from "./theme";

const mantine = mergeMantineTheme(DEFAULT_THEME, theme);

function luminance(color: string) {
  const { r, g, b } = toRgba(color);
  const [red, green, blue] = [r, g, b].map((part) => {
    const share = part / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string) {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

test("links in a row under the pointer can be read", () => {
  const hover = mantine.components.Table?.defaultProps.highlightOnHoverColor as string;
  const grey = /^light-dark\(var\(--mantine-color-gray-(\d)\)/.exec(hover)?.[1];
  expect(contrast(mantine.colors.indigo[7], mantine.colors.gray[Number(grey)] ?? "")).toBeGreaterThanOrEqual(
    4.5,
  );
});

// What axe sees only of the one thing that is under the pointer.
test.each(["indigo", "gray", "teal", "yellow", "red", "grape"])(
  "words on a tint of %s can be read, also under the pointer",
  (name) => {
    const { light } = cssVariables(mantine);
    const words = light[`--mantine-color-${name}-light-color`] as string;
    const hover = light[`--mantine-color-${name}-light-hover`] as string;
    const tint = mantine.colors[name as "indigo"][1];
    expect(contrast(words, tint)).toBeGreaterThanOrEqual(4.5);
    expect(contrast(words, hover)).toBeGreaterThanOrEqual(4.5);
  },
);
