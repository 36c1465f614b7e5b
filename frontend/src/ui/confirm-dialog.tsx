import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, type ReactNode, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { FailureAlert } from "./failure-alert";

/** The colour of a button that destroys: the lightest red on which white is readable in both themes. */
export const DANGER = "red.9";

interface Props {
  opened: boolean;
  onClose: () => void;
  title: string;
  /** What will come of it, with its numbers: "412 mails not yet sent will be cancelled." */
  children: ReactNode;
  /** Names the act on its button: "Delete 412 clients", never "OK". */
  act: string;
  /** Does it. The dialog closes when it succeeded and says what went wrong when it did not. */
  onConfirm: () => Promise<unknown>;
  /** What the safe answer says where "Cancel" could be taken for the act: in "Cancel the mailing?". */
  keep?: string;
  /** The act takes nothing away; its button is not red. */
  harmless?: boolean;
  /** Has to be typed first: for what cannot be undone and concerns much. */
  typed?: string;
  /** Nothing is chosen yet that the act could be done to. */
  disabled?: boolean;
}

/** Asks before an act that destroys something or cannot be taken back. The safe answer has the focus at first. */
export function ConfirmDialog({ opened, onClose, title, children, ...form }: Props) {
  const { t } = useTranslation();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={title}
      centered
      closeButtonProps={{ "aria-label": t("ui.close") }}
    >
      <Body onClose={onClose} {...form}>
        {children}
      </Body>
    </Modal>
  );
}

/** Lives as long as the dialog is open: each time it is asked anew. */
function Body({
  onClose,
  children,
  act,
  onConfirm,
  keep,
  harmless,
  typed,
  disabled,
}: Omit<Props, "opened" | "title">) {
  const { t } = useTranslation();
  const [pending, setPending] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const [text, setText] = useState("");
  const ready = typed === undefined || text.trim() === typed;
  // The state comes with the next render, which is too late for a double click.
  const running = useRef(false);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    // A dialog stands in a portal, but its events bubble through the components around it.
    event.stopPropagation();
    if (!ready || disabled || running.current) return;
    running.current = true;
    setPending(true);
    setFailure(null);
    try {
      await onConfirm();
      onClose();
    } catch (error) {
      setFailure(error);
    } finally {
      running.current = false;
      setPending(false);
    }
  };

  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <Text component="div" size="sm">
          {children}
        </Text>
        {typed !== undefined && (
          <TextInput
            label={t("ui.confirm.type", { text: typed })}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            autoComplete="off"
            data-autofocus
          />
        )}
        {failure !== null && <FailureAlert error={failure} />}
        <Group justify="flex-end" gap="sm">
          <Button
            variant="default"
            onClick={onClose}
            {...(typed === undefined && { "data-autofocus": true })}
          >
            {keep ?? t("ui.cancel")}
          </Button>
          <Button
            type="submit"
            color={harmless ? undefined : DANGER}
            loading={pending}
            disabled={!ready || disabled}
          >
            {act}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
