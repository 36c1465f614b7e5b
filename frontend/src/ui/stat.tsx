import { Anchor, Paper, Skeleton, Text } from "@mantine/core";
import { Link, type LinkProps } from "@tanstack/react-router";
import { useFormat } from "@/format/use-format";

interface Props {
  label: string;
  /** Undefined while it is not known. */
  value: number | undefined;
  /** The list of what the number counts, where the reader may see it; of none there is none. */
  link?: LinkProps;
}

/** One number with its name, to stand in a <dl>. */
export function Stat({ label, value, link }: Props) {
  const format = useFormat();
  const figure = value === undefined ? null : format.number(value);
  return (
    <Paper withBorder p="md" component="div">
      <Text component="dt" c="dimmed" size="sm">
        {label}
      </Text>
      <Text component="dd" m={0} mt={4} fz={32} lh="40px" fw={600} className="tabular">
        {figure === null ? (
          <Skeleton height={32} width={96} my={4} />
        ) : link && value !== 0 ? (
          <Anchor renderRoot={(props) => <Link {...props} {...link} />} inherit>
            {figure}
          </Anchor>
        ) : (
          figure
        )}
      </Text>
    </Paper>
  );
}
