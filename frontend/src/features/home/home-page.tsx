import { Box, Button, Container, Group, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { type Icon, IconClockPlay, IconListCheck, IconShieldCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { homeFigures } from "@/api/queries/home";
import { START_PATH } from "@/auth/return-path";
import { useSignInExpected } from "@/auth/use-session";
import { usePageTitle } from "@/ui/page-header";
import { Stat } from "@/ui/stat";

export function HomePage() {
  const { t } = useTranslation();
  const expected = useSignInExpected();
  usePageTitle(t("home.title"));
  return (
    <Container size={960} px={0} py={{ base: 0, sm: "xl" }}>
      <Stack gap={48}>
        <Stack gap="md" align="flex-start">
          <Title order={1} tabIndex={-1} fz={{ base: 30, sm: 44 }} lh={1.15} maw={760}>
            {t("home.title")}
          </Title>
          <Text c="dimmed" fz="lg" maw={640}>
            {t("home.lead")}
          </Text>
          <Group mt="xs">
            {expected ? (
              <Button size="md" renderRoot={(props) => <Link {...props} to={START_PATH} />}>
                {t("home.open")}
              </Button>
            ) : (
              <>
                <Button size="md" renderRoot={(props) => <Link {...props} to="/register" />}>
                  {t("home.start")}
                </Button>
                <Button size="md" variant="default" renderRoot={(props) => <Link {...props} to="/sign-in" />}>
                  {t("account.signIn")}
                </Button>
              </>
            )}
          </Group>
        </Stack>
        <Figures />
        <Points />
      </Stack>
    </Container>
  );
}

function Figures() {
  const { t } = useTranslation();
  const { data, isError } = useQuery(homeFigures());
  return (
    <section aria-labelledby="figures">
      <Title id="figures" order={2} size="h5" mb="sm">
        {t("home.figures")}
      </Title>
      {/* A failed refresh keeps the last figures; the next one comes by itself. */}
      {isError && !data ? (
        <Text c="dimmed" role="status">
          {t("home.figuresFailed")}
        </Text>
      ) : (
        <SimpleGrid component="dl" m={0} cols={{ base: 1, xs: 3 }} spacing="md">
          <Stat label={t("home.mailings")} value={data?.mailings} />
          <Stat label={t("home.activeMailings")} value={data?.active_mailings} />
          <Stat label={t("home.clients")} value={data?.clients} />
        </SimpleGrid>
      )}
    </section>
  );
}

function Points() {
  const { t } = useTranslation();
  return (
    <section aria-labelledby="points">
      <Title id="points" order={2} size="h5" mb="md">
        {t("home.points")}
      </Title>
      <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="xl">
        <Point icon={IconClockPlay} title={t("home.onTime")} text={t("home.onTimeText")} />
        <Point icon={IconShieldCheck} title={t("home.once")} text={t("home.onceText")} />
        <Point icon={IconListCheck} title={t("home.proof")} text={t("home.proofText")} />
      </SimpleGrid>
    </section>
  );
}

function Point({ icon: Shape, title, text }: { icon: Icon; title: string; text: string }) {
  return (
    <Stack gap="xs">
      <Box c="var(--mantine-color-anchor)" lh={0}>
        <Shape size={28} stroke={1.5} aria-hidden />
      </Box>
      <Title order={3} size="h5">
        {title}
      </Title>
      <Text c="dimmed" size="sm">
        {text}
      </Text>
    </Stack>
  );
}
