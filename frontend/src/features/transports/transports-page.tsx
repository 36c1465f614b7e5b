import { Button, Text } from "@mantine/core";
import { IconPlus, IconServer } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { rowsOf } from "@/api/queries/pages";
import { allTransports, defaultOf, transport } from "@/api/queries/transports";
import { useFormat } from "@/format/use-format";
import { DataTable } from "@/ui/data-table/data-table";
import { EmptyState } from "@/ui/empty-state";
import { PageHeader } from "@/ui/page-header";
import { SidePanel } from "@/ui/side-panel";
import { useTransportColumns } from "./transport-columns";
import { TransportForm } from "./transport-form";
import { TransportPanel } from "./transport-panel";

const route = getRouteApi("/app/admin/transports");

/** The mail servers by which mail leaves, in the order in which they are tried. */
export function TransportsPage() {
  const { t } = useTranslation();
  const format = useFormat();
  const { open } = route.useSearch();
  const navigate = route.useNavigate();
  const list = useInfiniteQuery(allTransports());
  const rows = rowsOf(list.data);
  const last = defaultOf(list.data);
  const show = (id: number | "new" | undefined) => navigate({ search: { open: id }, resetScroll: false });
  return (
    <>
      <PageHeader
        title={t("transports.title")}
        lead={t("transports.lead", { zone: format.zone })}
        action={
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => show("new")}>
            {t("transports.add")}
          </Button>
        }
      />
      <DataTable
        label={t("transports.title")}
        list={list}
        columns={useTransportColumns(rows)}
        rowId={(row) => row.id}
        rowName={(row) => row.name}
        current={typeof open === "number" ? open : undefined}
        empty={
          <EmptyState icon={IconServer} title={t("transports.empty.title")} text={t("transports.empty.text")}>
            <Button
              variant="light"
              renderRoot={(props) => <Link {...props} to="/admin/transports" search={{ open: "new" }} />}
            >
              {t("transports.add")}
            </Button>
          </EmptyState>
        }
      />
      {last && (
        <Text size="sm" c="dimmed" mt="md" style={{ overflowWrap: "anywhere" }}>
          {t(rows.length > 0 ? "transports.last" : "transports.only", {
            server: `${last.host}:${last.port}`,
          })}
        </Text>
      )}
      <Panel open={open} show={show} />
    </>
  );
}

function Panel({
  open,
  show,
}: {
  open: number | "new" | undefined;
  show: (id: number | "new" | undefined) => void;
}) {
  const { t } = useTranslation();
  const { data } = useQuery({
    ...transport(typeof open === "number" ? open : 0),
    enabled: typeof open === "number",
  });
  const close = () => show(undefined);
  return (
    <SidePanel
      opened={open !== undefined}
      onClose={close}
      title={open === "new" ? t("transports.new") : data?.value.name || t("transports.one")}
    >
      {open === "new" && <TransportForm onDone={({ id }) => show(id)} onCancel={close} />}
      {typeof open === "number" && <TransportPanel key={open} id={open} onClose={close} />}
    </SidePanel>
  );
}
