import { authorisedFetch } from "@/auth/authorised-fetch";
import { language } from "@/i18n";
import { failureOf } from "./failure";

/** Gets a list of the API as CSV and hands it to the browser as a file. Rejects with a Failure. */
export async function downloadCsv(path: string, query: object, fileName: string): Promise<void> {
  const url = new URL(`/api/v1${path}`, window.location.origin);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
  const answer = await authorisedFetch(
    new Request(url, { headers: { Accept: "text/csv", "Accept-Language": language() } }),
  );
  if (!answer.ok) throw await failureOf(answer);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = fileName;
  link.click();
  URL.revokeObjectURL(link.href);
}
