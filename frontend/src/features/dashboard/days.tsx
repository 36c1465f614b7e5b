import { Anchor, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Summary } from "@/api/types";
import { useFormat } from "@/format/use-format";
import { BarChart, type Series } from "@/ui/bar-chart/bar-chart";
import { Section } from "./section";

const SERIES: readonly Series[] = ["sent", "failed", "in_doubt"];

/** What went out day by day. */
export function Days({ days }: { days: Summary["days"] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const sum = (name: "sent" | "failed" | "in_doubt") => days.reduce((sum, day) => sum + day[name], 0);
  const total = { sent: sum("sent"), failed: sum("failed"), doubt: sum("in_doubt") };
  return (
    <Section
      id="days"
      title={t("dashboard.days.title", { count: days.length })}
      more={
        <Anchor size="sm" renderRoot={(props) => <Link {...props} to="/reports" />}>
          {t("dashboard.days.reports")}
        </Anchor>
      }
    >
      {total.sent + total.failed + total.doubt === 0 ? (
        <Text c="dimmed">{t("dashboard.days.none")}</Text>
      ) : (
        <BarChart
          summary={t("dashboard.days.summary", {
            count: days.length,
            sent: format.number(total.sent),
            failed: format.number(total.failed),
            doubt: format.number(total.doubt),
          })}
          axis={t("dashboard.days.date")}
          series={SERIES}
          points={days.map(({ date, sent, failed, in_doubt }) => ({
            key: date,
            tick: format.dayOfMonth(date),
            label: format.dayOfMonth(date),
            values: { sent, failed, in_doubt },
          }))}
        />
      )}
    </Section>
  );
}
