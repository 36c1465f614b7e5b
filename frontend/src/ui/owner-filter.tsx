import { NativeSelect } from "@mantine/core";
import { useTranslation } from "react-i18next";

interface Props {
  /** Everyone's are shown, not one's own alone. */
  everyones: boolean;
  /** Tells what the address is to say. */
  onChange: (owner: "all" | undefined) => void;
}

/** Chooses between one's own and everyone's rows, for those who may see everyone's. */
export function OwnerFilter({ everyones, onChange }: Props) {
  const { t } = useTranslation();
  return (
    <NativeSelect
      label={t("ui.owner.label")}
      value={everyones ? "all" : ""}
      onChange={(event) => onChange(event.currentTarget.value === "all" ? "all" : undefined)}
      data={[
        { value: "", label: t("ui.owner.mine") },
        { value: "all", label: t("ui.owner.everyones") },
      ]}
    />
  );
}
