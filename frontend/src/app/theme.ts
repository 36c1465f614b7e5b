import {
  type CSSVariablesResolver,
  createTheme,
  darken,
  localStorageColorSchemeManager,
  type MantineTheme,
} from "@mantine/core";
import type { MouseEvent } from "react";

/** The item goes with its menu: a dialog that it opens must find the focus where it can come back to. */
function focusMenuButton({ currentTarget }: MouseEvent<HTMLElement>): void {
  const button = currentTarget.closest('[role="menu"]')?.getAttribute("aria-labelledby");
  if (button) document.getElementById(button)?.focus();
}

export const theme = createTheme({
  primaryColor: "indigo",
  primaryShade: { light: 7, dark: 8 },
  defaultRadius: "md",
  fontFamily: "'Inter Variable', system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
  headings: { fontFamily: "'Inter Variable', system-ui, sans-serif", fontWeight: "650" },
  spacing: { xs: "8px", sm: "12px", md: "16px", lg: "24px", xl: "32px" },
  respectReducedMotion: true,
  cursorType: "pointer",
  components: {
    // Mantine makes them a <header>, which outside an article is the banner of the whole page.
    ModalHeader: { defaultProps: { role: "none" } },
    DrawerHeader: { defaultProps: { role: "none" } },
    // On Mantine's own grey links are below 4.5:1 in the light theme.
    Table: {
      defaultProps: {
        highlightOnHoverColor: "light-dark(var(--mantine-color-gray-0), var(--mantine-color-dark-5))",
      },
    },
    MenuItem: { defaultProps: { onClickCapture: focusMenuButton } },
  },
});

/**
 * Words on a tint, as of the chosen section or a subtle button under the pointer. Mantine's own pairs are below
 * 4.5:1 in the light theme, its yellow far below.
 */
function tints({ colors }: MantineTheme) {
  const words = { indigo: 0.1, gray: 0, teal: 0.15, yellow: 0.35, red: 0.15, grape: 0.1 };
  return Object.fromEntries(
    Object.entries(words).flatMap(([name, darker]) => {
      const tuple = colors[name as keyof typeof words];
      return [
        [`--mantine-color-${name}-light-hover`, darken(tuple[1], 0.06)],
        [`--mantine-color-${name}-light-color`, darken(tuple[9], darker)],
      ];
    }),
  );
}

// Mantine's own greys and reds for secondary text are below 4.5:1 on its backgrounds.
export const cssVariables: CSSVariablesResolver = (mantine) => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "var(--mantine-color-gray-7)",
    "--mantine-color-placeholder": "var(--mantine-color-gray-7)",
    "--mantine-color-error": "var(--mantine-color-red-9)",
    ...tints(mantine),
  },
  dark: {
    "--mantine-color-dimmed": "var(--mantine-color-dark-1)",
    "--mantine-color-placeholder": "var(--mantine-color-dark-1)",
    "--mantine-color-error": "var(--mantine-color-red-4)",
    "--mantine-color-anchor": "var(--mantine-color-indigo-3)",
  },
});

/** The key is known to public/theme.js too, which paints before this bundle is there. */
export const colorSchemeManager = localStorageColorSchemeManager({ key: "postrider.theme" });
