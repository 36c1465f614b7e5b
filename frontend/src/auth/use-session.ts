import { useQuery } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { me } from "@/api/queries/me";
import type { User } from "@/api/types";
import { session } from "./session";

/** Whether somebody probably is: for offering "sign in" or "open" without asking the server. */
export function useSignInExpected(): boolean {
  return useSyncExternalStore(session.subscribe, () => session.expected);
}

/**
 * The person signed in; undefined for a visitor and until they are known. While a lost session asks for the password it
 * is who was there, so that what they have on the page stays.
 */
export function useMe(): User | undefined {
  const signedIn = useSyncExternalStore(session.subscribe, () => session.token !== null);
  const held = useSyncExternalStore(session.subscribe, () => session.held);
  const { data } = useQuery({ ...me(), enabled: signedIn });
  return held ? data : undefined;
}
