import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { RelativeTime } from "@/ui/times";
import type { useDraft } from "./use-draft";

interface Props {
  draft: ReturnType<typeof useDraft>;
  mayChange: boolean;
  /** Whose it is, for those who see everyone's. */
  owner: string | undefined;
}

/** Says whether what is on the screen is what the server has. */
export function SaveState({ draft, mayChange, owner }: Props) {
  const { t } = useTranslation();
  const words = () => {
    if (draft.saving) return t("messages.state.saving");
    if (draft.failure !== null || draft.conflict.theirs) return t("messages.state.failed");
    return draft.dirty ? t("messages.state.dirty") : t("messages.state.saved");
  };
  return (
    <Text span inherit>
      {mayChange && (
        <span role="status">
          {words()}
          {" · "}
        </span>
      )}
      {!mayChange && owner && `${owner} · `}
      {t("messages.state.changed")} <RelativeTime at={draft.saved.updated_at} />
    </Text>
  );
}
