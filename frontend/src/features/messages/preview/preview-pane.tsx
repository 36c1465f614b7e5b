import { Alert, Group, Loader, SegmentedControl, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import type { UseQueryResult } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "@/api/failure";
import { FailureAlert } from "@/ui/failure-alert";
import { hasPictures, mailPage } from "@/ui/mail-page";
import { ClientSelect } from "../client-select";
import classes from "../editor.module.css";
import type { EditorSearch, SetSearch } from "../editor-search";
import { Missing } from "./missing";
import type { Shown } from "./use-preview";

const WIDTHS = { phone: 360, desktop: 720 };
const HEIGHT = 520;

interface Props {
  preview: UseQueryResult<Shown>;
  search: EditorSearch;
  set: SetSearch;
}

/** The message as a client gets it. */
export function PreviewPane({ preview, search, set }: Props) {
  const { t } = useTranslation();
  const { data, error } = preview;
  const ground = search.ground ?? "light";
  const refused = error instanceof Failure && error.fields.length > 0;
  return (
    <Stack component="section" gap="sm" aria-labelledby="preview-title">
      <Group justify="space-between">
        <Title order={2} size="h5" id="preview-title">
          {t("messages.preview.title")}
        </Title>
        {preview.isFetching && data && <Loader size="xs" aria-label={t("messages.preview.loading")} />}
      </Group>
      <ClientSelect
        label={t("messages.preview.as")}
        value={search.as}
        onChange={(as) => set({ as })}
        nobody={t("messages.preview.sample")}
      />
      <Group gap="xs">
        <SegmentedControl
          size="xs"
          aria-label={t("messages.preview.view")}
          value={search.view ?? "phone"}
          onChange={(view) => set({ view: view === "phone" ? undefined : (view as "desktop" | "text") })}
          data={(["phone", "desktop", "text"] as const).map((value) => ({
            value,
            label: t(`messages.preview.${value}`),
          }))}
        />
        <SegmentedControl
          size="xs"
          aria-label={t("messages.preview.ground")}
          value={ground}
          onChange={(value) => set({ ground: value === "dark" ? "dark" : undefined })}
          data={(["light", "dark"] as const).map((value) => ({
            value,
            label: t(`messages.preview.${value}`),
          }))}
        />
      </Group>
      {error && !refused && (
        <FailureAlert error={error} retry={() => void preview.refetch()} retrying={preview.isFetching} />
      )}
      {refused && <Alert color="yellow">{t("messages.preview.refused")}</Alert>}
      {!data && preview.isPending && <Skeleton height={HEIGHT} />}
      {data && <Mail shown={data} view={search.view ?? "phone"} ground={ground} />}
      {data && data.missing.length > 0 && <Missing paths={data.missing} />}
      {data && search.view !== "text" && hasPictures(data.html) && (
        <Text size="xs" c="dimmed">
          {t("messages.preview.pictures")}
        </Text>
      )}
    </Stack>
  );
}

function Mail({
  shown,
  view,
  ground,
}: {
  shown: Shown;
  view: "phone" | "desktop" | "text";
  ground: "light" | "dark";
}) {
  const { t } = useTranslation();
  const { ref, width } = useElementSize();
  const page = useMemo(() => mailPage(shown.html, ground), [shown.html, ground]);
  const wide = view === "desktop" ? WIDTHS.desktop : WIDTHS.phone;
  const scale = width > 0 ? Math.min(1, width / wide) : 1;
  return (
    <div ref={ref} className={classes.frame} data-ground={ground}>
      <header>{shown.subject || t("messages.preview.noSubject")}</header>
      {view === "text" ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard.
        <pre tabIndex={0}>{shown.text}</pre>
      ) : (
        <div style={{ height: HEIGHT, overflow: "hidden" }}>
          <iframe
            title={t("messages.preview.frame")}
            sandbox=""
            srcDoc={page}
            width={wide}
            height={HEIGHT / scale}
            style={{
              transform: `scale(${scale})`,
              margin: view === "phone" ? "0 auto" : 0,
            }}
          />
        </div>
      )}
    </div>
  );
}
