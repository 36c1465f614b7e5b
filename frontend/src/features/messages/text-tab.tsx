import { Button, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { previewDraft } from "@/api/queries/messages";
import { notifyFailure } from "@/ui/notify";
import type { Content } from "./preflight";
import type { Shown } from "./preview/use-preview";
import { type Jump, SourceEditor } from "./source-editor";
import { shield, unshield } from "./visual/shield";

interface Props {
  content: Content;
  change: (part: Partial<Content>) => void;
  shown: Shown | undefined;
  error: string | undefined;
  readOnly: boolean;
  jump: Jump | null | undefined;
}

/** The text part: one's own, or what the sender makes of the HTML as long as there is none. */
export function TextTab({ content, change, shown, error, readOnly, jump }: Props) {
  const { t } = useTranslation();
  const [own, setOwn] = useState(content.text !== "" || content.html.trim() === "");
  const [pending, setPending] = useState(false);
  if (own || content.text !== "") {
    return (
      <Stack gap="xs">
        <SourceEditor
          label={t("messages.tab.text")}
          value={content.text}
          onChange={(text) => change({ text })}
          error={error}
          readOnly={readOnly}
          jump={jump}
        />
        {!readOnly && content.html.trim() !== "" && (
          <Group justify="space-between">
            <Text size="sm" c="dimmed">
              {t("messages.text.own")}
            </Text>
            <Button
              size="compact-sm"
              variant="default"
              onClick={() => {
                change({ text: "" });
                setOwn(false);
              }}
            >
              {t("messages.text.drop")}
            </Button>
          </Group>
        )}
      </Stack>
    );
  }
  const begin = async () => {
    setPending(true);
    try {
      change({ text: await derivedText(content.html) });
      setOwn(true);
    } catch (failure) {
      notifyFailure(t("messages.text.failed"), failure);
    } finally {
      setPending(false);
    }
  };
  return (
    <Stack gap="xs">
      <SourceEditor
        label={t("messages.text.derived")}
        description={t("messages.text.derivedHint")}
        value={shown?.text ?? ""}
        onChange={() => {}}
        readOnly
      />
      {!readOnly && (
        <Group>
          <Button variant="default" onClick={() => void begin()} loading={pending}>
            {t("messages.text.begin")}
          </Button>
        </Group>
      )}
    </Stack>
  );
}

/** The footer that the sender adds where no link to unsubscribe is used. */
const FOOTER = /\n\n-- \n[^\n]*\n$/;

/** The text that the sender makes of HTML, with its placeholders. Tags of Liquid cannot be kept so: then it begins empty. */
async function derivedText(html: string): Promise<string> {
  if (html.includes("{%")) return "";
  const marks: string[] = [];
  const { text } = await previewDraft({ html: shield(html, marks) }, AbortSignal.timeout(15_000));
  return unshield(text.replace(FOOTER, "\n"), marks);
}
