import { authorisedFetch } from "@/auth/authorised-fetch";
import { createApi } from "./http";

/** The API as the person signed in; see createApi for how calls fail. */
export const api = createApi(authorisedFetch);
