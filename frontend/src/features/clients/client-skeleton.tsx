import { Skeleton, Stack } from "@mantine/core";
import { useTranslation } from "react-i18next";

/** The shape of a client while it is on its way. */
export function ClientSkeleton() {
  const { t } = useTranslation();
  return (
    <Stack role="status" aria-label={t("app.loading")}>
      {["70%", "100%", "95%", "90%", "98%"].map((width) => (
        <Skeleton key={width} height={24} width={width} />
      ))}
    </Stack>
  );
}
