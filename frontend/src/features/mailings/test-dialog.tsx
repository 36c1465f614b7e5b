import { Button, Group, Modal, Stack } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useMe } from "@/auth/use-session";
import { OnItsWay } from "@/ui/test-fate";
import { TestOutcome, useTestMail } from "@/ui/test-mail";

/** A test mail to oneself by the given call: `start` sends it and opens the dialog that tells what became of it. */
export function useTestToMe(send: () => Promise<{ id: number }>) {
  const test = useTestMail(useMe()?.email ?? "", send);
  const [opened, setOpened] = useState(false);
  const start = () => {
    setOpened(true);
    test.mutate();
  };
  return { test, opened, start, close: () => setOpened(false) };
}

/** What became of a test to oneself, and another one. */
export function TestDialog({ test, opened, start, close }: ReturnType<typeof useTestToMe>) {
  const { t } = useTranslation();
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={t("messages.test.button")}
      centered
      closeButtonProps={{ "aria-label": t("ui.close") }}
    >
      <Stack gap="md">
        {test.isPending && <OnItsWay to={test.to} />}
        <TestOutcome test={test} />
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={close}>
            {t("ui.close")}
          </Button>
          <Button onClick={start} loading={test.isPending}>
            {t("messages.test.again")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
