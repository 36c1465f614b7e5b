// Command authorization writes the page of rights, out of the table that the
// server itself is made of, and the list of permissions that the web interface
// offers:
//
//	authorization docs/authorization.md frontend/src/api/permissions.gen.ts
package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/postrider/postrider/api"
	"github.com/postrider/postrider/pkg/model"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: authorization authorization.md permissions.gen.ts")
		os.Exit(2)
	}
	rights, err := api.Rights()
	if err == nil {
		err = os.WriteFile(os.Args[1], []byte(page(rights)), 0o644) //nolint:gosec // a page of the documentation, for everybody
	}
	if err == nil {
		err = os.WriteFile(os.Args[2], []byte(list()), 0o644) //nolint:gosec // a source, for everybody
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "authorization:", err)
		os.Exit(1)
	}
}

const head = `# Who may do what

Made by ` + "`make generate`" + ` out of the table of rights in [api/routes.go](../api/routes.go), which is also what the server is
made of: a call that is not in it does not answer. Do not edit.

**Who.** *anybody*: also without an account. *user*: every active account. A permission: active members of the staff whose groups carry
it, and superusers. *superuser*: an active superuser. All of it is read anew at every request, so that a block, a promotion and a
sign-out count at once. Whoever may GET may HEAD.

**Whose rows.** Ids of rows that one does not see answer like ids that do not exist: 404, with the same body.

| | |
| --- | --- |
| none | no rows with an owner: who may call is all there is to it |
| own | the caller's own; those of others are not there, for superusers neither |
| reads | the caller's own; superusers and holders of the permission read everyone's |
| changes | the caller's own; superusers change everyone's; holders of the permission see them and are refused (403) |
| stops | the caller's own; superusers and holders of the first permission act on everyone's, of the others see them and are refused (403) |

What a call makes or changes it also shows: its answer is the row as it stands then. So a key that may only write sees the rows that it
writes, and a holder of ` + "`users.block`" + ` without ` + "`users.view_all`" + ` the account that they block or unblock.

**API key.** The scope that a key must carry, beside what its owner may: a key never goes further than both. *any*: every key will do.
*none*: no key will do; one has to sign in. How keys are used is in [api-keys.md](api-keys.md).

The order of checks: 401 (nobody), 403 (not for this caller, or not with this key), 404 (no such row) or 403 (not to be changed), the
body, then the state of things (409).

## Calls
`

// page is the whole page.
func page(rights []api.Right) string {
	var b strings.Builder
	b.WriteString(head)
	noun := ""
	for _, r := range rights {
		if n := nounOf(r.Path); n != noun {
			noun = n
			fmt.Fprintf(&b, "\n### %s\n\n| call | who | whose rows | API key |\n| --- | --- | --- | --- |\n", noun)
		}
		fmt.Fprintf(&b, "| `%s %s` | %s | %s | %s |\n", r.Method, r.Path, who(r.Access), whose(r), scope(r.Scope))
	}
	b.WriteString("\n## What a permission opens\n\n| permission | calls it opens | rows of others it opens |\n| --- | --- | --- |\n")
	for _, p := range model.Permissions {
		opens := calls(rights, func(r api.Right) bool { return r.Access == string(p) })
		shows := calls(rights, func(r api.Right) bool {
			return r.Reach == "read" && slices.Contains(r.By, p) || r.Reach == "stop" && r.By[0] == p
		})
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", p, opens, shows)
	}
	b.WriteString("\n## What a scope opens\n\n| scope | calls |\n| --- | --- |\n")
	for _, s := range model.Scopes {
		fmt.Fprintf(&b, "| `%s` | %s |\n", s, calls(rights, func(r api.Right) bool { return r.Scope == s }))
	}
	return b.String()
}

// list are the permissions as the web interface knows them.
func list() string {
	var b strings.Builder
	b.WriteString("// Made by `make generate` out of the table of rights, as docs/authorization.md is. Do not edit.\n\n")
	b.WriteString("/** What a group may carry, in the order it is shown. */\nexport const PERMISSIONS = [\n")
	for _, p := range model.Permissions {
		fmt.Fprintf(&b, "  %q,\n", p)
	}
	b.WriteString("] as const;\nexport type Permission = (typeof PERMISSIONS)[number];\n")
	return b.String()
}

// nounOf is the first part of a path below the base.
func nounOf(path string) string {
	if below, is := strings.CutPrefix(path, "/api/v1/"); is {
		first, _, _ := strings.Cut(below, "/")
		return first
	}
	return "At the root"
}

func who(access string) string {
	if strings.Contains(access, ".") {
		return "`" + access + "`"
	}
	return access
}

func whose(r api.Right) string {
	word := map[string]string{"installation": "none", "own": "own", "read": "reads", "change": "changes", "stop": "stops"}[r.Reach]
	for i, p := range r.By {
		if i == 0 {
			word += ":"
		} else {
			word += ","
		}
		word += " `" + string(p) + "`"
	}
	return word
}

func scope(s model.Scope) string {
	switch s {
	case "*":
		return "any"
	case "-":
		return "none"
	}
	return "`" + string(s) + "`"
}

func calls(rights []api.Right, of func(api.Right) bool) string {
	var out []string
	for _, r := range rights {
		if of(r) {
			out = append(out, "`"+r.Method+" "+strings.TrimPrefix(r.Path, "/api/v1")+"`")
		}
	}
	return strings.Join(out, ", ")
}
