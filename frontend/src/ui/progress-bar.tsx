import { Group, Progress, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useFormat } from "@/format/use-format";

interface Part {
  value: number;
  /** One of the four meanings' colours, or the accent. */
  color: "teal" | "yellow" | "red" | "grape" | "indigo" | "gray";
}

interface Props {
  /** What is going on, read out as the bar's name. */
  label: string;
  /** What stands above says it already. */
  hideLabel?: boolean;
  done: number;
  total: number;
  /** What the done ones became, each with its colour; without it the bar is of one colour. */
  parts?: Part[];
  /** Done per second, when known. */
  rate?: number | null | undefined;
  /** It waits for something: the rate says nothing of the end. */
  waits?: boolean;
  /** Nobody answers: it is how far the work was, and nobody knows how far it is. */
  lost?: boolean;
}

/** How far long work is: a bar, n of m, the rate and the time left. */
export function ProgressBar({
  label,
  hideLabel = false,
  done,
  total,
  parts,
  rate,
  waits = false,
  lost = false,
}: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const share = (value: number) => (total > 0 ? Math.min(100, (value / total) * 100) : 0);
  // The time left follows from what is shown, so that the two agree.
  const shown = rate && !lost ? Math.round(rate < 10 ? rate * 10 : rate) / (rate < 10 ? 10 : 1) : 0;
  const words = [
    t("ui.progress.of", { done: format.number(done), total: format.number(total) }),
    shown > 0 ? t("ui.progress.rate", { rate: format.number(shown) }) : "",
    shown > 0 && !waits && done < total
      ? t("ui.progress.left", { time: format.duration(Math.ceil((total - done) / shown)) })
      : "",
    lost ? t("ui.progress.lost") : "",
  ].filter(Boolean);
  return (
    <Stack gap={6}>
      <Group justify="space-between" gap="xs">
        {!hideLabel && (
          <Text size="sm" fw={500}>
            {label}
          </Text>
        )}
        <Text size="sm" c="dimmed" className="tabular">
          {words.join(" · ")}
        </Text>
      </Group>
      <Progress.Root
        size="md"
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={total}
        aria-valuenow={done}
        aria-valuetext={words.join(", ")}
      >
        {(parts ?? [{ value: done, color: "indigo" as const }]).map(({ value, color }) => (
          <Progress.Section key={color} value={share(value)} color={lost ? "gray" : color} withAria={false} />
        ))}
      </Progress.Root>
    </Stack>
  );
}
