import { useTranslation } from "react-i18next";
import type { Audience } from "@/api/types";
import { useFormat } from "@/format/use-format";

/** An audience as people say it: "everybody with the tag vip or new, and 3 chosen clients, except …". */
export function useAudienceWords(): (audience: Audience) => string {
  const { t, i18n } = useTranslation();
  const format = useFormat();
  return (audience) => {
    const list = new Intl.ListFormat(i18n.language === "en" ? "en-GB" : i18n.language);
    const group = (tags: string[], ids: number[]) =>
      [
        tags.length > 0 ? t("mailing.audience.tagged", { tags: tags.join(", ") }) : "",
        ids.length > 0
          ? t("mailing.audience.chosen", { count: ids.length, number: format.number(ids.length) })
          : "",
      ].filter(Boolean);
    const who = audience.all ? [t("mailing.audience.all")] : group(audience.tags, audience.client_ids);
    const without = group(audience.exclude_tags, audience.exclude_client_ids);
    return without.length > 0
      ? t("mailing.audience.except", { who: list.format(who), without: list.format(without) })
      : list.format(who);
  };
}
