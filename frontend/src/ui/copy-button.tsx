import { ActionIcon, CopyButton as Copy, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

/** Puts a text into the clipboard; `what` names it: "Copy the address". */
export function CopyButton({ text, what }: { text: string; what: string }) {
  const { t } = useTranslation();
  return (
    <Copy value={text}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? t("ui.copied") : what}>
          <ActionIcon
            variant="subtle"
            color="gray"
            c="dimmed"
            onClick={copy}
            aria-label={copied ? t("ui.copied") : what}
          >
            {copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
          </ActionIcon>
        </Tooltip>
      )}
    </Copy>
  );
}
