import { createContext } from "react";

/** Whether there is a frame with a menu around what is shown: a page that failed is then shown in it. */
export const InFrame = createContext(false);
