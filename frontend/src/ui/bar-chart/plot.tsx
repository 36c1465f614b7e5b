import { useTranslation } from "react-i18next";
import { Bar, BarChart, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import { useFormat } from "@/format/use-format";
import type { Point, Series } from "./bar-chart";
import classes from "./bar-chart.module.css";

/** The drawing, apart because recharts is large. */
export default function Plot({ series, points }: { series: readonly Series[]; points: Point[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const ticks = new Map(points.map(({ key, tick }) => [key, tick]));
  const Tip = ({ active, payload }: { active?: boolean; payload?: readonly { payload?: Point }[] }) => {
    const point = payload?.[0]?.payload;
    if (!active || !point) return null;
    return (
      <div className={classes.tip}>
        <strong>{point.label}</strong>
        {series.map((name) => (
          <div key={name} className="tabular">
            {t(`state.delivery.${name}`)}: {format.number(point.values[name] ?? 0)}
          </div>
        ))}
      </div>
    );
  };
  return (
    <ResponsiveContainer width="100%" height="100%" initialDimension={{ width: 320, height: 220 }}>
      <BarChart data={points} accessibilityLayer={false} margin={{ top: 8, right: 4, bottom: 0, left: 0 }}>
        <XAxis
          dataKey="key"
          tickFormatter={(key) => ticks.get(String(key)) ?? ""}
          tickLine={false}
          interval="equidistantPreserveStart"
          minTickGap={24}
          stroke="var(--mantine-color-default-border)"
        />
        <YAxis
          allowDecimals={false}
          width={48}
          axisLine={false}
          tickLine={false}
          tickFormatter={(value) => format.number(Number(value))}
        />
        <Tooltip content={Tip} cursor={{ fill: "var(--mantine-color-default-hover)" }} />
        {series.map((name) => (
          <Bar
            key={name}
            dataKey={(point: Point) => point.values[name] ?? 0}
            name={name}
            stackId="all"
            fill={`var(--series-${name})`}
            isAnimationActive={false}
            maxBarSize={40}
          />
        ))}
      </BarChart>
    </ResponsiveContainer>
  );
}
