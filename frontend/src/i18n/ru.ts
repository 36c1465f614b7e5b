import { joinTexts } from "./resources";

export default joinTexts(import.meta.glob<object>("./ru/*.json", { eager: true, import: "default" }));
