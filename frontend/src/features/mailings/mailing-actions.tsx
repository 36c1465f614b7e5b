import { ActionIcon, Button, Group, Menu } from "@mantine/core";
import {
  type Icon,
  IconBan,
  IconCalendarOff,
  IconCalendarPlus,
  IconCopy,
  IconDots,
  IconMailCheck,
  IconPencil,
  IconPlayerPause,
  IconPlayerPlay,
  IconSend,
  IconTrash,
} from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { testMailing } from "@/api/queries/mailings";
import type { Mailing } from "@/api/types";
import { MailingDialog } from "./mailing-dialog";
import { type Ask, asksOf } from "./mailing-state";
import { TestDialog, useTestToMe } from "./test-dialog";
import { useMailingActs } from "./use-mailing-acts";

const icons: Record<Ask, Icon> = {
  edit: IconPencil,
  start: IconSend,
  schedule: IconCalendarPlus,
  unschedule: IconCalendarOff,
  pause: IconPlayerPause,
  resume: IconPlayerPlay,
  cancel: IconBan,
  test: IconMailCheck,
  duplicate: IconCopy,
  delete: IconTrash,
};

interface Props {
  mailing: Mailing;
  own: boolean;
  /** The right to stop anybody's mailings. */
  mayStop: boolean;
  /** The server does not answer: that this can be done is no more than was known last. */
  lost: boolean;
}

/** What may be done with a mailing: the likeliest as the page's button, the rest in a menu. Of a foreign one, to stop it at most. */
export function MailingActions({ mailing, own, mayStop, lost }: Props) {
  const { t } = useTranslation();
  const [asked, setAsked] = useState<Ask | "stop" | null>(null);
  const test = useTestToMe(() => testMailing(mailing.id));
  const { run, pending } = useMailingActs(mailing, setAsked, test.start);

  if (!own) {
    const stoppable = ["scheduled", "running", "pausing", "paused"].includes(mailing.status);
    if (!mayStop || !stoppable) return null;
    return (
      <>
        <Button
          color="red"
          variant="outline"
          leftSection={<IconBan size={18} aria-hidden />}
          onClick={() => setAsked("stop")}
        >
          {t("mailing.ask.stop")}
        </Button>
        <MailingDialog mailing={mailing} asked={asked} onClose={() => setAsked(null)} />
      </>
    );
  }

  const [first, ...rest] = asksOf(mailing);
  if (!first) return null;
  const First = icons[first];
  return (
    <Group gap="sm">
      {/* Another act is another button: under the focus, and a second press of the key, it would change its meaning. */}
      <Button
        key={first}
        variant={lost ? "default" : "filled"}
        leftSection={<First size={18} aria-hidden />}
        loading={pending}
        onClick={() => void run(first)}
      >
        {t(`mailing.ask.${first}`)}
      </Button>
      {rest.length > 0 && (
        <Menu position="bottom-end" width={260}>
          <Menu.Target>
            <ActionIcon variant="default" size={36} aria-label={t("mailing.more")}>
              <IconDots size={18} aria-hidden />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {rest.map((ask) => {
              const Shape = icons[ask];
              const destroys = ask === "cancel" || ask === "delete";
              return (
                <Menu.Item
                  key={ask}
                  leftSection={<Shape size={16} aria-hidden />}
                  {...(destroys && { c: "var(--mantine-color-error)" })}
                  onClick={() => void run(ask)}
                >
                  {t(`mailing.ask.${ask}`)}
                </Menu.Item>
              );
            })}
          </Menu.Dropdown>
        </Menu>
      )}
      <MailingDialog mailing={mailing} asked={asked} onClose={() => setAsked(null)} />
      <TestDialog {...test} />
    </Group>
  );
}
