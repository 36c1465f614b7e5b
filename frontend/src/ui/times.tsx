import { useEffect, useState } from "react";
import { sentence } from "@/format/sentence";
import { useFormat } from "@/format/use-format";

interface Props {
  at: string;
  /** The day alone. */
  day?: boolean;
  /** It stands within a sentence: "tomorrow", not "Tomorrow". */
  within?: boolean;
}

/** An instant in the person's zone; the full form with the zone is in its title. A screen with times names the zone once. */
export function DateTime({ at, day = false, within = false }: Props) {
  const format = useFormat();
  const words = day ? format.date(at) : format.dateTime(at);
  return (
    <time dateTime={at} title={format.fullDateTime(at)}>
      {within ? words : sentence(words)}
    </time>
  );
}

/** "5 minutes ago", "in 2 hours": for what happened or will soon; it stays right while the page is open. */
export function RelativeTime({ at }: { at: string }) {
  const format = useFormat();
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 10_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <time dateTime={at} title={format.fullDateTime(at)}>
      {format.relative(at)}
    </time>
  );
}
