import { Button, Collapse, Grid, Group, Radio, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { TagsField } from "@/ui/tags-field";
import { AudienceSummary } from "./audience-summary";
import { ClientPicker } from "./client-picker";
import { audienceOf, type MailingForm, namesAnybody } from "./form-values";
import { Step } from "./step";

/** To whom: all, or those with a tag and those named, without some; and at once how many that makes. */
export function AudienceStep({ form }: { form: MailingForm }) {
  const { t } = useTranslation();
  const { audience } = form.values;
  const excludes = audience.exclude_tags.length + audience.exclude_client_ids.length > 0;
  const wrongWithout = ["exclude_tags", "exclude_client_ids"].some((name) => form.errors[`audience.${name}`]);
  const [opened, without] = useDisclosure(excludes);
  const shown = opened || wrongWithout;
  const wrong = Object.keys(form.errors).some((path) => path.startsWith("audience"));
  const set = (part: Partial<typeof audience>) => form.setFieldValue("audience", { ...audience, ...part });
  const Arrow = shown ? IconChevronDown : IconChevronRight;

  return (
    <Step number={2} title={t("mailingForm.audience.title")} done={namesAnybody(audience)} wrong={wrong}>
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, md: 7 }}>
          <Stack gap="md">
            <Radio.Group
              label={t("mailingForm.audience.who")}
              value={audience.all ? "all" : "some"}
              onChange={(value) => set({ all: value === "all" })}
              error={form.errors.audience ?? form.errors["audience.all"]}
            >
              <Group mt="xs" gap="lg">
                <Radio value="some" label={t("mailingForm.audience.some")} data-path="audience" />
                <Radio value="all" label={t("mailingForm.audience.all")} />
              </Group>
            </Radio.Group>
            {!audience.all && (
              <>
                <Tags
                  label={t("mailingForm.audience.tags")}
                  description={t("mailingForm.audience.tagsHint")}
                  path="audience.tags"
                  form={form}
                  onChange={(tags) => set({ tags })}
                />
                <ClientPicker
                  label={t("mailingForm.audience.clients")}
                  ids={audience.client_ids}
                  onChange={(client_ids) => set({ client_ids })}
                  path="audience.client_ids"
                  error={form.errors["audience.client_ids"]}
                />
              </>
            )}
            <div>
              <Button
                variant="subtle"
                color="gray"
                c="var(--mantine-color-text)"
                size="compact-sm"
                px={4}
                leftSection={<Arrow size={16} aria-hidden />}
                aria-expanded={shown}
                onClick={without.toggle}
              >
                {t("mailingForm.audience.except")}
              </Button>
              <Collapse expanded={shown}>
                <Stack gap="md" mt="sm">
                  <Tags
                    label={t("mailingForm.audience.exceptTags")}
                    path="audience.exclude_tags"
                    form={form}
                    onChange={(exclude_tags) => set({ exclude_tags })}
                  />
                  <ClientPicker
                    label={t("mailingForm.audience.exceptClients")}
                    ids={audience.exclude_client_ids}
                    onChange={(exclude_client_ids) => set({ exclude_client_ids })}
                    path="audience.exclude_client_ids"
                    error={form.errors["audience.exclude_client_ids"]}
                  />
                </Stack>
              </Collapse>
            </div>
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 5 }}>
          {namesAnybody(audience) ? (
            <AudienceSummary audience={audienceOf(form.values)} />
          ) : (
            <Text size="sm" c="dimmed">
              {t("mailingForm.audience.nobodyYet")}
            </Text>
          )}
        </Grid.Col>
      </Grid>
    </Step>
  );
}

interface TagsProps {
  label: string;
  description?: string;
  path: "audience.tags" | "audience.exclude_tags";
  form: MailingForm;
  onChange: (tags: string[]) => void;
}

function Tags({ label, description, path, form, onChange }: TagsProps) {
  const { t } = useTranslation();
  return (
    <TagsField
      label={label}
      {...(description && { description })}
      clearable
      clearButtonProps={{ "aria-label": t("mailingForm.clear") }}
      {...form.getInputProps(path)}
      onChange={onChange}
    />
  );
}
