import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Failure } from "@/api/failure";
import { previewDraft } from "@/api/queries/messages";
import { useAttributes } from "../placeholder-picker";
import type { Content } from "../preflight";
import { markHtml, markText, showMissing } from "./marks";

export interface Shown {
  subject: string;
  /** With what is missing as <mark data-missing>. */
  html: string;
  text: string;
  /** Placeholders that came out empty. */
  missing: string[];
  /** Bytes of the HTML that goes out. */
  size: number;
}

/** How long one must have stopped writing, in milliseconds. */
const PAUSE = 500;

/** What is being written, rendered by the server as a client gets it, or as an invented one without `as`. */
export function usePreview(content: Content, as: number | undefined) {
  const { t } = useTranslation();
  const known = useAttributes();
  const [settled] = useDebouncedValue(content, PAUSE);
  const sample = {
    email: "anna@example.com",
    full_name: t("messages.preview.sampleName"),
    attributes: known.data ?? {},
  };
  const whom = as === undefined ? { sample } : { client_id: as };
  return useQuery({
    queryKey: ["messages", "preview", settled, whom] as const,
    queryFn: async ({ signal }): Promise<Shown> => {
      const { name, subject, html, text } = settled;
      const marked = { name, subject: markText(subject), html: markHtml(html), text: markText(text) };
      const got = await previewDraft({ ...marked, ...whom }, signal);
      return {
        subject: showMissing(got.subject, (path) => `[${path}]`),
        html: showMissing(got.html, (path) => `<mark data-missing>${path}</mark>`),
        text: showMissing(got.text, (path) => `[${path}]`),
        missing: got.missing,
        size: new TextEncoder().encode(showMissing(got.html, () => "")).length,
      };
    },
    enabled: as !== undefined || known.isFetched,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
    gcTime: 60_000,
    // A source that cannot be read stays so until it is changed.
    retry: (count, error) => count < 2 && error instanceof Failure && error.isPassing,
  });
}
