import { Stack, Text, Title } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck, IconCircleX, IconInfoCircle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { FieldFailure } from "@/api/failure";
import classes from "./editor.module.css";
import type { Finding, Level, Part } from "./preflight";
import type { Jump } from "./source-editor";

const ICONS = {
  error: { Shape: IconCircleX, color: "var(--mantine-color-error)" },
  warning: {
    Shape: IconAlertTriangle,
    color: "light-dark(var(--mantine-color-yellow-9), var(--mantine-color-yellow-5))",
  },
  note: { Shape: IconInfoCircle, color: "var(--mantine-color-dimmed)" },
};
const ORDER: Level[] = ["error", "warning", "note"];

interface Props {
  findings: Finding[];
  /** What the server cannot read. */
  refused: FieldFailure[];
  onJump: (jump: Jump) => void;
}

/** What to look at before the message goes out; each leads to its place. */
export function PreflightList({ findings, refused, onJump }: Props) {
  const { t } = useTranslation();
  const ordered = findings.toSorted((a, b) => ORDER.indexOf(a.level) - ORDER.indexOf(b.level));
  const isClean = refused.length === 0 && findings.every(({ level }) => level === "note");
  return (
    <Stack component="section" gap={4} aria-labelledby="checks-title">
      <Title order={2} size="h5" id="checks-title">
        {t("messages.checks.title")}
      </Title>
      {isClean && (
        <Text className={classes.finding ?? ""} component="div">
          <IconCircleCheck size={18} color="var(--mantine-color-teal-6)" aria-hidden />
          {t("messages.checks.clean")}
        </Text>
      )}
      {refused.map(({ field, message }) => (
        <Row key={field} level="error" jump={{ part: partOf(field) }} onJump={onJump}>
          {t(`messages.part.${partOf(field)}`)}: {message}
        </Row>
      ))}
      {ordered.map(({ check, level, part, from, to, what = "" }) => (
        <Row key={`${check} ${part} ${from} ${what}`} level={level} jump={{ part, from, to }} onJump={onJump}>
          {t(`messages.checks.${check}`, { what: what.slice(0, 80) })}
        </Row>
      ))}
    </Stack>
  );
}

const partOf = (field: string): Part => (field === "html" || field === "text" ? field : "subject");

function Row(props: { level: Level; jump: Jump; onJump: (jump: Jump) => void; children: React.ReactNode }) {
  const { t } = useTranslation();
  const { Shape, color } = ICONS[props.level];
  return (
    <button type="button" className={classes.finding} onClick={() => props.onJump({ ...props.jump })}>
      <Shape size={18} color={color} role="img" aria-label={t(`messages.checks.level.${props.level}`)} />
      <span>{props.children}</span>
    </button>
  );
}
