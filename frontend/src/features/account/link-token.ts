import { useEffect, useState } from "react";

/**
 * The token of a mail's link. It leaves the address as soon as the page is there, so that it stays neither in the
 * history nor in what one copies out of the address bar.
 */
export function useLinkToken(token: string | undefined, forget: () => void): string {
  const [kept] = useState(token ?? "");
  useEffect(() => {
    if (token) forget();
  }, [token, forget]);
  return kept;
}
