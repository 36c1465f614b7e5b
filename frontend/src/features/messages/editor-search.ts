/** How a message is shown while it is written. */
export interface EditorSearch {
  tab?: "visual" | "html" | "text" | undefined;
  /** The preview: as a phone shows it without this, and in light surroundings. */
  view?: "desktop" | "text" | undefined;
  ground?: "dark" | undefined;
  /** The client it is shown as; an invented one without this. */
  as?: number | undefined;
}

export type SetSearch = (part: Partial<EditorSearch>) => void;
