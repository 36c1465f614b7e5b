import { useTranslation } from "react-i18next";
import type { Permission } from "@/api/permissions.gen";

type Key<Name> = Name extends `${infer Noun}.${infer Verb}` ? `${Noun}_${Verb}` : never;

/** The permissions of the API in words: a short name, and what one may do by it. */
export function usePermissionWords() {
  const { t } = useTranslation();
  const key = (permission: Permission) => permission.replace(".", "_") as Key<Permission>;
  return {
    name: (permission: Permission): string => t(`groups.permissions.${key(permission)}.name`),
    does: (permission: Permission): string => t(`groups.permissions.${key(permission)}.does`),
  };
}
