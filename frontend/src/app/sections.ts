import {
  type Icon,
  IconActivity,
  IconHistory,
  IconInbox,
  IconLayoutDashboard,
  IconMail,
  IconMailForward,
  IconMailOff,
  IconReportAnalytics,
  IconServer,
  IconUserShield,
  IconUsers,
  IconUsersGroup,
} from "@tabler/icons-react";
import type { LinkProps } from "@tanstack/react-router";
import type { Right } from "@/auth/rights";
import type { Resources } from "@/i18n/resources";

/** A part of the interface that the navigation leads to. */
export interface Section {
  to: LinkProps["to"];
  label: `nav.${keyof Resources["nav"] & string}`;
  icon: Icon;
  /** Shown to those who have it alone; everybody signed in otherwise. */
  right?: Right;
  /** Stands below this heading, with those beside it that have the same. */
  under?: "nav.administration";
  /** Shown only where this installation captures its mail. */
  captured?: boolean;
}

/** The navigation from top to bottom: a line per screen that exists. */
export const sections: Section[] = [
  { to: "/dashboard", label: "nav.dashboard", icon: IconLayoutDashboard },
  { to: "/mailings", label: "nav.mailings", icon: IconMailForward },
  { to: "/messages", label: "nav.messages", icon: IconMail },
  { to: "/clients", label: "nav.clients", icon: IconUsers },
  { to: "/suppressions", label: "nav.suppressions", icon: IconMailOff },
  { to: "/reports", label: "nav.reports", icon: IconReportAnalytics },
  { to: "/inbox", label: "nav.inbox", icon: IconInbox, captured: true },
  {
    to: "/admin/users",
    label: "nav.users",
    icon: IconUserShield,
    right: "users.view_all",
    under: "nav.administration",
  },
  {
    to: "/admin/groups",
    label: "nav.groups",
    icon: IconUsersGroup,
    right: "superuser",
    under: "nav.administration",
  },
  {
    to: "/admin/transports",
    label: "nav.transports",
    icon: IconServer,
    right: "superuser",
    under: "nav.administration",
  },
  {
    to: "/admin/audit",
    label: "nav.audit",
    icon: IconHistory,
    right: "superuser",
    under: "nav.administration",
  },
  {
    to: "/admin/system",
    label: "nav.system",
    icon: IconActivity,
    right: "superuser",
    under: "nav.administration",
  },
];
