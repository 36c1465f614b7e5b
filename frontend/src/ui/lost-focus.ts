import { focusHeading } from "./page-header";

/**
 * How long what goes away may be followed by what takes the focus itself, as a dialog that gives it back or a new page, in
 * milliseconds. Longer than a dialog takes to fade.
 */
const SETTLES = 300;
/** What is open over the page, and closes. */
const LAYER = '[role="dialog"], [role="menu"], [role="listbox"], .mantine-Notifications-root';
/** Rows out of sight leave a long table while one scrolls. */
const ROW_OF_MANY = "tr[data-index]";

/** What has the focus, or had it in a layer below. */
interface Stop {
  at: HTMLElement;
  /** What it stands in, from the inside. What has left the page does not tell any more. */
  around: HTMLElement[];
  layer: Element | null;
  /** Somebody pressed it, also before what was opened by that and has given the focus back. */
  pressed: boolean;
}

/**
 * Finds a place for the focus when what has it goes away or can no longer be pressed: a button that is gone with its act, a
 * dialog whose button is gone. Otherwise it would be nowhere, and whoever works with the keyboard begins at the top again.
 *
 * It goes back to what can be pressed again, as after a failure; else to the heading of the section or of the dialog it
 * stood in; else to what had it before the dialog was opened; else to the heading of the page. Returns what ends that.
 */
export function keepFocus(): () => void {
  let stops: Stop[] = [];
  let settling: ReturnType<typeof setTimeout> | undefined;

  /** Nothing has the focus, though nobody took it away. In a browser without its own mending a dead button keeps it. */
  const isLost = () => {
    const stop = stops.at(-1);
    const active = document.activeElement;
    return (
      stop !== undefined &&
      (!active || active === document.body || (active === stop.at && !isUsable(stop.at)))
    );
  };

  const settle = () => {
    settling = undefined;
    const stop = stops.at(-1);
    if (!stop || !isLost()) return;
    // What is on its way ends, and then is looked at anew.
    if (stop.at.isConnected && stop.at.matches("[data-loading]")) return;
    if (!stop.pressed && !stop.at.isConnected && stop.at.closest(ROW_OF_MANY)) return;
    for (const before of stops.toReversed()) {
      const place = isUsable(before.at) ? before.at : headingOver(before);
      if (place && focus(place)) return;
    }
    focusHeading();
  };
  const look = () => {
    if (isLost()) settling ??= setTimeout(settle, SETTLES);
  };

  const came = ({ target }: FocusEvent) => {
    if (!(target instanceof HTMLElement)) return;
    const layer = target.closest(LAYER);
    const below = stops.findIndex((stop) => stop.layer === layer);
    const around: HTMLElement[] = [];
    for (let one = target.parentElement; one; one = one.parentElement) around.push(one);
    stops = [
      ...(below < 0 ? stops : stops.slice(0, below)).filter((stop) => stop.layer?.isConnected !== false),
      { at: target, around, layer, pressed: stops.some((stop) => stop.at === target && stop.pressed) },
    ];
  };
  const went = ({ target, relatedTarget }: FocusEvent) => {
    if (relatedTarget) return;
    // Whoever clicks where nothing is means it. What goes away is told of before it is gone.
    setTimeout(() => {
      if (document.activeElement === document.body && isUsable(target as HTMLElement)) stops = [];
      else look();
    });
  };
  const press = () => {
    const stop = stops.at(-1);
    if (stop) stop.pressed = true;
  };

  const changes = new MutationObserver(look);
  changes.observe(document, {
    childList: true,
    subtree: true,
    attributeFilter: ["disabled", "data-loading", "hidden"],
  });
  document.addEventListener("focusin", came);
  document.addEventListener("focusout", went);
  document.addEventListener("click", press, true);
  return () => {
    clearTimeout(settling);
    changes.disconnect();
    document.removeEventListener("focusin", came);
    document.removeEventListener("focusout", went);
    document.removeEventListener("click", press, true);
  };
}

function isUsable(at: HTMLElement): boolean {
  return at.isConnected && !at.matches(":disabled") && !at.closest("[hidden], [inert]") && isSeen(at);
}

/** jsdom lays nothing out. */
const isSeen = (at: HTMLElement) => at.checkVisibility?.() ?? true;

function headingOver({ around }: Stop): HTMLElement | undefined {
  for (const one of around) {
    const id = one.isConnected && one.getAttribute("aria-labelledby");
    const heading = id ? document.getElementById(id) : null;
    if (heading?.matches("h1, h2, h3, h4, h5, h6")) return heading;
  }
  return undefined;
}

function focus(place: HTMLElement): boolean {
  if (/^H\d$/.test(place.tagName)) place.tabIndex = -1;
  place.focus({ preventScroll: true });
  return document.activeElement === place;
}
