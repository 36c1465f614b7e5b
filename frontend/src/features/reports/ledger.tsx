import { Anchor, Paper, Table, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { type DeliveryState, ENDS, OPEN, type Report } from "@/api/types";
import { useFormat } from "@/format/use-format";
import { StateBadge } from "@/ui/state-badge";
import classes from "./report.module.css";

interface Props {
  runId: number;
  counts: Report["counts"];
}

/** The sums of a run as a ledger that adds up: what was planned is what became of it, each number a link to its rows. */
export function Ledger({ runId, counts }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const { planned } = counts;
  const open = OPEN.filter((state) => counts[state] > 0);
  const states: DeliveryState[] = [...ENDS, ...open];
  const parts = states
    .filter((state) => counts[state] > 0)
    .map((state) => `${format.number(counts[state])} ${t(`state.delivery.${state}`).toLocaleLowerCase()}`);

  const number = (state: DeliveryState | undefined, count: number) =>
    count === 0 ? (
      <Text span inherit c="dimmed">
        0
      </Text>
    ) : (
      <Anchor
        inherit
        aria-label={
          state
            ? t("reports.ledger.show", {
                state: t(`state.delivery.${state}`),
                number: format.number(count),
              })
            : t("reports.ledger.all", { number: format.number(count) })
        }
        renderRoot={(props) => (
          <Link
            {...props}
            to="/reports/$runId"
            params={{ runId }}
            search={state ? { state } : {}}
            hash="recipients"
          />
        )}
      >
        {format.number(count)}
      </Anchor>
    );

  return (
    <Paper withBorder p="md" component="section" aria-labelledby="ledger">
      <Title id="ledger" order={2} size="h5" mb="xs">
        {t("reports.ledger.title")}
      </Title>
      <Table className={classes.ledger} verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("reports.ledger.state")}</Table.Th>
            <Table.Th ta="right">{t("reports.ledger.count")}</Table.Th>
            <Table.Th ta="right">{t("reports.ledger.share")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {states.map((state) => (
            <Table.Tr key={state} data-quiet={counts[state] === 0 || undefined}>
              <Table.Td>
                <StateBadge of="delivery" state={state} quiet={counts[state] === 0} />
              </Table.Td>
              <Table.Td ta="right" fw={counts[state] > 0 ? 600 : 400}>
                {number(state, counts[state])}
              </Table.Td>
              <Table.Td ta="right" c="dimmed">
                {format.share(counts[state], planned)}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
        <Table.Tfoot>
          <Table.Tr>
            <Table.Th scope="row">{t("reports.ledger.planned")}</Table.Th>
            <Table.Td ta="right" fw={650}>
              {number(undefined, planned)}
            </Table.Td>
            <Table.Td />
          </Table.Tr>
        </Table.Tfoot>
      </Table>
      {planned > 0 && (
        <Text size="sm" c="dimmed" mt="sm" className="tabular">
          {t("reports.ledger.sum", { planned: format.number(planned), parts: parts.join(" + ") })}
        </Text>
      )}
    </Paper>
  );
}
