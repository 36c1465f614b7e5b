import { useTranslation } from "react-i18next";
import { useFormat } from "@/format/use-format";

/** As the API has it. */
export const MOST_A_MINUTE = 1_000_000;

/** For a NumberInput: what is typed stays, and is refused in words where it does not fit. */
export const AS_TYPED = { clampBehavior: "none" } as const;

/** What is wrong with a number of a form, which may be left out, or null. */
export function useNumberWords(): (value: number | string, least: number, most: number) => string | null {
  const { t } = useTranslation();
  const format = useFormat();
  return (value, least, most) => {
    const number = Number(value);
    if (value === "" || (Number.isInteger(number) && number >= least && number <= most)) return null;
    return t("form.wholeNumber", { least: format.number(least), most: format.number(most) });
  };
}
