import type { LinkProps } from "@tanstack/react-router";
import type { DeliveryState } from "@/api/types";

/** The report of a run, or those of its deliveries that are in a state. */
export function reportLink(runId: number, state?: DeliveryState): LinkProps {
  return { to: `/reports/${runId}`, search: state ? { state } : {} } as unknown as LinkProps;
}

/** Where a message is written. */
export const newMessageLink = { to: "/messages/new" } as unknown as LinkProps;

export const messageLink = (id: number) => ({ to: `/messages/${id}` }) as unknown as LinkProps;
