import type { Permission } from "@/api/permissions.gen";
import type { User } from "@/api/types";

/** What a screen or an act may ask for; the permissions are those of the API, "superuser" is the account's. */
export type Right = Permission | "superuser";

/** The owner to name where one's own rows alone are wanted: for those who are answered everyone's, and for nobody else. */
export function onlyOwn(me: User | undefined, viewAll: Right): number | undefined {
  return may(me, viewAll) ? me?.id : undefined;
}

/** Whether a right holds; as at the server, a permission counts only with staff status. Refuses nothing by itself: the server does. */
export function may(user: User | undefined, right: Right): boolean {
  if (!user) return false;
  if (user.is_superuser) return true;
  return right !== "superuser" && user.is_staff && user.permissions.includes(right);
}
