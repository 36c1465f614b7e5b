import { Button } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { downloadCsv } from "@/api/download";
import { notifyFailure } from "./notify";

interface Props {
  /** The list of the API, as `/clients`. */
  path: string;
  /** The filter of what is shown: the file holds the same rows, all of them. */
  query: object;
  /** What it says where a page has several. */
  label?: string;
}

/** Takes what a list shows away as a CSV file. */
export function CsvButton({ path, query, label }: Props) {
  const { t } = useTranslation();
  const download = useMutation({
    mutationFn: () => downloadCsv(path, query),
    onError: (error) => notifyFailure(t("ui.csvFailed"), error),
  });
  return (
    <Button
      variant="default"
      leftSection={<IconDownload size={16} aria-hidden />}
      onClick={() => download.mutate()}
      loading={download.isPending}
    >
      {label ?? t("ui.csv")}
    </Button>
  );
}
