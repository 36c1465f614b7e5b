import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { act, render, screen } from "@testing-library/react";
import { http } from "msw";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Failure } from "@/api/failure";
import { pages } from "@/api/queries/pages";
import { visitSignedIn } from "@/test/app";
import { at, problem, server } from "@/test/server";
import { createQueryClient, Providers } from "./providers";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A screen with a list and its total, both of which the server answers as told. */
function shown(answer: () => Promise<string>) {
  const states = new Set<string>();
  const load = async () => ({ data: { items: [await answer()], next_cursor: null } });
  const list = pages<string>("clients", [], load);
  function Screen() {
    const rows = useInfiniteQuery({ ...list, retry: false });
    const total = useQuery({ queryKey: ["clients", "total"], queryFn: answer, retry: false });
    states.add(rows.status);
    return (
      <p>
        {rows.data?.pages[0]?.items[0] ?? rows.status} {total.data ?? total.status}
      </p>
    );
  }
  const queries = createQueryClient();
  const { unmount } = render(
    <Providers queries={queries} env="test">
      <Screen />
    </Providers>,
  );
  return { states, unmount };
}

const pass = (time: number) => act(() => vi.advanceTimersByTimeAsync(time));

test.each([0, 503])(
  "what failed with %i comes back by itself, and keeps its words until then",
  async (status) => {
    const answer = vi.fn(() => Promise.reject<string>(new Failure({ status })));
    const { states } = shown(answer);
    await pass(100);
    expect(screen.getByText("error error")).toBeInTheDocument();
    states.clear();
    await pass(60_000);
    expect(screen.getByText("error error")).toBeInTheDocument();
    expect([...states].filter((state) => state !== "error")).toEqual([]);
    // After 5, 15, 30, 45 and 60 s, twice each: more and more rarely, yet never given up.
    expect(answer).toHaveBeenCalledTimes(2 + 2 * 5);
    answer.mockImplementation(() => Promise.resolve("there"));
    await pass(15_000);
    expect(screen.getByText("there there")).toBeInTheDocument();
    answer.mockClear();
    await pass(60_000);
    expect(answer).not.toHaveBeenCalled();
  },
);

test("what is wrong with a request is not asked again", async () => {
  const answer = vi.fn(() => Promise.reject<string>(new Failure({ status: 422 })));
  shown(answer);
  await pass(60_000);
  expect(answer).toHaveBeenCalledTimes(2);
});

test("what no screen shows any more is not asked again", async () => {
  const answer = vi.fn(() => Promise.reject<string>(new Failure({ status: 0 })));
  const { unmount } = shown(answer);
  await pass(100);
  unmount();
  await pass(60_000);
  expect(answer).toHaveBeenCalledTimes(2);
});

test("a page that nothing is known for without an answer is shown once there is one", async () => {
  vi.useRealTimers();
  server.use(http.get(at("/me"), () => problem(503)));
  await visitSignedIn("/clients");
  await screen.findByRole("heading", { name: "The server does not answer" });
  server.resetHandlers();
  await screen.findByRole("heading", { name: "Clients" }, { timeout: 10_000 });
});
