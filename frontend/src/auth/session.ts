import { Failure } from "@/api/failure";
import { publicApi } from "@/api/http";

/**
 * What this browser knows of its session, for all its tabs: on while it has one, lost when the server ended it, nothing
 * after signing out. It holds no secret.
 */
const MARK = "postrider.signed-in";
const ON = "1";
const LOST = "lost";

/** How long before its end an access token is renewed, in milliseconds: a request never has to wait for it. */
const AHEAD = 60_000;

const authorised = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });

/**
 * What happened to the session: somebody signed in or signed out on purpose, or signed out on purpose in another tab, where
 * what stands on this one is still theirs until `leave`, or the server ended it.
 */
export type SessionEvent = "signed-in" | "signed-out" | "signed-out-elsewhere" | "lost";

/**
 * Who is at the keyboard. The access token lives in this object only; the refresh token is in an HttpOnly
 * cookie that scripts cannot read. A page that was just loaded therefore knows nothing until `restore` asked.
 */
class Session {
  #token: string | null = null;
  #renewal: Promise<boolean> | null = null;
  #asked = false;
  #lost = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #listeners = new Set<(event: SessionEvent) => void>();

  constructor() {
    window.addEventListener("storage", ({ key, newValue }) => {
      if (key !== MARK) return;
      // What was lost is found once this tab has asked who it is.
      if (newValue === ON) return this.#tell("signed-in");
      clearTimeout(this.#timer);
      // Who has not been here has nothing to hold.
      const known = this.held;
      this.#token = null;
      this.#lost = newValue === LOST || known;
      this.#tell(newValue === LOST ? "lost" : known ? "signed-out-elsewhere" : "signed-out");
    });
  }

  get token(): string | null {
    return this.#token;
  }

  /** Whether this browser was signed in when last seen; it costs no request and may be out of date. */
  get expected(): boolean {
    return this.#token !== null || localStorage.getItem(MARK) === ON;
  }

  /** Whether what is on the page is somebody's: of who is signed in, or of who was until the session ended elsewhere and may go on after signing in again. */
  get held(): boolean {
    return this.#token !== null || this.#lost;
  }

  /** Calls back when somebody signed in or out, here or in another tab. Returns what ends it. */
  subscribe = (listener: (event: SessionEvent) => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Whether somebody is signed in, asking the server if this page does not know yet. Rejects with a Failure when it cannot be known. */
  async restore(): Promise<boolean> {
    if (this.#token !== null) return true;
    return this.#asked && !this.expected ? false : this.renew();
  }

  /**
   * Gets a new access token for the cookie's refresh token: true, or false when the session is over. Calls at the same
   * time share one request; tabs take turns, so that each presents the newest refresh token. Rejects with a
   * Failure, and forgets nothing, when the server cannot be asked.
   */
  renew(): Promise<boolean> {
    this.#renewal ??= takeTurn(() => this.#renew()).finally(() => {
      this.#renewal = null;
    });
    return this.#renewal;
  }

  async #renew(): Promise<boolean> {
    try {
      const { data } = await publicApi.POST("/auth/refresh");
      this.#begin(data);
      return true;
    } catch (error) {
      if (!(error instanceof Failure) || error.isPassing) throw error;
      this.#end("lost");
      return false;
    }
  }

  async signIn(email: string, password: string): Promise<void> {
    const { data } = await publicApi.POST("/auth/login", { body: { email, password, cookie: true } });
    this.#begin(data);
  }

  /** Gives up what was held of a session that ended elsewhere. */
  leave(): void {
    if (this.#token !== null || !this.#lost) return;
    this.#lost = false;
    this.#tell("signed-out");
  }

  /** Ends the session at the server. Rejects with a Failure, still signed in, when the server cannot be told: only it can take the cookie away. */
  async signOut(): Promise<void> {
    return this.#endAt("/auth/logout");
  }

  /** Ends all sessions of the person, in every browser; rejects as signOut does. */
  async signOutEverywhere(): Promise<void> {
    await this.renew();
    return this.#endAt("/auth/logout-all");
  }

  async #endAt(path: "/auth/logout" | "/auth/logout-all"): Promise<void> {
    await this.#renewal?.catch(() => false);
    try {
      await publicApi.POST(path, this.#token ? authorised(this.#token) : {});
    } catch (error) {
      // The session may be over already.
      if (!(error instanceof Failure) || error.status !== 401) throw error;
    }
    this.#end("signed-out");
  }

  #begin(tokens: { access_token: string; expires_in: number } | undefined) {
    if (!tokens?.access_token) throw new Failure({ status: 0 });
    const before = this.#token;
    this.#token = tokens.access_token;
    this.#lost = false;
    clearTimeout(this.#timer);
    // What the timer misses, a sleeping laptop for one, the first refused request makes good.
    this.#timer = setTimeout(() => void this.renew().catch(() => false), tokens.expires_in * 1000 - AHEAD);
    this.#asked = true;
    localStorage.setItem(MARK, ON);
    if (before === null) this.#tell("signed-in");
  }

  #end(event: SessionEvent) {
    // What was lost cannot be lost again, but left.
    const known = this.expected || (this.#lost && event === "signed-out");
    clearTimeout(this.#timer);
    this.#token = null;
    this.#asked = true;
    if (!known) return;
    this.#lost = event === "lost";
    if (this.#lost) localStorage.setItem(MARK, LOST);
    else localStorage.removeItem(MARK);
    this.#tell(event);
  }

  #tell(event: SessionEvent) {
    for (const listener of this.#listeners) listener(event);
  }
}

async function takeTurn(act: () => Promise<boolean>): Promise<boolean> {
  // Absent outside secure contexts; then the server's tolerance for the direct predecessor covers two tabs.
  if (!navigator.locks) return act();
  return await navigator.locks.request("postrider.session", act);
}

export const session = new Session();
