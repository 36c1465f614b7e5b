import createQueries from "openapi-react-query";
import { authorisedFetch } from "@/auth/authorised-fetch";
import { createApi } from "./http";

/** The API as the person signed in; see createApi for how calls fail. */
export const api = createApi(authorisedFetch);

/** Query options with their keys, from the paths of the API. */
export const apiQueries = createQueries(api);
