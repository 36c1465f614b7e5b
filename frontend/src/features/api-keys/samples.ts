import type { Scope } from "@/api/types";

/** The languages there are samples for, in the order they are shown. */
export const LANGUAGES = ["curl", "Go", "Python", "TypeScript"] as const;
export type Language = (typeof LANGUAGES)[number];

/** A call that a key with these scopes may make at once. */
function firstCall(scopes: readonly Scope[]): string {
  for (const noun of ["clients", "messages", "mailings", "reports", "suppressions"] as const) {
    if (scopes.includes(`${noun}:read`)) return `/${noun}?limit=10`;
  }
  return "/me";
}

/** Whole programs, to be copied and run. The key stands in the first line of the shell alone, and comes from the environment elsewhere. */
export function samples(base: string, key: string, scopes: readonly Scope[]): Record<Language, string> {
  const url = base + firstCall(scopes);
  return {
    curl: `export POSTRIDER_KEY='${key}'
curl -s '${url}' -H "Authorization: Bearer $POSTRIDER_KEY"
`,
    Go: `package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
)

func main() {
	r, err := http.NewRequest("GET", "${url}", nil)
	if err != nil {
		log.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+os.Getenv("POSTRIDER_KEY"))
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Status, string(body))
}
`,
    Python: `import json, os, urllib.request

request = urllib.request.Request(
    "${url}",
    headers={"Authorization": "Bearer " + os.environ["POSTRIDER_KEY"]},
)
with urllib.request.urlopen(request) as answer:
    print(json.load(answer))
`,
    TypeScript: `const answer = await fetch("${url}", {
  headers: { Authorization: \`Bearer \${process.env.POSTRIDER_KEY}\` },
});
if (!answer.ok) throw new Error((await answer.json()).detail);
console.log(await answer.json());
`,
  };
}
