import type { ComboboxItem, OptionsFilter } from "@mantine/core";
import { zoneName } from "@/format/wall";
import { zoneCalled } from "@/format/zones";

/** Finds zones by a part of their names, also of their Russian ones ("Москва"), and by other names they have ("Kolkata"). */
export const findZones: OptionsFilter = ({ options, search, limit }) => {
  const wanted = search.trim().toLowerCase();
  const id = wanted.replaceAll(" ", "_");
  const other = zoneCalled(search);
  const russian = /[а-яё]/.test(wanted);
  return (options as ComboboxItem[])
    .filter(
      ({ value }) =>
        value.toLowerCase().includes(id) || value === other || (russian && inRussian(value).includes(wanted)),
    )
    .slice(0, limit);
};

const names = new Map<string, string>();

function inRussian(zone: string): string {
  const name = names.get(zone) ?? zoneName(zone, "ru").toLowerCase();
  names.set(zone, name);
  return name;
}
