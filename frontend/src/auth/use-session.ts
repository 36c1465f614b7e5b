import { useQuery } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { me } from "@/api/queries/me";
import type { User } from "@/api/types";
import { session } from "./session";

/** Whether somebody is signed in, as far as this page knows. */
export function useSignedIn(): boolean {
  return useSyncExternalStore(session.subscribe, () => session.token !== null);
}

/** Whether somebody probably is: for offering "sign in" or "open" without asking the server. */
export function useSignInExpected(): boolean {
  return useSyncExternalStore(session.subscribe, () => session.expected);
}

/** The person signed in; undefined for a visitor and until they are known. */
export function useMe(): User | undefined {
  const signedIn = useSignedIn();
  const { data } = useQuery({ ...me(), enabled: signedIn });
  return signedIn ? data : undefined;
}
