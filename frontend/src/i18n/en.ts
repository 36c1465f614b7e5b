import { joinTexts } from "./resources";

/** What a visitor may come to read. */
export default joinTexts(import.meta.glob<object>("./en/public/*.json", { eager: true, import: "default" }));
