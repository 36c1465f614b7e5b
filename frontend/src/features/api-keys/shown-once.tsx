import {
  Alert,
  Button,
  Code,
  CopyButton as Copy,
  Group,
  Modal,
  ScrollArea,
  Stack,
  Tabs,
  Text,
} from "@mantine/core";
import { IconAlertTriangle, IconCheck, IconCopy } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { NewApiKey } from "@/api/types";
import { CopyButton } from "@/ui/copy-button";
import { LANGUAGES, samples } from "./samples";

/** The new key, this once, with code that uses it. Only its button closes it: a slip of the hand must not lose the key. */
export function ShownOnce({ made, onClose }: { made: NewApiKey | null; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal
      opened={made !== null}
      onClose={onClose}
      title={t("apiKeys.madeTitle", { name: made?.name ?? "" })}
      size="lg"
      centered
      closeOnClickOutside={false}
      closeOnEscape={false}
      withCloseButton={false}
    >
      {made && (
        <Stack gap="md">
          <Alert color="yellow" variant="outline" icon={<IconAlertTriangle size={18} aria-hidden />}>
            {t("apiKeys.once")}
          </Alert>
          <Code block style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
            {made.key}
          </Code>
          <Copy value={made.key}>
            {({ copied, copy }) => (
              <Button
                onClick={copy}
                leftSection={
                  copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />
                }
                data-autofocus
              >
                {copied ? t("ui.copied") : t("apiKeys.copy")}
              </Button>
            )}
          </Copy>
          <Samples made={made} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t("apiKeys.kept")}
            </Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}

function Samples({ made }: { made: NewApiKey }) {
  const { t } = useTranslation();
  const code = samples(`${window.location.origin}/api/v1`, made.key, made.scopes);
  return (
    <div>
      <Text size="sm" fw={500} mb={4}>
        {t("apiKeys.samples")}
      </Text>
      <Tabs defaultValue={LANGUAGES[0]} keepMounted={false}>
        <Tabs.List aria-label={t("apiKeys.samples")}>
          {LANGUAGES.map((language) => (
            <Tabs.Tab key={language} value={language}>
              {language}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {LANGUAGES.map((language) => (
          <Tabs.Panel key={language} value={language} pt="xs">
            <Group justify="flex-end" mb={4}>
              <CopyButton text={code[language]} what={t("apiKeys.copyCode", { language })} />
            </Group>
            <ScrollArea.Autosize mah={260} viewportProps={{ tabIndex: 0 }}>
              <Code block>{code[language]}</Code>
            </ScrollArea.Autosize>
          </Tabs.Panel>
        ))}
      </Tabs>
    </div>
  );
}
