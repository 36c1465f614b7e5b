import { Autocomplete, Button, CloseButton, Group, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch, IconTag } from "@tabler/icons-react";
import { type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import classes from "./filter-bar.module.css";
import { useKnownTags } from "./tags-field";

interface BarProps {
  children: ReactNode;
  /** Takes all filters away; given when there are any. */
  onClear?: (() => void) | undefined;
}

/** The filters of a list, the search first, in a row that wraps; the fields align at their lower edge. */
export function FilterBar({ children, onClear }: BarProps) {
  const { t } = useTranslation();
  return (
    <Group role="search" align="flex-end" gap="sm" mb="md" className={classes.bar ?? ""}>
      {children}
      {onClear && (
        <Button variant="subtle" onClick={onClear}>
          {t("ui.filter.clear")}
        </Button>
      )}
    </Group>
  );
}

/** How long one must have stopped typing before the list is asked again, in milliseconds. */
const PAUSE = 300;

interface SearchProps {
  label: string;
  /** What the address says. */
  value: string;
  /** Gives the search a step of the history when it begins, and replaces that when it goes on: Back leaves the search. */
  onSearch: (text: string) => void;
}

/** The text of a search field, which becomes the search when one stops typing, or at once by `now`. */
function useSearchText({ value, onSearch }: SearchProps) {
  const [text, setText] = useState(value);
  const later = useDebouncedCallback((wanted: string) => onSearch(wanted.trim()), PAUSE);
  // Back, or "clear all": the address changed without a key being pressed here.
  useEffect(() => setText((typed) => (typed.trim() === value ? typed : value)), [value]);
  return {
    text,
    type: (wanted: string) => {
      setText(wanted);
      later(wanted);
    },
    now: (wanted: string) => {
      later.cancel();
      setText(wanted);
      onSearch(wanted.trim());
    },
  };
}

/** A field whose text becomes the search when one stops typing or presses Enter. */
export function SearchField(props: SearchProps) {
  const { t } = useTranslation();
  const { text, type, now } = useSearchText(props);
  return (
    <TextInput
      type="search"
      label={props.label}
      value={text}
      onChange={(event) => type(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === "Enter") now(text);
      }}
      leftSection={<IconSearch size={16} aria-hidden />}
      rightSection={
        text && <CloseButton size="sm" aria-label={t("ui.filter.clearSearch")} onClick={() => now("")} />
      }
    />
  );
}

/** A search for one tag exactly, which offers those there are. */
export function TagSearchField(props: SearchProps) {
  const { t } = useTranslation();
  const { text, type, now } = useSearchText(props);
  const known = useKnownTags(text);
  return (
    <Autocomplete
      label={props.label}
      value={text}
      data={known}
      filter={({ options }) => options}
      onChange={type}
      onOptionSubmit={now}
      onKeyDown={(event) => {
        if (event.key === "Enter") now(text);
      }}
      leftSection={<IconTag size={16} aria-hidden />}
      rightSection={
        text && <CloseButton size="sm" aria-label={t("ui.filter.clearSearch")} onClick={() => now("")} />
      }
    />
  );
}
