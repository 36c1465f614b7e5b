import {
  type Icon,
  IconLayoutDashboard,
  IconMail,
  IconMailForward,
  IconMailOff,
  IconReportAnalytics,
  IconUsers,
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
}

/** The navigation from top to bottom: a line per screen that exists. */
export const sections: Section[] = [
  { to: "/dashboard", label: "nav.dashboard", icon: IconLayoutDashboard },
  { to: "/mailings", label: "nav.mailings", icon: IconMailForward },
  { to: "/messages", label: "nav.messages", icon: IconMail },
  { to: "/clients", label: "nav.clients", icon: IconUsers },
  { to: "/suppressions", label: "nav.suppressions", icon: IconMailOff },
  { to: "/reports", label: "nav.reports", icon: IconReportAnalytics },
];
