import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import Plot from "./plot";

afterEach(() => vi.restoreAllMocks());

test.each([23, 61, 119])("times stand below a chart of %i bars in equal steps", (count) => {
  vi.spyOn(HTMLElement.prototype, "getBoundingClientRect").mockImplementation(function (this: HTMLElement) {
    return this.id === "recharts_measurement_span" ? new DOMRect(0, 0, 48, 16) : new DOMRect(0, 0, 320, 220);
  });
  const points = Array.from({ length: count }, (_, n) => ({
    ...{ key: `k${n}`, tick: String(n), label: String(n), values: { sent: 1 } },
  }));
  const { container } = render(
    <QueryClientProvider client={new QueryClient()}>
      <Plot series={["sent"]} points={points} />
    </QueryClientProvider>,
  );
  const told = [...container.querySelectorAll("text[orientation=bottom]")];
  const ticks = told.map(({ textContent }) => Number(textContent));
  expect(ticks.length).toBeGreaterThan(2);
  const steps = ticks.slice(1).map((tick, n) => tick - (ticks[n] ?? 0));
  expect(new Set(steps).size).toBe(1);
});
