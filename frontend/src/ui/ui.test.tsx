import { Notifications } from "@mantine/notifications";
import { fireEvent, screen, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";
import { Failure } from "@/api/failure";
import stateTexts from "@/i18n/en/state.json";
import { show } from "@/test/app";
import { notify, notifyFailure } from "./notify";
import { Stat } from "./stat";
import { StateBadge } from "./state-badge";

const badge = (word: string) => screen.getByText(word);

test("a state is a word, a shape and one of the meanings", async () => {
  await show(
    <>
      <StateBadge of="delivery" state="sent" />
      <StateBadge of="delivery" state="deferred" />
      <StateBadge of="delivery" state="failed" />
      <StateBadge of="delivery" state="in_doubt" />
      <StateBadge of="mailing" state="paused" />
    </>,
  );
  const meanings = Object.entries({
    [stateTexts.delivery.sent]: "sent",
    [stateTexts.delivery.deferred]: "waiting",
    [stateTexts.delivery.failed]: "failed",
    [stateTexts.delivery.in_doubt]: "in-doubt",
    [stateTexts.mailing.paused]: "waiting",
  });
  for (const [word, meaning] of meanings) {
    expect(badge(word)).toHaveAttribute("data-meaning", meaning);
    expect(badge(word).querySelector("svg")).not.toBeNull();
  }
});

test("a number leads to what it counts where there is such a list", async () => {
  await show(
    <dl>
      <Stat label="Mailings" value={1234} link={{ to: "/mailings", search: { status: "running" } }} />
      <Stat label="Clients" value={5} />
      <Stat label="Runs" value={undefined} />
      <Stat label="Reports" value={0} link={{ to: "/reports" }} />
    </dl>,
  );
  expect(screen.getByRole("link", { name: "1,234" })).toHaveAttribute("href", "/mailings?status=running");
  expect(screen.getAllByRole("link")).toHaveLength(1);
  expect(screen.getByText("5")).toBeInTheDocument();
});

test("what failed in the background is said in words, not as a status", async () => {
  await show(<Notifications />);
  notifyFailure("The file could not be made", new Failure({ status: 0 }));
  expect(await screen.findByRole("alert")).toHaveTextContent("There is no answer from the server");
});

test("an act is taken back once, and again only where that failed, which is said", async () => {
  await show(<Notifications />);
  const tries: { resolve: () => void; reject: (error: unknown) => void }[] = [];
  notify("Given to the group.", {
    undo: () => new Promise<void>((resolve, reject) => tries.push({ resolve, reject })),
  });
  const button = await screen.findByRole("button", { name: "Undo" });
  fireEvent.click(button);
  fireEvent.click(button);
  expect(tries).toHaveLength(1);
  await waitFor(() => expect(screen.queryByRole("button", { name: "Close" })).not.toBeInTheDocument());
  tries[0]?.reject(new Failure({ status: 0 }));
  const alert = await screen.findByRole("alert");
  expect(alert).toHaveTextContent("It could not be undone");
  expect(alert).toHaveTextContent("There is no answer from the server");
  expect(screen.getByText("Given to the group.")).toBeVisible();
  fireEvent.click(screen.getByRole("button", { name: "Undo" }));
  expect(tries).toHaveLength(2);
  tries[1]?.resolve();
  await waitFor(() => expect(screen.queryByText("Given to the group.")).not.toBeInTheDocument());
});
