import { Anchor, Stack, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Summary } from "@/api/types";
import { createFormat } from "@/format/format";
import { sentence } from "@/format/sentence";
import { useFormat } from "@/format/use-format";
import { zoneName } from "@/format/wall";
import { place } from "@/ui/place";
import { Section } from "./section";

/** What starts next, in the words of a calendar and in the zone each mailing is planned in. */
export function Next({ mailings }: { mailings: Summary["next"] }) {
  const { t, i18n } = useTranslation();
  const format = useFormat();
  return (
    <Section
      id="next"
      title={t("dashboard.next.title")}
      more={
        mailings.length > 0 && (
          <Anchor
            size="sm"
            renderRoot={(props) => <Link {...props} to="/mailings" search={{ status: "scheduled" }} />}
          >
            {t("dashboard.next.all")}
          </Anchor>
        )
      }
    >
      {mailings.length === 0 ? (
        <Text c="dimmed">{t("dashboard.next.none")}</Text>
      ) : (
        <Stack gap="sm">
          {mailings.map(({ id, name, next_run_at, timezone }) => {
            const there = createFormat(i18n.language, timezone);
            return (
              <div key={id}>
                <Anchor
                  fw={500}
                  lineClamp={2}
                  title={name}
                  style={{ overflowWrap: "anywhere" }}
                  renderRoot={(props) => <Link {...props} {...place(`/mailings/${id}`)} />}
                >
                  {name}
                </Anchor>
                <Text size="sm" className="tabular">
                  <time dateTime={next_run_at} title={format.fullDateTime(next_run_at)}>
                    {sentence(there.dateTime(next_run_at))}
                  </time>
                  , {zoneName(timezone, i18n.language)}
                </Text>
              </div>
            );
          })}
        </Stack>
      )}
    </Section>
  );
}
