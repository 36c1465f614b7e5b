/** Where one lands after signing in. */
export const START_PATH = "/dashboard";

const OUTSIDE = ["/sign-in", "/register", "/api", "/u", "/swagger"];

/**
 * The path to return to after signing in, from the address bar, where anybody may have put anything: only a
 * path of this very interface is taken, everything else means the start page.
 */
export function returnPath(wanted: unknown): string {
  if (typeof wanted !== "string" || !wanted.startsWith("/")) return START_PATH;
  let url: URL;
  try {
    // Browsers read "//host", "/\host" and "/<tab>/host" as another host; the parser knows all of them.
    url = new URL(wanted, window.location.origin);
  } catch {
    return START_PATH;
  }
  if (url.origin !== window.location.origin) return START_PATH;
  if (
    url.pathname === "/" ||
    OUTSIDE.some((path) => url.pathname === path || url.pathname.startsWith(`${path}/`))
  )
    return START_PATH;
  return url.pathname + url.search + url.hash;
}
