import { ActionIcon, Button, Fieldset, Group, Input, NativeSelect, Stack, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { ATTRIBUTE_KINDS, type AttributeKind, type AttributeRow } from "./attributes";

interface Props {
  value: AttributeRow[];
  onChange: (rows: AttributeRow[]) => void;
  error?: ReactNode;
}

/** Names and values that a message can use; each value is a text, a number, or yes or no. */
export function AttributesEditor({ value: rows, onChange, error }: Props) {
  const { t } = useTranslation();
  const change = (key: number, part: Partial<AttributeRow>) =>
    onChange(rows.map((row) => (row.key === key ? { ...row, ...part } : row)));
  const add = () =>
    onChange([
      ...rows,
      { key: Math.max(-1, ...rows.map(({ key }) => key)) + 1, name: "", kind: "text", value: "" },
    ]);

  return (
    <Fieldset legend={t("clients.attributes.label")}>
      <Stack gap="sm">
        <Input.Description>{t("clients.attributes.hint")}</Input.Description>
        {rows.map((row, index) => {
          const number = { number: index + 1 };
          return (
            <Group key={row.key} gap="xs" align="flex-start">
              <TextInput
                aria-label={t("clients.attributes.name", number)}
                placeholder={t("clients.attributes.namePlaceholder")}
                value={row.name}
                onChange={(event) => change(row.key, { name: event.currentTarget.value })}
                style={{ flex: "2 1 110px" }}
              />
              <NativeSelect
                aria-label={t("clients.attributes.kind", number)}
                value={row.kind}
                onChange={(event) => {
                  const kind = event.currentTarget.value as AttributeKind;
                  change(row.key, { kind, ...(kind === "yesno" && { value: "true" }) });
                }}
                data={ATTRIBUTE_KINDS.map((kind) => ({
                  value: kind,
                  label: t(`clients.attributes.${kind}`),
                }))}
                style={{ flex: "1 1 96px" }}
              />
              {row.kind === "yesno" ? (
                <NativeSelect
                  aria-label={t("clients.attributes.value", number)}
                  value={row.value}
                  onChange={(event) => change(row.key, { value: event.currentTarget.value })}
                  data={[
                    { value: "true", label: t("clients.attributes.yes") },
                    { value: "false", label: t("clients.attributes.no") },
                  ]}
                  style={{ flex: "2 1 110px" }}
                />
              ) : (
                <TextInput
                  aria-label={t("clients.attributes.value", number)}
                  inputMode={row.kind === "number" ? "decimal" : "text"}
                  value={row.value}
                  onChange={(event) => change(row.key, { value: event.currentTarget.value })}
                  style={{ flex: "2 1 110px" }}
                />
              )}
              <ActionIcon
                variant="subtle"
                color="gray"
                c="dimmed"
                size={36}
                aria-label={t("clients.attributes.remove", number)}
                onClick={() => onChange(rows.filter(({ key }) => key !== row.key))}
              >
                <IconTrash size={16} aria-hidden />
              </ActionIcon>
            </Group>
          );
        })}
        {error && (
          <Input.Error role="alert" size="sm">
            {error}
          </Input.Error>
        )}
        <Group>
          <Button variant="default" size="xs" leftSection={<IconPlus size={14} aria-hidden />} onClick={add}>
            {t("clients.attributes.add")}
          </Button>
        </Group>
      </Stack>
    </Fieldset>
  );
}
