import type { ReactNode } from "react";
import classes from "./data-table.module.css";

/** What a cell says; mere words, however long, in two lines with their whole in the title. */
export function Words({ children }: { children: ReactNode }) {
  if (typeof children !== "string" || children === "") return children;
  return (
    <div className={classes.words} title={children}>
      {children}
    </div>
  );
}
