import { Alert, Anchor, Button, Text } from "@mantine/core";
import { IconInbox, IconMailOff, IconMailSearch } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { capturedMails, capturesMail } from "@/api/queries/inbox";
import type { CapturedMail } from "@/api/types";
import { useFormat } from "@/format/use-format";
import type { Column } from "@/ui/data-table/column";
import { DataTable } from "@/ui/data-table/data-table";
import { EmptyState } from "@/ui/empty-state";
import { FilterBar, SearchField } from "@/ui/filter-bar";
import { PageHeader } from "@/ui/page-header";
import { SidePanel } from "@/ui/side-panel";
import { DateTime } from "@/ui/times";
import { MailView } from "./mail-view";

const route = getRouteApi("/app/inbox");

/** The mails that this installation caught instead of sending them. */
export function InboxPage() {
  const { t } = useTranslation();
  const { data: captures } = useQuery(capturesMail());
  if (captures === false) {
    return (
      <>
        <PageHeader title={t("inbox.title")} />
        <EmptyState icon={IconMailOff} title={t("inbox.off.title")} text={t("inbox.off.text")}>
          <Button variant="default" renderRoot={(props) => <Link {...props} to="/mailings" />}>
            {t("inbox.off.act")}
          </Button>
        </EmptyState>
      </>
    );
  }
  return <Mails />;
}

function Mails() {
  const { t } = useTranslation();
  const format = useFormat();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { q, to, open } = search;
  const list = useInfiniteQuery(capturedMails({ q, to }));
  const set = (part: Partial<typeof search>, replace = false) =>
    navigate({ search: (before) => ({ ...before, ...part }), replace, resetScroll: false });
  const clear = () => set({ q: undefined, to: undefined });
  const filtered = Boolean(q || to);
  return (
    <>
      <PageHeader title={t("inbox.title")} lead={t("inbox.lead", { zone: format.zone })} />
      <Alert color="yellow" variant="outline" icon={<IconInbox aria-hidden />} mb="md">
        {t("inbox.banner")}
      </Alert>
      <FilterBar onClear={filtered ? clear : undefined}>
        <SearchField
          label={t("inbox.search")}
          value={q ?? ""}
          onSearch={(text) => set({ q: text || undefined }, q !== undefined)}
        />
        <SearchField
          label={t("inbox.to")}
          value={to ?? ""}
          onSearch={(text) => set({ to: text || undefined }, to !== undefined)}
        />
      </FilterBar>
      <DataTable
        label={t("inbox.title")}
        list={list}
        total={list.data?.pages[0]?.total}
        columns={useColumns()}
        rowId={(row) => row.id}
        rowName={(row) => row.subject}
        current={open}
        empty={
          filtered ? (
            <EmptyState icon={IconMailSearch} title={t("inbox.none.title")} text={t("inbox.none.text")}>
              <Button variant="default" onClick={clear}>
                {t("ui.filter.clear")}
              </Button>
            </EmptyState>
          ) : (
            <EmptyState icon={IconInbox} title={t("inbox.empty.title")} text={t("inbox.empty.text")}>
              <Button variant="light" renderRoot={(props) => <Link {...props} to="/mailings" />}>
                {t("inbox.empty.act")}
              </Button>
            </EmptyState>
          )
        }
      />
      <SidePanel
        opened={open !== undefined}
        onClose={() => set({ open: undefined, part: undefined })}
        title={t("inbox.one")}
      >
        {open !== undefined && (
          <MailView id={open} part={search.part} onPart={(part) => set({ part }, true)} />
        )}
      </SidePanel>
    </>
  );
}

function useColumns(): Column<CapturedMail>[] {
  const { t } = useTranslation();
  return [
    {
      id: "subject",
      header: t("inbox.subject"),
      width: "40%",
      card: "title",
      cell: (row) => (
        <Anchor
          size="sm"
          fw={500}
          renderRoot={(props) => (
            <Link
              {...props}
              to="/inbox"
              search={(before) => ({ ...before, open: row.id })}
              resetScroll={false}
            />
          )}
        >
          {row.subject || t("inbox.noSubject")}
        </Anchor>
      ),
    },
    { id: "to", header: t("inbox.to"), cell: (row) => <Address text={row.to} /> },
    { id: "from", header: t("inbox.from"), from: "lg", cell: (row) => <Address text={row.from} /> },
    { id: "received_at", header: t("inbox.received"), cell: (row) => <DateTime at={row.received_at} /> },
  ];
}

function Address({ text }: { text: string }) {
  return (
    <Text span size="sm" style={{ overflowWrap: "anywhere" }}>
      {text}
    </Text>
  );
}
