import { EditorContent, useEditor } from "@tiptap/react";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import classes from "../editor.module.css";
import { toDocument, toHtml } from "./convert";
import { PasteNotice } from "./paste-notice";
import { extensions } from "./schema";
import { Toolbar } from "./toolbar";
import { usePaste } from "./use-paste";

interface Props {
  /** A source that canEdit. */
  html: string;
  /** Called when something was edited, never by opening. */
  onChange: (html: string) => void;
}

/** Writes a message as its readers see it. What stands around the body of the source is kept as it is. */
export function VisualEditor({ html, onChange }: Props) {
  const { t } = useTranslation();
  const source = useRef(html);
  const told = useRef(onChange);
  told.current = onChange;
  const paste = usePaste();
  const editor = useEditor({
    extensions,
    content: toDocument(html).toJSON(),
    shouldRerenderOnTransaction: false,
    editorProps: {
      attributes: {
        role: "textbox",
        "aria-multiline": "true",
        "aria-label": t("messages.tab.visual"),
      },
      ...paste.editorProps,
    },
    onUpdate: ({ editor, transaction }) => {
      paste.updated(editor, transaction);
      source.current = toHtml(editor.state.doc, source.current);
      told.current(source.current);
    },
  });

  // Somebody else's version was taken: what is shown follows.
  useEffect(() => {
    if (html === source.current) return;
    source.current = html;
    editor.commands.setContent(toDocument(html).toJSON(), { emitUpdate: false });
  }, [html, editor]);

  return (
    <div>
      <Toolbar editor={editor} />
      <EditorContent editor={editor} className={classes.paper} />
      <PasteNotice
        simplified={paste.notice.simplified}
        onUndo={paste.notice.isLast ? () => void editor.chain().undo().focus().run() : undefined}
        onClose={() => {
          paste.close();
          editor.commands.focus();
        }}
      />
    </div>
  );
}
