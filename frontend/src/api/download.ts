import { api } from "./client";

/**
 * Has the browser save a list of the API as a CSV file: by a link for one use, so that the list goes straight to the
 * disk, however long it is. Rejects with a Failure when there is no such list.
 */
export async function downloadCsv(path: string, query: object): Promise<void> {
  const filter = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
  const { data } = await api.POST("/downloads", { body: { path: filter.size ? `${path}?${filter}` : path } });
  const link = document.createElement("a");
  link.href = data?.url ?? "";
  // The server names the file; without this an error would take the place of the page.
  link.download = "";
  link.click();
}
