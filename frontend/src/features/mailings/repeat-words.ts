import type { TFunction } from "i18next";
import type { Mailing } from "@/api/types";

/** How often a mailing runs, in words. */
export function repeatWords(t: TFunction, repeat: Mailing["repeat"]): string {
  if (!repeat) return t("repeat.once");
  const count = repeat.interval || 1;
  switch (repeat.every) {
    case "day":
      return count === 1 ? t("repeat.everyDay") : t("repeat.days", { count });
    case "week":
      return count === 1 ? t("repeat.everyWeek") : t("repeat.weeks", { count });
    case "month":
      return count === 1 ? t("repeat.everyMonth") : t("repeat.months", { count });
    default:
      return t("repeat.cron", { rule: repeat.cron ?? "" });
  }
}
