import { ActionIcon, Divider, Group, NativeSelect, Tooltip } from "@mantine/core";
import {
  type Icon,
  IconArrowBackUp,
  IconArrowForwardUp,
  IconBold,
  IconItalic,
  IconLink,
  IconList,
  IconListNumbers,
  IconPhoto,
  IconRectangle,
  IconSeparatorHorizontal,
  IconUnderline,
} from "@tabler/icons-react";
import type { Editor } from "@tiptap/core";
import { useEditorState } from "@tiptap/react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import classes from "../editor.module.css";
import { PlaceholderPicker } from "../placeholder-picker";
import { type Insert, InsertDialog } from "./insert-dialog";

const read = ({ editor }: { editor: Editor }) => ({
  block: ([1, 2, 3] as const).find((level) => editor.isActive("heading", { level })) ?? 0,
  bold: editor.isActive("bold"),
  italic: editor.isActive("italic"),
  underline: editor.isActive("underline"),
  bulletList: editor.isActive("bulletList"),
  orderedList: editor.isActive("orderedList"),
  link: editor.isActive("link"),
  image: editor.isActive("image"),
  button: editor.isActive("buttonLink"),
  undo: editor.can().undo(),
  redo: editor.can().redo(),
});

export function Toolbar({ editor }: { editor: Editor }) {
  const { t } = useTranslation();
  const is = useEditorState({ editor, selector: read });
  const [asking, setAsking] = useState<Insert | null>(null);
  const run = () => editor.chain().focus();

  return (
    <Group className={classes.bar ?? ""} role="toolbar" aria-label={t("messages.toolbar")}>
      <NativeSelect
        size="xs"
        w={116}
        aria-label={t("messages.tool.block")}
        value={String(is.block)}
        onChange={(event) => {
          const level = Number(event.currentTarget.value);
          if (level === 0) run().setParagraph().run();
          else
            run()
              .setHeading({ level: level as 1 | 2 | 3 })
              .run();
        }}
        data={[
          { value: "0", label: t("messages.tool.paragraph") },
          ...[1, 2, 3].map((level) => ({
            value: String(level),
            label: t("messages.tool.heading", { level }),
          })),
        ]}
      />
      <Tool
        icon={IconBold}
        label={t("messages.tool.bold")}
        on={is.bold}
        act={() => run().toggleBold().run()}
      />
      <Tool
        icon={IconItalic}
        label={t("messages.tool.italic")}
        on={is.italic}
        act={() => run().toggleItalic().run()}
      />
      <Tool
        icon={IconUnderline}
        label={t("messages.tool.underline")}
        on={is.underline}
        act={() => run().toggleUnderline().run()}
      />
      <Divider orientation="vertical" />
      <Tool
        icon={IconList}
        label={t("messages.tool.bulletList")}
        on={is.bulletList}
        act={() => run().toggleBulletList().run()}
      />
      <Tool
        icon={IconListNumbers}
        label={t("messages.tool.orderedList")}
        on={is.orderedList}
        act={() => run().toggleOrderedList().run()}
      />
      <Divider orientation="vertical" />
      <Tool icon={IconLink} label={t("messages.tool.link")} on={is.link} act={() => setAsking("link")} />
      <Tool
        icon={IconRectangle}
        label={t("messages.tool.button")}
        on={is.button}
        act={() => setAsking("button")}
      />
      <Tool icon={IconPhoto} label={t("messages.tool.image")} on={is.image} act={() => setAsking("image")} />
      <Tool
        icon={IconSeparatorHorizontal}
        label={t("messages.tool.divider")}
        act={() => run().setHorizontalRule().run()}
      />
      <PlaceholderPicker
        what={t("messages.tab.visual")}
        onPick={(source) => run().insertContent({ type: "chip", attrs: { source } }).run()}
      />
      <Divider orientation="vertical" />
      <Tool
        icon={IconArrowBackUp}
        label={t("messages.tool.undo")}
        off={!is.undo}
        act={() => run().undo().run()}
      />
      <Tool
        icon={IconArrowForwardUp}
        label={t("messages.tool.redo")}
        off={!is.redo}
        act={() => run().redo().run()}
      />
      <InsertDialog editor={editor} asking={asking} onClose={() => setAsking(null)} />
    </Group>
  );
}

interface ToolProps {
  icon: Icon;
  label: string;
  on?: boolean;
  off?: boolean;
  act: () => void;
}

function Tool({ icon: Shape, label, on, off = false, act }: ToolProps) {
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant={on ? "light" : "subtle"}
        color={on ? undefined : "gray"}
        {...(!on && { c: "dimmed" })}
        size="lg"
        aria-label={label}
        {...(on !== undefined && { "aria-pressed": on })}
        aria-disabled={off}
        style={off ? { opacity: 0.5 } : undefined}
        onClick={() => !off && act()}
      >
        <Shape size={18} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}
