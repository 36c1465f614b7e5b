import { joinTexts } from "./resources";

/** What is read behind sign-in alone. */
export default joinTexts(import.meta.glob<object>("./ru/*.json", { eager: true, import: "default" }));
