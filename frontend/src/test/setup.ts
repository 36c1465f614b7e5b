import "@testing-library/jest-dom/vitest";
import { notifications } from "@mantine/notifications";
import { cleanup, configure } from "@testing-library/react";
import { afterAll, afterEach, beforeAll, vi } from "vitest";
import { session } from "@/auth/session";
import { chooseLanguage, loadScreenTexts, startI18n } from "@/i18n";
import { server } from "./server";

// A busy machine is no failure; what is awaited is there at once on an idle one.
configure({ asyncUtilTimeout: 10_000 });

// What jsdom has not and Mantine asks for.
vi.stubGlobal(
  "ResizeObserver",
  class {
    observe() {}
    unobserve() {}
    disconnect() {}
  },
);
window.matchMedia = (query) =>
  ({
    matches: false,
    media: query,
    addEventListener() {},
    removeEventListener() {},
    addListener() {},
    removeListener() {},
  }) as unknown as MediaQueryList;
window.scrollTo = () => {};
Element.prototype.scrollIntoView = () => {};
Object.defineProperty(document, "fonts", { value: new EventTarget() });

beforeAll(async () => {
  server.listen({ onUnhandledRequest: "error" });
  await startI18n();
  await loadScreenTexts();
});

afterEach(async () => {
  cleanup();
  // They belong to no page and would stand in the next test.
  notifications.clean();
  server.resetHandlers();
  if (session.expected) await session.signOut();
  localStorage.clear();
  await chooseLanguage("en");
});

afterAll(() => server.close());
