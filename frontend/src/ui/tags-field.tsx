import { TagsInput, type TagsInputProps } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { knownTags } from "@/api/queries/clients";

/** The tags of the person's clients that hold what is typed. */
export function useKnownTags(typed: string): string[] {
  const [search] = useDebouncedValue(typed.trim(), 200);
  return useQuery(knownTags(search)).data ?? [];
}

/**
 * Tags as one types them; those there are are offered, so that a slip of the hand makes no new one. After one was chosen
 * they go away until more is typed: they stand over what is below the field.
 */
export function TagsField(props: TagsInputProps) {
  const [typed, setTyped] = useState("");
  const [opened, setOpened] = useState(false);
  return (
    <TagsInput
      {...props}
      data={useKnownTags(typed)}
      filter={({ options }) => options}
      searchValue={typed}
      onSearchChange={(text) => {
        setTyped(text);
        if (text) setOpened(true);
      }}
      onChange={(tags) => {
        setOpened(false);
        props.onChange?.(tags);
      }}
      dropdownOpened={opened}
      onDropdownOpen={() => setOpened(true)}
      onDropdownClose={() => setOpened(false)}
      acceptValueOnBlur
    />
  );
}
