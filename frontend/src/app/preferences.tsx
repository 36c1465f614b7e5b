import { ActionIcon, type MantineColorScheme, Menu, useMantineColorScheme } from "@mantine/core";
import { IconCheck, IconDeviceDesktop, IconLanguage, IconMoon, IconSun } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "@/api/client";
import { me } from "@/api/queries/me";
import { session } from "@/auth/session";
import { chooseLanguage, LANGUAGES, type Language, language } from "@/i18n";

const themes = { light: IconSun, dark: IconMoon, auto: IconDeviceDesktop } as const;

/** Switches between the light and the dark theme and the system's; kept in this browser. */
export function ThemeMenu() {
  const { t } = useTranslation();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const Current = themes[colorScheme];
  return (
    <Menu position="bottom-end" checkIcon={<IconCheck size={16} aria-hidden />}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" c="dimmed" aria-label={t("theme.label")}>
          <Current size={20} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.RadioGroup
          value={colorScheme}
          onChange={(scheme) => setColorScheme(scheme as MantineColorScheme)}
        >
          {(Object.keys(themes) as MantineColorScheme[]).map((scheme) => {
            const Shape = themes[scheme];
            return (
              <Menu.RadioItem
                key={scheme}
                value={scheme}
                closeMenuOnClick
                rightSection={<Shape size={16} aria-hidden />}
              >
                {t(`theme.${scheme}`)}
              </Menu.RadioItem>
            );
          })}
        </Menu.RadioGroup>
      </Menu.Dropdown>
    </Menu>
  );
}

/** Switches the language of the interface, and of the account if somebody is signed in. */
export function LanguageMenu() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const save = useMutation({
    // The choice holds in this browser even when the account cannot be told.
    mutationFn: async (locale: Language) => {
      if (!session.token) return;
      const { data } = await api.PATCH("/me", { body: { locale } });
      queries.setQueryData(me().queryKey, data);
    },
    retry: 2,
  });
  const choose = (next: Language) => {
    void chooseLanguage(next);
    save.mutate(next);
  };
  return (
    <Menu position="bottom-end" checkIcon={<IconCheck size={16} aria-hidden />}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" c="dimmed" aria-label={t("language.label")}>
          <IconLanguage size={20} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.RadioGroup value={language()} onChange={(next) => choose(next as Language)}>
          {(Object.keys(LANGUAGES) as Language[]).map((tag) => (
            <Menu.RadioItem key={tag} value={tag} closeMenuOnClick lang={tag}>
              {LANGUAGES[tag]}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
      </Menu.Dropdown>
    </Menu>
  );
}
