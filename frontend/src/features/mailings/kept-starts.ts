/** Starts that can still be taken back, kept in this browser: a page that is reloaded, or opened in another tab, offers it too. */

export const KEY = "postrider.starts";
/** How long a start can be taken back, in milliseconds. */
export const UNDO = 10_000;

export interface KeptStart {
  /** Until when, by the clock of this machine, in milliseconds since the epoch. */
  end: number;
  /** When the mailing was to start before; null where it was a draft without a time. */
  planned: string | null;
}

/** The start of a mailing that can be taken back now, if there is one. */
export function keptStart(id: number): KeptStart | undefined {
  return all()[id];
}

export function keepStart(id: number, start: KeptStart): void {
  write({ ...all(), [id]: start });
}

export function forgetStart(id: number): void {
  const { [id]: _, ...others } = all();
  write(others);
}

const listeners = new Set<() => void>();

/** Calls back when this tab or another one kept or forgot a start. Returns what ends it. */
export function subscribeToStarts(listener: () => void): () => void {
  const heard = ({ key }: StorageEvent) => key === KEY && listener();
  window.addEventListener("storage", heard);
  listeners.add(listener);
  return () => {
    window.removeEventListener("storage", heard);
    listeners.delete(listener);
  };
}

/** Without those whose time is over. */
function all(): Record<number, KeptStart> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return Object.fromEntries(Object.entries(kept ?? {}).filter(([, start]) => isOpen(start)));
  } catch {
    return {};
  }
}

function isOpen(start: Partial<KeptStart> | null): boolean {
  const left = Number(start?.end) - Date.now();
  return left > 0 && left <= UNDO;
}

function write(starts: Record<number, KeptStart>): void {
  try {
    if (Object.keys(starts).length === 0) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, JSON.stringify(starts));
  } catch {
    // A full or forbidden storage keeps nothing; a notification offers it all the same.
    return;
  }
  for (const listener of listeners) listener();
}
