// Made by `make generate` out of the table of rights, as docs/authorization.md is. Do not edit.

/** What a group may carry, in the order it is shown. */
export const PERMISSIONS = [
  "clients.view_all",
  "messages.view_all",
  "mailings.view_all",
  "reports.view_all",
  "users.view_all",
  "users.block",
  "mailings.stop_all",
] as const;
export type Permission = (typeof PERMISSIONS)[number];
