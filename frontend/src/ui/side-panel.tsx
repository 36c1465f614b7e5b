import { Drawer } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

interface Props {
  /** From the address, so that a panel can be linked to and Back closes it. */
  opened: boolean;
  onClose: () => void;
  title: ReactNode;
  children: ReactNode;
}

/** Shows one thing beside the list it stands in; on a phone over it. The focus comes back to where it was. */
export function SidePanel({ opened, onClose, title, children }: Props) {
  const { t } = useTranslation();
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      title={title}
      position="right"
      size="lg"
      padding="lg"
      closeButtonProps={{ "aria-label": t("ui.close") }}
      styles={{
        title: { fontWeight: 650, fontSize: "var(--mantine-h4-font-size)", overflowWrap: "anywhere" },
      }}
    >
      {children}
    </Drawer>
  );
}
