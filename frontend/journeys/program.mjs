// An installation of a journey's own: bin/postrider in a folder and on a port that no other has.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PROGRAM = new URL("../../bin/postrider", import.meta.url).pathname;

export const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/**
 * A place for an installation, nothing of which runs yet. `up` starts the embedded program with these settings and, called
 * again, goes on where it was; the tools of browser.mjs that are imported after it was made lead there. `close` ends
 * all that was started and leaves nothing.
 */
export async function installation(settings = {}) {
  const folder = mkdtempSync(join(tmpdir(), "postrider-journey-"));
  const port = await freePort();
  const running = new Set();
  process.env.POSTRIDER_URL = `http://127.0.0.1:${port}`;

  function start(args, env = {}) {
    const child = spawn(PROGRAM, args, { cwd: folder, stdio: "ignore", env: { ...process.env, ...env } });
    child.ended = new Promise((resolve) => child.once("exit", resolve));
    running.add(child);
    return child;
  }

  async function up() {
    const child = start(["up", "--data-dir", join(folder, "data")], {
      POSTRIDER_HTTP_ADDR: `127.0.0.1:${port}`,
      POSTRIDER_PUBLIC_URL: process.env.POSTRIDER_URL,
      POSTRIDER_LIMITS: "off",
      ...settings,
    });
    for (let tries = 0; ; tries++) {
      const ready = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null);
      if (ready?.ok) return child;
      assert.ok(tries < 300 && child.exitCode === null, "the program did not become ready");
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  async function close() {
    for (const child of running) child.kill("SIGKILL");
    await Promise.all([...running].map((child) => child.ended));
    rmSync(folder, { recursive: true, force: true });
  }

  return { folder, start, up, close };
}
