import { authorisedFetch } from "@/auth/authorised-fetch";
import { createApi } from "./http";
import { makingOnce } from "./making-once";

/** The API as the person signed in; see createApi for how calls fail, and makingOnce for how they are tried again. */
export const api = createApi(makingOnce(authorisedFetch));
