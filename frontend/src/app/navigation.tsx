import { NavLink, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Fragment } from "react";
import { useTranslation } from "react-i18next";
import { capturesMail } from "@/api/queries/inbox";
import { may } from "@/auth/rights";
import { useMe } from "@/auth/use-session";
import { sections } from "./sections";

/** The sections that the person may see, under their headings. */
export function Navigation() {
  const { t } = useTranslation();
  const user = useMe();
  const { data: captures = false } = useQuery({ ...capturesMail(), enabled: user !== undefined });
  const shown = sections.filter(
    ({ right, captured }) => (!right || may(user, right)) && (!captured || captures),
  );
  return shown.map(({ to, label, icon: Shape, under }, index) => (
    <Fragment key={label}>
      {under && shown[index - 1]?.under !== under && (
        <Text size="xs" fw={600} c="dimmed" px="sm" mt="md" mb={4}>
          {t(under)}
        </Text>
      )}
      <NavLink
        renderRoot={(props) => <Link {...props} to={to} activeProps={{ "data-active": true }} />}
        label={t(label)}
        leftSection={<Shape size={20} stroke={1.6} aria-hidden />}
        style={{ borderRadius: "var(--mantine-radius-md)" }}
      />
    </Fragment>
  ));
}
