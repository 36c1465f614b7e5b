import { Button, Group, Skeleton, Stack, Table, Text } from "@mantine/core";
import { IconChartBar, IconTable } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { part } from "@/api/failure";
import { useFormat } from "@/format/use-format";
import classes from "./bar-chart.module.css";

/** What a stack is made of; each has the colour that it has everywhere. */
export type Series = "sent" | "failed" | "deferred" | "in_doubt";

export interface Point {
  /** Of the bar, unique. */
  key: string;
  /** Below the bar, short. */
  tick: string;
  /** In the table and beside the pointer, whole. */
  label: string;
  values: Partial<Record<Series, number>>;
}

interface Props {
  /** The whole chart in a sentence, for those who do not see it. */
  summary: string;
  /** What the bars stand for, over the first column of the table. */
  axis: string;
  series: readonly Series[];
  points: Point[];
  /** Under the chart. */
  note?: string;
}

const Plot = lazy(() => part(import("./plot")));

/** Stacked bars over time; the same numbers stand in a table for whoever would rather read them. */
export function BarChart({ summary, axis, series, points, note }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const [asTable, setAsTable] = useState(false);
  const Shape = asTable ? IconChartBar : IconTable;
  return (
    <figure className={classes.figure}>
      <Stack gap="sm">
        <Group justify="space-between" gap="xs">
          <ul className={classes.legend}>
            {series.map((name) => (
              <li key={name}>
                <span className={classes.swatch} style={{ background: `var(--series-${name})` }} />
                {t(`state.delivery.${name}`)}
              </li>
            ))}
          </ul>
          <Button
            variant="subtle"
            size="compact-sm"
            leftSection={<Shape size={16} aria-hidden />}
            onClick={() => setAsTable(!asTable)}
            className="no-print"
          >
            {t(asTable ? "ui.chart.asChart" : "ui.chart.asTable")}
          </Button>
        </Group>
        {asTable ? (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
          <section className={classes.table} tabIndex={0} aria-label={summary}>
            <Table stickyHeader>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{axis}</Table.Th>
                  {series.map((name) => (
                    <Table.Th key={name} ta="right">
                      {t(`state.delivery.${name}`)}
                    </Table.Th>
                  ))}
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {points.map(({ key, label, values }) => (
                  <Table.Tr key={key}>
                    <Table.Th scope="row" fw={400}>
                      {label}
                    </Table.Th>
                    {series.map((name) => (
                      <Table.Td key={name} ta="right">
                        {format.number(values[name] ?? 0)}
                      </Table.Td>
                    ))}
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </section>
        ) : (
          <div className={classes.plot} role="img" aria-label={summary}>
            <Suspense fallback={<Skeleton height={220} />}>
              <Plot series={series} points={points} />
            </Suspense>
          </div>
        )}
        {note && (
          <Text size="xs" c="dimmed">
            {note}
          </Text>
        )}
      </Stack>
    </figure>
  );
}
