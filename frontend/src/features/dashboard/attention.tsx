import { Button, Group, Stack, Text } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, type LinkProps } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { transportsInTrouble } from "@/api/queries/transports-in-trouble";
import type { Report } from "@/api/types";
import { may } from "@/auth/rights";
import { useMe } from "@/auth/use-session";
import { useFormat } from "@/format/use-format";
import { place } from "@/ui/place";
import { useReasonWords } from "@/ui/reason-words";
import { StateBadge } from "@/ui/state-badge";
import classes from "./attention.module.css";
import { Section } from "./section";

/** What does not go on without a person, each with the way to what can be done about it. */
export function Attention({ runs }: { runs: Report[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const words = useReasonWords();
  const me = useMe();
  const transports = useQuery({ ...transportsInTrouble(), enabled: may(me, "superuser") }).data ?? [];

  const items = [
    ...transports.map(({ id, name, state, answer }) => (
      <Item
        key={`transport-${id}`}
        title={t("dashboard.attention.transport", { name })}
        text={
          state === "unusable"
            ? t("dashboard.attention.unusable")
            : answer
              ? t("dashboard.attention.resting", { answer })
              : t("dashboard.attention.restingSilent")
        }
        act={t("dashboard.attention.transports")}
        link={place("/admin/transports")}
      />
    )),
    ...runs
      .filter(({ status }) => status === "paused")
      .map(({ run_id, mailing_id, mailing_name, reason }) => (
        <Item
          key={`paused-${run_id}`}
          title={mailing_name}
          badge={<StateBadge of="run" state="paused" />}
          text={words(reason)}
          act={t("dashboard.attention.open")}
          link={place(`/mailings/${mailing_id}`)}
        />
      )),
    ...runs
      .filter(({ counts }) => counts.in_doubt > 0)
      .map(({ run_id, mailing_name, counts }) => (
        <Item
          key={`doubt-${run_id}`}
          title={mailing_name}
          badge={<StateBadge of="delivery" state="in_doubt" />}
          text={t("dashboard.attention.doubt", {
            count: counts.in_doubt,
            number: format.number(counts.in_doubt),
          })}
          act={t("dashboard.attention.decide")}
          link={{
            to: "/reports/$runId",
            params: { runId: run_id },
            search: { state: "in_doubt" },
            hash: "recipients",
          }}
        />
      )),
  ];
  return (
    <Section id="attention" title={t("dashboard.attention.title")}>
      {items.length === 0 ? (
        <Group gap="xs" wrap="nowrap">
          <IconCircleCheck size={20} aria-hidden className={classes.well} />
          <Text c="dimmed">{t("dashboard.attention.none")}</Text>
        </Group>
      ) : (
        <Stack component="ul" gap="md" className={classes.list ?? ""}>
          {items}
        </Stack>
      )}
    </Section>
  );
}

interface ItemProps {
  title: string;
  badge?: ReactNode;
  text: string;
  act: string;
  link: LinkProps;
}

function Item({ title, badge, text, act, link }: ItemProps) {
  return (
    <Group component="li" justify="space-between" align="flex-start" gap="xs 16px">
      <div className={classes.text}>
        <Group gap="xs">
          <Text fw={500} lineClamp={2} title={title} style={{ overflowWrap: "anywhere" }}>
            {title}
          </Text>
          {badge}
        </Group>
        <Text size="sm">{text}</Text>
      </div>
      <Button variant="default" size="xs" renderRoot={(props) => <Link {...props} {...link} />}>
        {act}
      </Button>
    </Group>
  );
}
