/** Catches slips of the hand only; what an address may be is the server's to say. */
export const looksLikeEmail = (value: string): boolean => /^\S+@\S+\.\S+$/.test(value.trim());
