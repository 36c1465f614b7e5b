import { type UseMutationOptions, useMutation } from "@tanstack/react-query";
import { useRef } from "react";

/**
 * useMutation for what a button makes: while one runs, another is not begun. A button that shows itself as busy comes
 * too late for a double click.
 */
export function useSingleMutation<Data>(options: UseMutationOptions<Data, Error, void>) {
  const running = useRef(false);
  const { mutateAsync, ...mutation } = useMutation(options);
  const mutate = () => {
    if (running.current) return;
    running.current = true;
    mutateAsync()
      .catch(() => {}) // it stands in `error`
      .finally(() => {
        running.current = false;
      });
  };
  return { ...mutation, mutate };
}
