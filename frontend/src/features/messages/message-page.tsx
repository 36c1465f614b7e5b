import { Alert, Button, Group, Skeleton, Stack, Text } from "@mantine/core";
import { IconCopy, IconInfoCircle, IconSend } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "@/api/failure";
import { changed } from "@/api/queries/keys";
import { createMessage, message } from "@/api/queries/messages";
import type { Message } from "@/api/types";
import type { Versioned } from "@/api/versioned";
import { useMe } from "@/auth/use-session";
import { EditConflict } from "@/ui/edit-conflict";
import { FailureAlert } from "@/ui/failure-alert";
import { foundOr404 } from "@/ui/found";
import { notify, notifyFailure } from "@/ui/notify";
import { PageHeader } from "@/ui/page-header";
import { LeaveDialog, useLeaving } from "@/ui/unsaved-guard";
import { MessageEditor } from "./message-editor";
import type { Content } from "./preflight";
import { SaveState } from "./save-state";
import { TestDialog } from "./test-dialog";
import { useDraft } from "./use-draft";

const route = getRouteApi("/app/messages/$id");

/** A message that exists, being written. */
export function MessagePage() {
  const { t } = useTranslation();
  const { id } = route.useParams();
  const one = useQuery(message(id));
  // What one writes stays on the page, even of a message that was deleted meanwhile.
  if (one.data) return <Editing key={id} base={one.data} />;
  foundOr404(one.error, route);
  return (
    <>
      <PageHeader title={t("messages.one")} />
      {one.error ? (
        <Stack align="flex-start">
          <FailureAlert
            error={one.error}
            title={t("messages.failedOne")}
            retry={() => void one.refetch()}
            retrying={one.isFetching}
          />
          <Button variant="default" renderRoot={(props) => <Link {...props} to="/messages" />}>
            {t("messages.toList")}
          </Button>
        </Stack>
      ) : (
        <Stack role="status" aria-label={t("messages.loadingOne")}>
          <Skeleton height={56} />
          <Skeleton height={56} />
          <Skeleton height={480} />
        </Stack>
      )}
    </>
  );
}

function Editing({ base }: { base: Versioned<Message> }) {
  const { t } = useTranslation();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const queries = useQueryClient();
  const me = useMe();
  const mayChange = me?.is_superuser === true || base.value.owner_id === me?.id;
  const draft = useDraft(base, mayChange);
  const [testing, setTesting] = useState(false);
  const { theirs } = draft.conflict;
  const leaving = useLeaving({ dirty: mayChange && draft.dirty, save: draft.saveAll });

  const copy = async () => {
    const name = t("messages.copyName", { name: draft.content.name }).slice(0, 200);
    const { value } = await createMessage({ ...draft.content, name });
    await changed(queries, "messages");
    // What one had written is in the copy now.
    if (theirs) draft.conflict.takeTheirs();
    notify(t("messages.copied", { name: value.name }));
    if (leaving.isAsked) leaving.go();
    else await navigate({ to: "/messages/$id", params: { id: value.id }, search: {}, ignoreBlocker: true });
  };
  const tryCopy = () => void copy().catch((error) => notifyFailure(t("messages.copyFailed"), error));

  const title = draft.content.name.trim() || t("messages.one");
  return (
    <>
      <PageHeader
        title={title}
        lead={<SaveState draft={draft} mayChange={mayChange} owner={base.value.owner_email} />}
        action={
          <Group gap="xs">
            <Button variant="default" leftSection={<IconCopy size={16} aria-hidden />} onClick={tryCopy}>
              {t("messages.duplicate")}
            </Button>
            {mayChange && (
              <>
                <Button
                  variant="default"
                  leftSection={<IconSend size={16} aria-hidden />}
                  onClick={() => setTesting(true)}
                >
                  {t("messages.test.button")}
                </Button>
                <Button loading={draft.saving} onClick={() => void draft.save().catch(() => {})}>
                  {t("messages.save")}
                </Button>
              </>
            )}
          </Group>
        }
      />
      {draft.failure !== null && !hasPlace(draft.failure) && (
        <Stack mb="md">
          <FailureAlert
            error={draft.failure}
            title={t("messages.saveFailed")}
            retry={() => void draft.save().catch(() => {})}
            retrying={draft.saving}
          />
        </Stack>
      )}
      {theirs && (
        <Alert mb="md" color="yellow" variant="outline" icon={<IconInfoCircle aria-hidden />}>
          <Group justify="space-between" gap="sm">
            <Text size="sm">{t("messages.conflict.waits")}</Text>
            <Button variant="default" size="xs" onClick={() => draft.conflict.ask(true)}>
              {t("messages.conflict.choose")}
            </Button>
          </Group>
        </Alert>
      )}
      {!mayChange && (
        <Alert mb="md" color="gray" variant="outline" icon={<IconInfoCircle aria-hidden />}>
          {t("messages.foreign")}
        </Alert>
      )}
      <MessageEditor
        content={draft.content}
        change={draft.change}
        failures={draft.failure instanceof Failure ? draft.failure.fields : []}
        readOnly={!mayChange}
        foreign={base.value.owner_id !== me?.id}
        search={search}
        set={(part) =>
          void navigate({ search: (before) => ({ ...before, ...part }), replace: true, resetScroll: false })
        }
      />
      <TestDialog
        opened={testing}
        onClose={() => setTesting(false)}
        id={base.value.id}
        as={search.as}
        save={async () => draft.dirty && draft.save()}
      />
      <EditConflict
        opened={draft.conflict.asking}
        onClose={() => {
          draft.conflict.ask(false);
          leaving.stay();
        }}
        changes={useDifferences(draft.saved, theirs?.value, draft.content)}
        onReload={() => {
          draft.conflict.takeTheirs();
          leaving.go();
        }}
        onOverwrite={() => void draft.conflict.overwrite().then((done) => done && leaving.go())}
        pending={draft.saving}
      >
        <Text size="sm">{t("messages.conflict.hint")}</Text>
        {leaving.isAsked && <Text size="sm">{t("messages.conflict.leaving")}</Text>}
        <Group>
          <Button variant="default" leftSection={<IconCopy size={16} aria-hidden />} onClick={tryCopy}>
            {t("messages.conflict.copy")}
          </Button>
        </Group>
      </EditConflict>
      {!theirs && <LeaveDialog leaving={leaving} failed />}
    </>
  );
}

/** Whether what went wrong is said at the fields. */
const hasPlace = (error: unknown) => error instanceof Failure && error.fields.length > 0;

/** What somebody else changed, in the part of it where it begins to differ. */
function useDifferences(before: Content, theirs: Content | undefined, mine: Content) {
  const { t } = useTranslation();
  if (!theirs) return [];
  const label = {
    name: t("messages.name"),
    subject: t("messages.subject"),
    html: t("messages.tab.html"),
    text: t("messages.tab.text"),
  };
  return (Object.keys(label) as (keyof Content)[])
    .filter((part) => theirs[part] !== before[part])
    .map((part) => {
      const at = firstDifference(theirs[part], mine[part]);
      return { label: label[part], theirs: excerpt(theirs[part], at), mine: excerpt(mine[part], at) };
    });
}

function firstDifference(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return at;
}

const AROUND = 40;
const excerpt = (text: string, at: number) =>
  `${at > AROUND ? "…" : ""}${text.slice(Math.max(0, at - AROUND), at + 4 * AROUND)}${text.length > at + 4 * AROUND ? "…" : ""}`;
