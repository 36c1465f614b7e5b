import { Skeleton } from "@mantine/core";
import { useTranslation } from "react-i18next";

/** The shape of what happened while it is on its way. */
export function WhySkeleton() {
  const { t } = useTranslation();
  return (
    <div role="status" aria-label={t("why.loading")}>
      {["30%", "80%", "40%", "70%", "90%"].map((width) => (
        <Skeleton key={width} height={16} width={width} my={20} />
      ))}
    </div>
  );
}
