/** Where this browser keeps what somebody has written of a new message. */
export const keptDraftKey = (userId: number) => `postrider.new-message.${userId}`;

export const hasKeptDraft = (userId: number): boolean => {
  try {
    return localStorage.getItem(keptDraftKey(userId)) !== null;
  } catch {
    return false;
  }
};

export function forgetKeptDraft(userId: number): void {
  try {
    localStorage.removeItem(keptDraftKey(userId));
  } catch {
    // A forbidden storage has kept nothing.
  }
}
