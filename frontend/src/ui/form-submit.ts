import type { UseFormReturnType } from "@mantine/form";
import { useState } from "react";
import { Failure } from "@/api/failure";

interface Submit {
  onSubmit: (event?: React.FormEvent<HTMLFormElement>) => void;
  pending: boolean;
  /** What is to be said above the form: a failure that belongs to no field of it. */
  failure: unknown;
}

/**
 * Sends a form: what the server finds wrong with a field is shown at that field, the first of which gets the
 * focus; everything else comes back as `failure`. What was typed stays.
 *
 * place may know better than the server where a failure belongs and how to say it, by field.
 */
export function useFormSubmit<Values extends Record<string, unknown>>(
  form: UseFormReturnType<Values>,
  send: (values: Values) => Promise<void>,
  place: (failure: Failure) => Partial<Record<keyof Values & string, string>> = () => ({}),
): Submit {
  const [pending, setPending] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);

  const focus = (fields: string[]) => {
    // Mantine puts the errors there with the next render; the field is in the page already.
    const first = Object.keys(form.getValues()).find((name) => fields.includes(name));
    if (first) form.getInputNode(first)?.focus();
  };

  const attempt = async (values: Values) => {
    setPending(true);
    setFailure(null);
    try {
      await send(values);
    } catch (error) {
      const wrong: Record<string, string> = {};
      let homeless = !(error instanceof Failure);
      if (error instanceof Failure) {
        const own = place(error);
        for (const { field, message } of error.fields) {
          if (field in values) wrong[field] ??= message;
          else homeless = true;
        }
        Object.assign(wrong, own);
        homeless ||= Object.keys(wrong).length === 0;
      }
      form.setErrors(wrong);
      if (homeless) setFailure(error);
      focus(Object.keys(wrong));
    } finally {
      setPending(false);
    }
  };

  return {
    onSubmit: form.onSubmit(attempt, (errors) => focus(Object.keys(errors))),
    pending,
    failure,
  };
}
