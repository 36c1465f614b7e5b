import { Button, Group, Loader, Pill, Select, Stack, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { clientChoice, clientChoices } from "@/api/queries/mailing-choices";
import { onlyOwn } from "@/auth/rights";
import { useMe } from "@/auth/use-session";
import { useFormat } from "@/format/use-format";

/** How many of the chosen ones are shown by name; of very many the rest is a number. */
const SHOWN = 20;

interface Props {
  label: string;
  ids: number[];
  onChange: (ids: number[]) => void;
  /** The form's field, for finding it when something is wrong with it. */
  path: string;
  error?: ReactNode;
}

/** Own clients chosen one by one, found by name or address. */
export function ClientPicker({ label, ids, onChange, path, error }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const queries = useQueryClient();
  const me = useMe();
  const [typed, setTyped] = useState("");
  const [search] = useDebouncedValue(typed.trim(), 250);
  const found = useQuery({ ...clientChoices(search, onlyOwn(me, "clients.view_all")), enabled: !!me });
  const clients = found.data?.filter(({ id }) => !ids.includes(id)) ?? [];
  const hidden = ids.length - SHOWN;

  const nothing = found.isPending
    ? t("mailingForm.searching")
    : found.isError
      ? t("mailingForm.searchFailed")
      : t("mailingForm.audience.noClient");
  return (
    <Stack gap="xs">
      <Select
        label={label}
        placeholder={t("mailingForm.audience.searchClient")}
        searchable
        data={clients.map(({ id, full_name, email }) => ({
          value: String(id),
          label: full_name ? `${full_name} · ${email}` : email,
        }))}
        filter={({ options }) => options}
        searchValue={typed}
        onSearchChange={setTyped}
        nothingFoundMessage={nothing}
        rightSection={found.isFetching ? <Loader size={16} /> : undefined}
        value={null}
        onChange={(value) => {
          const picked = clients.find(({ id }) => String(id) === value);
          if (!picked) return;
          queries.setQueryData(clientChoice(picked.id).queryKey, picked);
          onChange([...ids, picked.id]);
          setTyped("");
        }}
        error={error}
        data-path={path}
      />
      {ids.length > 0 && (
        <Group gap={6}>
          {ids.slice(0, SHOWN).map((id) => (
            <Chosen key={id} id={id} onRemove={() => onChange(ids.filter((other) => other !== id))} />
          ))}
          {hidden > 0 && (
            <Text size="sm" c="dimmed" className="tabular">
              {t("mailingForm.audience.andMore", { count: hidden, number: format.number(hidden) })}
            </Text>
          )}
          {ids.length > 1 && (
            <Button variant="default" size="compact-xs" onClick={() => onChange([])}>
              {t("mailingForm.audience.removeAll")}
            </Button>
          )}
        </Group>
      )}
    </Stack>
  );
}

function Chosen({ id, onRemove }: { id: number; onRemove: () => void }) {
  const { t } = useTranslation();
  const client = useQuery(clientChoice(id));
  const name = client.data?.full_name || client.data?.email || `№ ${id}`;
  return (
    <Pill
      size="md"
      withRemoveButton
      onRemove={onRemove}
      removeButtonProps={{
        "aria-label": t("mailingForm.audience.remove", { name }),
        "aria-hidden": false,
        tabIndex: 0,
      }}
      title={client.data?.email}
    >
      {client.isError ? t("mailingForm.audience.gone", { id }) : name}
    </Pill>
  );
}
