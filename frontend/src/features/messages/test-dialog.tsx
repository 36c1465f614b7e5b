import { Button, Group, Modal, Radio, Stack, Text } from "@mantine/core";
import { IconSend } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { client } from "@/api/queries/clients";
import { testMessage } from "@/api/queries/messages";
import { useMe } from "@/auth/use-session";
import { TestOutcome, useTestMail } from "@/ui/test-mail";
import { ClientSelect } from "./client-select";

interface Props {
  opened: boolean;
  onClose: () => void;
  id: number;
  /** The client of the preview, chosen at first. */
  as: number | undefined;
  /** Saves what is not saved yet: the server sends what it has. */
  save: () => Promise<unknown>;
}

/** Sends the message as a test to oneself or to a client of one's own, and says what became of it. */
export function TestDialog({ opened, onClose, ...form }: Props) {
  const { t } = useTranslation();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t("messages.test.title")}
      centered
      closeButtonProps={{ "aria-label": t("ui.close") }}
    >
      <Form onClose={onClose} {...form} />
    </Modal>
  );
}

function Form({ id, as: chosen, save, onClose }: Omit<Props, "opened">) {
  const { t } = useTranslation();
  const email = useMe()?.email ?? "";
  const [as, setAs] = useState(chosen);
  const [whom, setWhom] = useState<"me" | "client">("me");
  const person = useQuery({ ...client(as ?? 0), enabled: as !== undefined }).data?.value;
  const to = whom === "client" && person ? person.email : email;

  const send = useTestMail(to, async () => {
    await save();
    return testMessage(id, { to, client_id: as ?? null });
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send.mutate();
  };

  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <ClientSelect
          label={t("messages.test.as")}
          value={as}
          onChange={(next) => {
            setAs(next);
            if (next === undefined) setWhom("me");
          }}
          nobody={t("messages.test.nobody")}
        />
        <Radio.Group
          label={t("messages.test.to")}
          value={whom}
          onChange={(value) => setWhom(value as "me" | "client")}
        >
          <Stack gap="xs" mt="xs">
            <Radio value="me" label={t("messages.test.me", { email })} />
            {person && <Radio value="client" label={t("messages.test.client", { email: person.email })} />}
          </Stack>
        </Radio.Group>
        {whom === "client" && (
          <Text size="sm" c="dimmed">
            {t("messages.test.real")}
          </Text>
        )}
        <TestOutcome test={send} />
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onClose}>
            {t("ui.close")}
          </Button>
          <Button type="submit" loading={send.isPending} leftSection={<IconSend size={16} aria-hidden />}>
            {send.data ? t("messages.test.again") : t("messages.test.send")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
