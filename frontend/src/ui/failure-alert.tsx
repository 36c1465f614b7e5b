import { Alert, Button, Text } from "@mantine/core";
import { IconAlertCircle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useFailureWords } from "./failure-words";
import { isGone } from "./found";

interface Props {
  error: unknown;
  title?: string;
  /** Offered as "Try again" when given, but for what is not there. */
  retry?: (() => void) | undefined;
  retrying?: boolean;
  /** Stands instead of the words for the error, where the screen knows better ones. */
  children?: ReactNode;
}

/** Says in words what did not work; read out when it appears. */
export function FailureAlert({ error, title, retry, retrying = false, children }: Props) {
  const { t } = useTranslation();
  const words = useFailureWords()(error);
  return (
    <Alert
      role="alert"
      color="red"
      variant="outline"
      icon={<IconAlertCircle aria-hidden />}
      title={title ?? t("failure.title")}
      styles={{
        title: { color: "var(--mantine-color-error)" },
        icon: { color: "var(--mantine-color-error)" },
      }}
    >
      <Text size="sm">{children ?? words.text}</Text>
      {words.requestId && (
        <Text size="xs" c="dimmed" mt={4}>
          {t("failure.request", { id: words.requestId })}
        </Text>
      )}
      {retry && !isGone(error) && (
        <Button variant="default" size="xs" mt="sm" onClick={retry} loading={retrying}>
          {t("failure.retry")}
        </Button>
      )}
    </Alert>
  );
}
