import type { TransportInput, TransportSettings } from "@/api/types";

export type Tls = NonNullable<TransportInput["tls"]>;
export const TLS_MODES: Tls[] = ["required", "implicit", "optional", "none"];
export const SPANS = ["per_second", "per_minute", "per_hour", "per_day"] as const;
type Span = (typeof SPANS)[number];

/** A number of a form: the field gives a text while it is empty. */
type Count = number | "";

// Not an interface: only an alias is a Record, as forms want it.
export type Values = {
  name: string;
  host: string;
  port: Count;
  tls: Tls;
  username: string;
  password: string;
  bounce: string;
  connections: Count;
  limits: Record<Span, Count>;
};

/** The usual ways to reach a mail server. */
export const PRESETS = {
  submission: { port: 587, tls: "required" },
  implicit: { port: 465, tls: "implicit" },
  smtp: { port: 25, tls: "optional" },
  local: { host: "localhost", port: 25, tls: "none", username: "" },
} as const satisfies Record<string, Partial<Values>>;
export type Preset = keyof typeof PRESETS;

export const NEW: Values = {
  name: "",
  host: "",
  port: PRESETS.submission.port,
  tls: PRESETS.submission.tls,
  username: "",
  password: "",
  bounce: "",
  connections: 10,
  limits: { per_second: "", per_minute: "", per_hour: "", per_day: "" },
};

const count = (value: number | null | undefined): Count => value ?? "";
const orNull = (value: Count): number | null => (value === "" ? null : value);

/** The password stays away: the server tells it nobody. */
export const toValues = (row: TransportSettings): Values => ({
  name: row.name,
  host: row.host,
  port: row.port,
  tls: row.tls,
  username: row.username,
  password: "",
  bounce: row.bounce,
  connections: row.connections,
  limits: {
    per_second: count(row.limits.per_second),
    per_minute: count(row.limits.per_minute),
    per_hour: count(row.limits.per_hour),
    per_day: count(row.limits.per_day),
  },
});

/** A password that is left empty stays as it is; without a user name there is none. */
export function toInput({ port, connections, limits, password, ...rest }: Values): Partial<TransportInput> {
  return {
    ...rest,
    port: orNull(port),
    connections: connections === "" ? 10 : connections,
    limits: {
      per_second: orNull(limits.per_second),
      per_minute: orNull(limits.per_minute),
      per_hour: orNull(limits.per_hour),
      per_day: orNull(limits.per_day),
    },
    ...(rest.username === "" ? { password: null } : password !== "" && { password }),
  };
}

const STRENGTH: Record<Tls, number> = { none: 0, optional: 1, required: 2, implicit: 2 };

/** Whether a kept password would go to another server, or there with less protection: then it must be given again. */
export function leadsElsewhere(row: TransportSettings, { host, port, tls }: Values): boolean {
  const usual = tls === "implicit" ? 465 : 25;
  return (
    host.trim().toLowerCase() !== row.host.toLowerCase() ||
    (port === "" ? usual : port) !== row.port ||
    STRENGTH[tls] < STRENGTH[row.tls]
  );
}
