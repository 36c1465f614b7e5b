import { useTranslation } from "react-i18next";
import type { AuditAction, AuditEvent } from "@/api/types";

type Key<Name> = Name extends `${infer Noun}.${infer Verb}` ? `${Noun}_${Verb}` : never;

/** Kinds of objects that have a word; one without it stands as the API has it. */
const kinds = ["user", "group", "api_key", "transport", "mailing", "client", "list"] as const;

/** What the audit log tells, in words. */
export function useAuditWords() {
  const { t } = useTranslation();
  return {
    action: (action: AuditAction): string =>
      t(`audit.actions.${action.replace(".", "_") as Key<AuditAction>}`),
    kind: (kind: string): string => {
      const known = kinds.find((one) => one === kind);
      return known ? t(`audit.kinds.${known}`) : kind;
    },
    actor: (event: AuditEvent): string =>
      event.actor_email || t(event.ip ? "audit.nobody" : "audit.installation"),
  };
}
