import { joinTexts } from "./resources";

export default joinTexts(import.meta.glob<object>("./en/*.json", { eager: true, import: "default" }));
