import {
  type Icon,
  IconBan,
  IconCalendarX,
  IconCheck,
  IconCircleDashed,
  IconClock,
  IconClockX,
  IconFlag,
  IconMailOff,
  IconPencil,
  IconPlayerPause,
  IconPlayerTrackNext,
  IconQuestionMark,
  IconSend,
  IconUserMinus,
  IconX,
} from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { ClientStatus, DeliveryState, MailingStatus, RunStatus, TransportState } from "@/api/types";
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

const run: Record<RunStatus, Look> = {
  planned: { meaning: "none", icon: IconClock },
  running: { meaning: "now", icon: IconSend },
  pausing: { meaning: "waiting", icon: IconPlayerPause },
  paused: { meaning: "waiting", icon: IconPlayerPause },
  cancelling: { meaning: "none", icon: IconBan },
  cancelled: { meaning: "none", icon: IconBan },
  finished: { meaning: "sent", icon: IconCheck },
  missed: { meaning: "failed", icon: IconCalendarX },
};

const client: Record<ClientStatus, Look> = {
  active: { meaning: "sent", icon: IconCheck },
  unsubscribed: { meaning: "none", icon: IconUserMinus },
  bounced: { meaning: "failed", icon: IconMailOff },
  complained: { meaning: "failed", icon: IconFlag },
  blocked: { meaning: "none", icon: IconBan },
};

const user: Record<"active" | "blocked", Look> = {
  active: { meaning: "sent", icon: IconCheck },
  blocked: { meaning: "failed", icon: IconBan },
};

const transport: Record<TransportState, Look> = {
  ok: { meaning: "sent", icon: IconCheck },
  resting: { meaning: "waiting", icon: IconClock },
  unusable: { meaning: "failed", icon: IconX },
  disabled: { meaning: "none", icon: IconPlayerPause },
};

const worker: Record<"alive" | "silent", Look> = {
  alive: { meaning: "sent", icon: IconCheck },
  silent: { meaning: "failed", icon: IconX },
};

/** THE table of states: what each looks like, wherever it is shown. A new kind of state is a row here and its words in state.json. */
const looks = { mailing, run, delivery, client, user, transport, worker };

type Props = {
  /** There is none of it: a heading of the number 0 has no colour. */
  quiet?: boolean;
} & (
  | { of: "mailing"; state: MailingStatus }
  | { of: "run"; state: RunStatus }
  | { of: "delivery"; state: DeliveryState }
  | { of: "client"; state: ClientStatus }
  | { of: "user"; state: keyof typeof user }
  | { of: "transport"; state: TransportState }
  | { of: "worker"; state: keyof typeof worker }
);

/** A state as a shape, a word and a colour, so that none of them has to be seen alone. */
export function StateBadge({ of, state, quiet = false }: Props) {
  const { t } = useTranslation();
  const { meaning, icon: Shape } = (looks[of] as Record<string, Look>)[state] as Look;
  return (
    <span className={classes.badge} data-meaning={quiet ? "none" : meaning}>
      <Shape size={14} stroke={2} aria-hidden className={classes.icon} />
      {t(`state.${of}.${state}` as "state.mailing.draft")}
    </span>
  );
}
