import { Alert, Button, List, Stack, Text } from "@mantine/core";
import { IconInfoCircle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import classes from "../editor.module.css";
import type { Simplified } from "./pasted";

interface Props {
  simplified: Simplified[];
  /** Takes the paste back, as long as it is the last that was done. */
  onUndo?: (() => void) | undefined;
  onClose: () => void;
}

/** Says what of a paste is not as it was. It stays in sight, wherever in the text one is. */
export function PasteNotice({ simplified, onUndo, onClose }: Props) {
  const { t } = useTranslation();
  const refused = simplified.includes("size");
  return (
    <div role="status" className={classes.notice}>
      {simplified.length > 0 && (
        <Alert
          color="yellow"
          icon={<IconInfoCircle aria-hidden />}
          title={t(refused ? "messages.pasted.refused" : "messages.pasted.title")}
          withCloseButton
          closeButtonLabel={t("ui.close")}
          onClose={onClose}
        >
          <Stack gap="xs" align="flex-start">
            <List size="sm" spacing={2}>
              {simplified.map((what) => (
                <List.Item key={what}>{t(`messages.pasted.${what}`)}</List.Item>
              ))}
            </List>
            {!refused && <Text size="sm">{t("messages.pasted.ways")}</Text>}
            {onUndo && (
              <Button variant="default" size="compact-sm" onClick={onUndo}>
                {t("messages.pasted.undo")}
              </Button>
            )}
          </Stack>
        </Alert>
      )}
    </div>
  );
}
