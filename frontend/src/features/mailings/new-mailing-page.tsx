import { getRouteApi } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "@/format/use-format";
import { PageHeader } from "@/ui/page-header";
import { newValues } from "./form-values";
import { MailingWizard } from "./mailing-wizard";

const route = getRouteApi("/app/mailings/new");

/** Prepares a new mailing, begun with the message, tag or client that one came from. */
export function NewMailingPage() {
  const { t } = useTranslation();
  const { zone } = useFormat();
  const { message_id, tag, client_id } = route.useSearch();
  const initial = useMemo(() => {
    const fresh = newValues(zone);
    return {
      ...fresh,
      message_id: message_id ? String(message_id) : "",
      audience: {
        ...fresh.audience,
        tags: tag ? [tag] : [],
        client_ids: client_id ? [client_id] : [],
      },
    };
  }, [zone, message_id, tag, client_id]);
  return (
    <>
      <PageHeader title={t("mailingForm.newTitle")} lead={t("mailingForm.lead")} />
      <MailingWizard base={undefined} initial={initial} />
    </>
  );
}
