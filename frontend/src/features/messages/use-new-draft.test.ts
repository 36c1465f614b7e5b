import { act, renderHook } from "@testing-library/react";
import { beforeEach, expect, test } from "vitest";
import { useNewDraft } from "./use-new-draft";

beforeEach(() => localStorage.clear());

test("what is written into two fields before the page is drawn again is all kept", () => {
  const { result } = renderHook(() => useNewDraft(7));
  const drawn = result.current;
  act(() => {
    drawn.change({ name: "Spring fair" });
    drawn.change({ subject: "Come to the fair" });
  });
  expect(result.current.content).toMatchObject({ name: "Spring fair", subject: "Come to the fair" });

  const { result: later } = renderHook(() => useNewDraft(7));
  expect(later.current.restored).toBe(true);
  expect(later.current.content).toMatchObject({ name: "Spring fair", subject: "Come to the fair" });
});
