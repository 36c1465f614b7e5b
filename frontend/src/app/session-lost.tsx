import { Button, Group, Modal, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "@/api/failure";
import { me } from "@/api/queries/me";
import { START_PATH } from "@/auth/return-path";
import { session } from "@/auth/session";
import { FailureAlert } from "@/ui/failure-alert";
import { useFormSubmit } from "@/ui/form-submit";
import { isUnsaved } from "@/ui/unsaved";

/** Why the page asks for the password: the session was ended, or its person signed out in another tab. */
type Why = "lost" | "left";

/**
 * Asks for the password again over the page one is on when the server ended the session, or when one signed out in
 * another tab beside what is not saved, so that nothing that stands on the page is lost. Whoever signs in again is who
 * was there before; another person starts anew.
 */
export function SessionLost() {
  const { t } = useTranslation();
  const router = useRouter();
  const queries = useQueryClient();
  const [why, setWhy] = useState<Why | null>(null);

  useEffect(
    () =>
      session.subscribe(async (event) => {
        if (event === "signed-in") {
          const before = queries.getQueryData(me().queryKey)?.id;
          const now = await queries.fetchQuery({ ...me(), staleTime: 0 }).catch(() => undefined);
          if (before !== undefined && now !== undefined && now.id !== before) {
            // Somebody else signed in, in another tab: nothing of who was here stays, nor is sent as them.
            await router.navigate({ to: START_PATH, ignoreBlocker: true });
            queries.clear();
          }
          // What failed meanwhile, and what another tab's sign-in may have changed.
          else void queries.invalidateQueries();
        }
        // Who signed in may have lost the session again while this was asked.
        if (event === "signed-in" && !session.expected) return;
        setWhy(event === "lost" ? "lost" : event === "signed-out-elsewhere" && isUnsaved() ? "left" : null);
      }),
    [queries, router],
  );

  const leave = async () => {
    setWhy(null);
    if (why === "left") return session.leave();
    // The guard of the page leads to sign-in, and back here afterwards.
    await router.invalidate();
    queries.clear();
  };

  return (
    <Modal
      opened={why !== null}
      onClose={leave}
      title={t(`account.${why ?? "lost"}.title`)}
      centered
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
      // Who signed out on purpose leaves nothing to be seen.
      overlayProps={
        why === "left"
          ? { color: "var(--mantine-color-body)", backgroundOpacity: 1 }
          : { blur: 8, backgroundOpacity: 0.6 }
      }
    >
      <PasswordForm
        why={why ?? "lost"}
        email={queries.getQueryData(me().queryKey)?.email ?? ""}
        leave={leave}
      />
    </Modal>
  );
}

function PasswordForm({ why, email, leave }: { why: Why; email: string; leave: () => void }) {
  const { t } = useTranslation();
  const form = useForm({
    mode: "uncontrolled",
    initialValues: { password: "" },
    validate: { password: (value) => (value ? null : t("form.required")) },
  });
  const { onSubmit, pending, failure } = useFormSubmit(form, ({ password }) =>
    session.signIn(email, password),
  );
  const refused = failure instanceof Failure && failure.status === 401;
  return (
    <form onSubmit={onSubmit} noValidate>
      <Stack gap="md">
        <Text size="sm">{t(`account.${why}.text`)}</Text>
        {failure !== null && (
          <FailureAlert error={failure}>{refused ? t("signIn.wrong") : undefined}</FailureAlert>
        )}
        <TextInput label={t("signIn.email")} name="email" autoComplete="username" value={email} readOnly />
        <PasswordInput
          key={form.key("password")}
          {...form.getInputProps("password")}
          label={t("signIn.password")}
          name="password"
          autoComplete="current-password"
          data-autofocus
          visibilityToggleButtonProps={{ "aria-label": t("signIn.showPassword") }}
        />
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={leave}>
            {t("account.lost.other")}
          </Button>
          <Button type="submit" loading={pending}>
            {t("signIn.submit")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
