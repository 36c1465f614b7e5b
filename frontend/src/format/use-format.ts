import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useMe } from "@/auth/use-session";
import { createFormat, type Format } from "./format";

/** Dates and numbers in the language of the interface and the zone of the person signed in. */
export function useFormat(): Format {
  const { i18n } = useTranslation();
  const zone = useMe()?.timezone;
  return useMemo(() => createFormat(i18n.language, zone), [i18n.language, zone]);
}
