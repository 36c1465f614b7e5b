import { Group, Textarea } from "@mantine/core";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import classes from "./editor.module.css";
import { insertText, selectRange } from "./insert-text";
import { PlaceholderPicker } from "./placeholder-picker";

/** A place to go to; a new object goes there anew. */
export interface Jump {
  part: "subject" | "html" | "text";
  from?: number | undefined;
  to?: number | undefined;
}

interface Props {
  label: string;
  description?: string;
  value: string;
  onChange: (value: string) => void;
  error?: string | undefined;
  readOnly?: boolean;
  code?: boolean;
  jump?: Jump | null | undefined;
}

/** A source as it is, letter for letter. */
export function SourceEditor({
  label,
  description,
  value,
  onChange,
  error,
  readOnly = false,
  code = false,
  jump,
}: Props) {
  const { t } = useTranslation();
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (field.current && jump) selectRange(field.current, jump.from ?? 0, jump.to ?? jump.from ?? 0);
  }, [jump]);
  return (
    <div>
      {!readOnly && (
        <Group
          justify="flex-end"
          className={classes.bar ?? ""}
          role="toolbar"
          aria-label={t("messages.toolbar")}
        >
          <PlaceholderPicker
            what={label}
            onPick={(source) => field.current && insertText(field.current, source)}
          />
        </Group>
      )}
      <Textarea
        ref={field}
        aria-label={label}
        description={description}
        inputWrapperOrder={["input", "description", "error"]}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
        error={error}
        readOnly={readOnly}
        spellCheck={!code}
        autoCapitalize="off"
        autoComplete="off"
        classNames={{ input: code ? (classes.code ?? "") : (classes.plain ?? "") }}
      />
    </div>
  );
}
