import type { UseFormReturnType } from "@mantine/form";
import { useRef, useState } from "react";
import { Failure } from "@/api/failure";

interface Submit {
  onSubmit: (event?: React.FormEvent<HTMLFormElement>) => void;
  pending: boolean;
  /** What is to be said above the form: a failure that belongs to no field of it. */
  failure: unknown;
}

/**
 * Sends a form: what the server finds wrong with a field is shown at that field, the first of which gets the
 * focus; everything else comes back as `failure`. What was typed stays. While it is being sent it is not sent again.
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
  // The state comes with the next render, which is too late for a double click.
  const running = useRef(false);

  const focus = (fields: string[]) => {
    // Mantine puts the errors there with the next render; the field is in the page already.
    const order = Object.keys(form.getValues());
    const place = (field: string) => order.indexOf(field.split(".")[0] ?? "");
    const first = fields.toSorted((a, b) => place(a) - place(b))[0];
    if (first) form.getInputNode(first)?.focus();
  };

  const attempt = async (values: Values) => {
    if (running.current) return;
    running.current = true;
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
          const at = fieldAt(values, field);
          if (at) wrong[at] ??= message;
          else homeless = true;
        }
        Object.assign(wrong, own);
        homeless ||= Object.keys(wrong).length === 0;
      }
      form.setErrors(wrong);
      if (homeless) setFailure(error);
      focus(Object.keys(wrong));
    } finally {
      running.current = false;
      setPending(false);
    }
  };

  return {
    onSubmit: form.onSubmit(attempt, (errors) => focus(Object.keys(errors))),
    pending,
    failure,
  };
}

/**
 * The form's field that a field of the API stands for: the deepest one on its way that the form has
 * (`audience.client_ids.3` is shown at `audience.client_ids`), or none.
 */
export function fieldAt(values: object, field: string): string | undefined {
  const path: string[] = [];
  let at: unknown = values;
  for (const name of field.split(".")) {
    if (typeof at !== "object" || at === null || Array.isArray(at) || !Object.hasOwn(at, name)) break;
    path.push(name);
    at = (at as Record<string, unknown>)[name];
  }
  return path.length > 0 ? path.join(".") : undefined;
}
