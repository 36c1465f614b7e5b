import { Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import type { Editor } from "@tiptap/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";

/** What is asked about before it is put in. */
export type Insert = "link" | "image" | "button";

interface Props {
  editor: Editor;
  asking: Insert | null;
  onClose: () => void;
}

/** Asks where a link, a button or a picture leads; what is selected is changed. */
export function InsertDialog({ asking, ...props }: Props) {
  const { t } = useTranslation();
  return (
    <Modal
      opened={asking !== null}
      onClose={props.onClose}
      title={asking ? t(`messages.tool.${asking}`) : ""}
      centered
      closeButtonProps={{ "aria-label": t("ui.close") }}
      returnFocus={false}
    >
      {asking && <Form asking={asking} {...props} />}
    </Modal>
  );
}

function Form({ editor, asking, onClose }: Props & { asking: Insert }) {
  const { t } = useTranslation();
  const now = editor.getAttributes(asking === "button" ? "buttonLink" : asking);
  const [address, setAddress] = useState(((now.href ?? now.src) as string | null) ?? "");
  const [words, setWords] = useState((now.alt as string | null) ?? "");
  const [wrong, setWrong] = useState("");
  const exists = editor.isActive(asking === "button" ? "buttonLink" : asking);
  const wordy = asking === "image" || (asking === "button" && !exists);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    event.stopPropagation();
    const to = withScheme(address.trim());
    if (!to) return setWrong(t("form.required"));
    if (!put(editor, asking, exists, to, words.trim())) return setWrong(t("messages.insert.refused"));
    onClose();
    editor.commands.focus();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <TextInput
          label={asking === "image" ? t("messages.insert.picture") : t("messages.insert.address")}
          description={t("messages.insert.addressHint")}
          value={address}
          error={wrong}
          onChange={(event) => {
            setAddress(event.currentTarget.value);
            setWrong("");
          }}
          placeholder="https://"
          data-autofocus
        />
        {wordy && (
          <TextInput
            label={asking === "image" ? t("messages.insert.alt") : t("messages.insert.words")}
            {...(asking === "image" && { description: t("messages.insert.altHint") })}
            value={words}
            onChange={(event) => setWords(event.currentTarget.value)}
          />
        )}
        <Group justify="flex-end" gap="sm">
          {asking === "link" && exists && (
            <Button
              variant="default"
              onClick={() => {
                editor.chain().focus().extendMarkRange("link").unsetLink().run();
                onClose();
              }}
            >
              {t("messages.insert.unlink")}
            </Button>
          )}
          <Button type="submit">{exists ? t("messages.insert.change") : t("messages.insert.put")}</Button>
        </Group>
      </Stack>
    </form>
  );
}

/** A bare host is meant as a page of it. */
function withScheme(address: string): string {
  return /^[\w-]+(\.[\w-]+)+([/?#]|$)/.test(address) ? `https://${address}` : address;
}

function put(editor: Editor, what: Insert, exists: boolean, to: string, words: string): boolean {
  const chain = editor.chain();
  if (what === "image") {
    if (!/^(https?:|data:image\/|\{\{)/i.test(to)) return false;
    if (exists) return chain.updateAttributes("image", { src: to, alt: words }).run();
    const style = "max-width:100%;height:auto;border:0";
    return chain.insertContent({ type: "image", attrs: { src: to, alt: words, style } }).run();
  }
  if (!/^(https?:|mailto:|tel:|sms:|#|\{\{)/i.test(to)) return false;
  if (what === "button") {
    if (exists) return chain.updateAttributes("buttonLink", { href: to }).run();
    const text = words || to;
    return chain
      .insertContent({ type: "buttonLink", attrs: { href: to }, content: [{ type: "text", text }] })
      .run();
  }
  if (editor.state.selection.empty && !exists) {
    const mark = { type: "link", attrs: { href: to } };
    return chain.insertContent({ type: "text", text: to, marks: [mark] }).run();
  }
  return chain.extendMarkRange("link").setLink({ href: to }).run();
}
