import type { LinkProps } from "@tanstack/react-router";

/** A link to a path that is put together, for what leads from one feature to a thing of another. */
export function place(path: string): LinkProps {
  return { to: path } as LinkProps;
}
