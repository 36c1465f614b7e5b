import { Alert, Anchor, Button, Group, Loader, Modal, Radio, Stack, Text } from "@mantine/core";
import { IconCircleCheck, IconSend } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "@/api/failure";
import { client } from "@/api/queries/clients";
import { findCaptured, testMessage } from "@/api/queries/messages";
import { useSingleMutation } from "@/api/use-single-mutation";
import { useMe } from "@/auth/use-session";
import { FailureAlert } from "@/ui/failure-alert";
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

  const send = useSingleMutation({
    mutationFn: async () => {
      const before = (await findCaptured(to, AbortSignal.timeout(15_000)))?.map((mail) => mail.id);
      await save();
      await testMessage(id, { to, client_id: as ?? null });
      return { to, before };
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send.mutate();
  };
  const said = send.error instanceof Failure ? send.error.fields.map(({ message }) => message).join(" ") : "";

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
        {send.error && (
          <FailureAlert error={send.error} title={t("messages.test.failed")}>
            {said || undefined}
          </FailureAlert>
        )}
        {send.data && <Arrival key={send.submittedAt} to={send.data.to} before={send.data.before} />}
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

/** It is on its way; where mails are captured, also that it has come. */
function Arrival({ to, before }: { to: string; before: number[] | undefined }) {
  const { t } = useTranslation();
  const { data: mail } = useQuery({
    queryKey: ["inbox", "arrival", to, before] as const,
    queryFn: async ({ signal }) => {
      const mails = await findCaptured(to, signal);
      return mails?.find((found) => !before?.includes(found.id)) ?? null;
    },
    enabled: before !== undefined,
    refetchInterval: ({ state }) => (state.data ? false : 1_000),
  });
  return (
    <Alert
      role="status"
      color="teal"
      variant="light"
      icon={mail ? <IconCircleCheck aria-hidden /> : <Loader size={18} />}
    >
      {mail ? t("messages.test.arrived", { to }) : t("messages.test.onItsWay", { to })}{" "}
      {mail && (
        <Anchor href={`/inbox?open=${mail.id}`} c="inherit" underline="always">
          {t("messages.test.open")}
        </Anchor>
      )}
    </Alert>
  );
}
