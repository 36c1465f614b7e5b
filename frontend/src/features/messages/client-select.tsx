import { Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { client, clients } from "@/api/queries/clients";
import { rowsOf } from "@/api/queries/pages";
import type { Client } from "@/api/types";
import { onlyOwn } from "@/auth/rights";
import { useMe } from "@/auth/use-session";

interface Props {
  label: string;
  value: number | undefined;
  onChange: (id: number | undefined) => void;
  /** What no client means. */
  nobody: string;
}

const nameOf = ({ email, full_name }: Client) => (full_name ? `${full_name} · ${email}` : email);

/** Chooses one of one's own clients by name or address. */
export function ClientSelect({ label, value, onChange, nobody }: Props) {
  const { t } = useTranslation();
  const me = useMe();
  const [typed, setTyped] = useState("");
  const chosen = useQuery({ ...client(value ?? 0), enabled: value !== undefined }).data?.value;
  const [wanted] = useDebouncedValue(chosen && typed === nameOf(chosen) ? "" : typed, 300);
  const list = useInfiniteQuery({
    ...clients({
      q: wanted === nobody ? "" : wanted,
      owner_id: onlyOwn(me, "clients.view_all"),
    }),
    enabled: me !== undefined,
    placeholderData: keepPreviousData,
  });
  const found = rowsOf(list.data).slice(0, 20);
  const rows = chosen && !found.some(({ id }) => id === chosen.id) ? [chosen, ...found] : found;

  return (
    <Select
      label={label}
      searchable
      allowDeselect={false}
      value={String(value ?? 0)}
      onChange={(id) => onChange(Number(id) || undefined)}
      onSearchChange={setTyped}
      // The server has searched.
      filter={({ options }) => options}
      data={[
        { value: "0", label: nobody },
        ...rows.map((row) => ({ value: String(row.id), label: nameOf(row) })),
      ]}
      nothingFoundMessage={t("messages.noClient")}
      maxDropdownHeight={260}
    />
  );
}
