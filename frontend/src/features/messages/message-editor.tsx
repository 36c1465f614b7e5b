import { Alert, Box, Skeleton, Stack, Tabs, TextInput } from "@mantine/core";
import { IconInfoCircle } from "@tabler/icons-react";
import { lazy, Suspense, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure, type FieldFailure, part } from "@/api/failure";
import classes from "./editor.module.css";
import type { EditorSearch, SetSearch } from "./editor-search";
import { insertText } from "./insert-text";
import { PlaceholderPicker, useKnownAttributes } from "./placeholder-picker";
import { type Content, preflight } from "./preflight";
import { PreflightList } from "./preflight-list";
import { PreviewPane } from "./preview/preview-pane";
import { usePreview } from "./preview/use-preview";
import { type Jump, SourceEditor } from "./source-editor";
import { TextTab } from "./text-tab";
import { useVisual } from "./use-visual";

const VisualEditor = lazy(async () => ({
  default: (await part(import("./visual/visual-editor"))).VisualEditor,
}));

interface Props {
  content: Content;
  change: (part: Partial<Content>) => void;
  /** What the server refused when it was to be saved. */
  failures: FieldFailure[];
  readOnly?: boolean;
  /** It is somebody else's: what one's own clients have says nothing of those it goes to. */
  foreign?: boolean;
  search: EditorSearch;
  set: SetSearch;
}

/** Subject and bodies of a message, what they look like, and what to look at before it goes out. */
export function MessageEditor({
  content,
  change,
  failures,
  readOnly = false,
  foreign = false,
  search,
  set,
}: Props) {
  const { t } = useTranslation();
  const subject = useRef<HTMLInputElement>(null);
  const [jump, setJump] = useState<Jump | null>(null);
  const known = useKnownAttributes();
  const attributes = foreign ? undefined : known;
  const preview = usePreview(content, search.as);
  const visual = useVisual(content.html);

  const onlyText = content.html.trim() === "" && content.text.trim() !== "";
  const wanted = search.tab ?? (onlyText ? "text" : "visual");
  const tab = wanted === "visual" && (readOnly || visual.reason) ? "html" : wanted;
  const refused = preview.error instanceof Failure ? preview.error.fields : [];
  const wrong = (part: keyof Content) =>
    [...failures, ...refused].find(({ field }) => field === part)?.message;

  const go = (to: Jump) => {
    setJump(to);
    if (to.part === "subject") subject.current?.focus();
    else set({ tab: to.part });
  };

  return (
    <div className={classes.layout}>
      <Stack gap="md" miw={0}>
        <TextInput
          label={t("messages.name")}
          description={t("messages.nameHint")}
          value={content.name}
          onChange={(event) => change({ name: event.currentTarget.value })}
          error={wrong("name")}
          maxLength={200}
          readOnly={readOnly}
          required
        />
        <TextInput
          ref={subject}
          label={t("messages.subject")}
          value={content.subject}
          onChange={(event) => change({ subject: event.currentTarget.value })}
          error={wrong("subject")}
          maxLength={500}
          readOnly={readOnly}
          required
          rightSection={
            !readOnly && (
              <PlaceholderPicker
                what={t("messages.subject")}
                onPick={(source) => subject.current && insertText(subject.current, source)}
              />
            )
          }
        />
        <Box>
          <Tabs
            value={tab}
            keepMounted={false}
            onChange={(value) => {
              setJump(null);
              set({ tab: value as "visual" | "html" | "text" });
            }}
          >
            <Tabs.List mb="sm" aria-label={t("messages.tab.label")}>
              <Tabs.Tab value="visual" disabled={visual.reason !== null || readOnly}>
                {t("messages.tab.visual")}
              </Tabs.Tab>
              <Tabs.Tab value="html">{t("messages.tab.html")}</Tabs.Tab>
              <Tabs.Tab value="text">{t("messages.tab.text")}</Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="visual">
              {visual.ready && tab === "visual" && (
                <Suspense fallback={<Skeleton height={470} />}>
                  <VisualEditor
                    html={content.html}
                    onChange={(html) => {
                      visual.wrote(html);
                      change({ html });
                    }}
                  />
                </Suspense>
              )}
              {!visual.ready && <Skeleton height={470} />}
              {wrong("html") && (
                <Alert color="red" variant="outline" mt="xs">
                  {wrong("html")}
                </Alert>
              )}
            </Tabs.Panel>
            <Tabs.Panel value="html">
              {visual.reason && !readOnly && (
                <Alert variant="light" color="gray" icon={<IconInfoCircle aria-hidden />} mb="sm">
                  {t(`messages.visual.${visual.reason}`)}
                </Alert>
              )}
              <SourceEditor
                label={t("messages.tab.html")}
                value={content.html}
                onChange={(html) => change({ html })}
                error={wrong("html")}
                readOnly={readOnly}
                jump={jump?.part === "html" ? jump : null}
                code
              />
            </Tabs.Panel>
            <Tabs.Panel value="text">
              <TextTab
                content={content}
                change={change}
                shown={preview.data}
                error={wrong("text")}
                readOnly={readOnly}
                jump={jump?.part === "text" ? jump : null}
              />
            </Tabs.Panel>
          </Tabs>
        </Box>
      </Stack>
      <Stack gap="lg" miw={0}>
        <PreflightList
          findings={preflight(content, { attributes, size: preview.data?.size })}
          refused={refused}
          onJump={go}
        />
        <PreviewPane preview={preview} search={search} set={set} />
      </Stack>
    </div>
  );
}
