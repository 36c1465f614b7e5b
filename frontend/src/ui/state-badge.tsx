import {
  type Icon,
  IconBan,
  IconCheck,
  IconCircleDashed,
  IconClock,
  IconClockX,
  IconPencil,
  IconPlayerPause,
  IconPlayerTrackNext,
  IconQuestionMark,
  IconSend,
  IconX,
} from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { DeliveryState, MailingStatus } from "@/api/types";
import classes from "./state-badge.module.css";

/** What a colour says, everywhere alike; "none" is for what needs nobody's attention, "now" for what is going on. */
type Meaning = "sent" | "waiting" | "failed" | "in-doubt" | "now" | "none";

interface Look {
  meaning: Meaning;
  icon: Icon;
}

const mailing: Record<MailingStatus, Look> = {
  draft: { meaning: "none", icon: IconPencil },
  scheduled: { meaning: "none", icon: IconClock },
  running: { meaning: "now", icon: IconSend },
  pausing: { meaning: "waiting", icon: IconPlayerPause },
  paused: { meaning: "waiting", icon: IconPlayerPause },
  cancelling: { meaning: "none", icon: IconBan },
  finished: { meaning: "sent", icon: IconCheck },
  cancelled: { meaning: "none", icon: IconBan },
};

const delivery: Record<DeliveryState, Look> = {
  pending: { meaning: "none", icon: IconCircleDashed },
  sending: { meaning: "now", icon: IconSend },
  deferred: { meaning: "waiting", icon: IconClock },
  sent: { meaning: "sent", icon: IconCheck },
  failed: { meaning: "failed", icon: IconX },
  skipped: { meaning: "none", icon: IconPlayerTrackNext },
  in_doubt: { meaning: "in-doubt", icon: IconQuestionMark },
  expired: { meaning: "none", icon: IconClockX },
  cancelled: { meaning: "none", icon: IconBan },
};

type Props = { of: "mailing"; state: MailingStatus } | { of: "delivery"; state: DeliveryState };

/** A state as a shape, a word and a colour, so that none of them has to be seen alone. */
export function StateBadge(props: Props) {
  const { t } = useTranslation();
  const look: Look = props.of === "mailing" ? mailing[props.state] : delivery[props.state];
  const word =
    props.of === "mailing" ? t(`state.mailing.${props.state}`) : t(`state.delivery.${props.state}`);
  const Shape = look.icon;
  return (
    <span className={classes.badge} data-meaning={look.meaning}>
      <Shape size={14} stroke={2} aria-hidden className={classes.icon} />
      {word}
    </span>
  );
}
