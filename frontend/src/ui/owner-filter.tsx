import { NativeSelect, Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { rowsOf } from "@/api/queries/pages";
import { user, users } from "@/api/queries/users";
import type { User } from "@/api/types";
import { may, type Right } from "@/auth/rights";
import { useMe } from "@/auth/use-session";

/** Whose rows an address asks for: everyone's, or those of one user; one's own without it. */
export type Owner = "all" | number;

/** What a list shows of whom, as far as the right to see everyone's goes. */
export function useOwner(right: Right, owner: Owner | undefined) {
  const me = useMe();
  const seesAll = may(me, right);
  return {
    seesAll,
    /** Not one's own rows alone: each says whose it is. */
    everyones: seesAll && owner !== undefined,
    // Those who may see everyone's would find everyone's without it.
    owner_id: !seesAll || owner === "all" ? undefined : (owner ?? me?.id),
  };
}

interface Props {
  owner: Owner | undefined;
  /** Tells what the address is to say. */
  onChange: (owner: Owner | undefined) => void;
}

/** Chooses between one's own rows, everyone's and one user's, for those who may see everyone's. */
export function OwnerFilter({ owner, onChange }: Props) {
  const { t } = useTranslation();
  const seesUsers = may(useMe(), "users.view_all");
  const [choosing, setChoosing] = useState(false);
  const one = choosing || typeof owner === "number";
  return (
    <>
      <NativeSelect
        label={t("ui.owner.label")}
        value={one ? "one" : owner === undefined ? "" : "all"}
        onChange={({ currentTarget: { value } }) => {
          setChoosing(value === "one");
          if (value !== "one") onChange(value === "all" ? "all" : undefined);
        }}
        data={[
          { value: "", label: t("ui.owner.mine") },
          { value: "all", label: t("ui.owner.everyones") },
          ...(seesUsers || one ? [{ value: "one", label: t("ui.owner.ones") }] : []),
        ]}
      />
      {one && seesUsers && (
        <UserSelect value={typeof owner === "number" ? owner : undefined} onChange={onChange} />
      )}
    </>
  );
}

const nameOf = ({ email, full_name }: User) => (full_name ? `${full_name} · ${email}` : email);

/** Chooses a user by name or address. */
function UserSelect({ value, onChange }: { value: number | undefined; onChange: (id: number) => void }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const chosen = useQuery({ ...user(value ?? 0), enabled: value !== undefined }).data?.value;
  // The field shows the name of who was chosen; that is no search.
  const [q] = useDebouncedValue(chosen && typed === nameOf(chosen) ? "" : typed.trim(), 250);
  const found = rowsOf(useInfiniteQuery({ ...users({ q }), placeholderData: keepPreviousData }).data);
  const rows = chosen && !found.some(({ id }) => id === chosen.id) ? [chosen, ...found] : found;
  return (
    <Select
      label={t("ui.owner.user")}
      searchable
      allowDeselect={false}
      value={value === undefined ? null : String(value)}
      onChange={(id) => id && onChange(Number(id))}
      onSearchChange={setTyped}
      // The server has searched.
      filter={({ options }) => options}
      data={rows.map((row) => ({ value: String(row.id), label: nameOf(row) }))}
      nothingFoundMessage={t("ui.owner.nobody")}
      maxDropdownHeight={260}
    />
  );
}
