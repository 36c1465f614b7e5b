import { Alert, Button, Group, Stack } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Failure } from "@/api/failure";
import { changed } from "@/api/queries/keys";
import { createMessage } from "@/api/queries/messages";
import { useSingleMutation } from "@/api/use-single-mutation";
import { useMe } from "@/auth/use-session";
import { FailureAlert } from "@/ui/failure-alert";
import { notify } from "@/ui/notify";
import { PageHeader } from "@/ui/page-header";
import { useUnsaved } from "@/ui/unsaved";
import { MessageEditor } from "./message-editor";
import { useNewDraft } from "./use-new-draft";

const route = getRouteApi("/app/messages/new");

/** A message that is not saved yet. What is written stays in this browser until it is. */
export function NewMessagePage() {
  const me = useMe();
  return me ? <Writing userId={me.id} /> : null;
}

function Writing({ userId }: { userId: number }) {
  const { t } = useTranslation();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const queries = useQueryClient();
  const draft = useNewDraft(userId);
  useUnsaved(draft.begun);

  const create = useSingleMutation({
    mutationFn: () => createMessage(draft.content),
    onSuccess: async ({ value }) => {
      draft.forget();
      notify(t("messages.created", { name: value.name }));
      await navigate({ to: "/messages/$id", params: { id: value.id }, search, replace: true });
      await changed(queries, "messages");
    },
  });
  const fields = create.error instanceof Failure ? create.error.fields : [];

  return (
    <>
      <PageHeader
        title={t("messages.new")}
        lead={t("messages.newLead")}
        action={
          <Button loading={create.isPending} onClick={() => create.mutate()}>
            {t("messages.create")}
          </Button>
        }
      />
      <Stack gap="md">
        {draft.restored && (
          <Alert color="gray">
            <Group justify="space-between">
              {t("messages.restored")}
              <Button size="compact-sm" variant="default" onClick={draft.forget}>
                {t("messages.discard")}
              </Button>
            </Group>
          </Alert>
        )}
        {create.error && fields.length === 0 && (
          <FailureAlert error={create.error} title={t("messages.saveFailed")} />
        )}
        <MessageEditor
          content={draft.content}
          change={(part) => {
            draft.change(part);
            if (create.error) create.reset();
          }}
          failures={fields}
          search={search}
          set={(part) =>
            void navigate({ search: (before) => ({ ...before, ...part }), replace: true, resetScroll: false })
          }
        />
      </Stack>
    </>
  );
}
