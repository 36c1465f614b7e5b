package api_test

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/api"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// TestListsAsCSV: every list that people keep comes as a table of the same
// rows as its JSON.
func TestListsAsCSV(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		root := h.superuser(t)
		client := makers["/clients/:id"](t, root)
		makers["/suppressions/:id"](t, root)
		makeMailing(t, root, true)
		makeMailing(t, root, false)
		root.do(t, "POST", "/messages", fields{"name": "=1+1", "subject": "s", "text": "a\nb"}).require(t, 201)
		for path, key := range map[string]string{
			"/clients": "id", "/suppressions": "email", "/messages": "id", "/mailings": "id", "/users": "id", "/reports": "run_id",
			fmt.Sprintf("/clients/%d/deliveries", client): "id",
		} {
			a := root.do(t, "GET", path+"?limit=1", nil, header{"Accept", "text/csv"}).require(t, 200)
			require.True(t, strings.HasPrefix(a.header.Get("Content-Type"), "text/csv"), path)
			require.Contains(t, a.header.Get("Content-Disposition"), ".csv")
			require.Contains(t, a.header.Values("Vary"), "Accept")
			rows, err := csv.NewReader(strings.NewReader(string(a.body))).ReadAll()
			require.NoError(t, err, path)
			column := -1
			for i, name := range rows[0] {
				if name == key {
					column = i
				}
			}
			require.GreaterOrEqual(t, column, 0, path)
			items := root.list(t, path).Items
			require.Len(t, rows, len(items)+1, "%s: the whole list whatever the limit", path)
			for i, item := range items {
				require.Equal(t, fmt.Sprint(item[key]), rows[i+1][column], path)
			}
		}
		messages := string(root.do(t, "GET", "/messages", nil, header{"Accept", "text/csv"}).body)
		require.Contains(t, messages, ",'=1+1,", "formulas are defused")
	})
}

// TestACSVEndsWithTheRightToReadIt: it is cut, and does not end as if it were
// whole.
func TestACSVEndsWithTheRightToReadIt(t *testing.T) {
	t.Parallel()
	h := one(t)
	h.api.HurryEvents(quick, quick, quick, patience)
	pipes := pipeServer(t, h)
	root, anna := h.superuser(t), h.user(t)
	const rows = store.MaxLimit + 1
	for i := range rows {
		row := model.Client{OwnerID: anna.user.ID, Email: fmt.Sprintf("reader%d@example.com", i)}
		require.NoError(t, h.store.CreateClient(t.Context(), anna.user.Viewer(), &row))
	}
	change := func(body fields) func(*testing.T, *caller) {
		return func(t *testing.T, u *caller) {
			root.do(t, "PATCH", fmt.Sprintf("/users/%d", u.user.ID), body).require(t, 200)
		}
	}
	block, demote := change(fields{"is_active": false}), change(fields{"groups": []string{}})
	signOut := func(t *testing.T, u *caller) { u.do(t, "POST", "/auth/logout", nil).require(t, 204) }
	byToken := func(_ *testing.T, u *caller) (*caller, string) { return u, "/clients" }
	byLink := func(t *testing.T, u *caller) (*caller, string) { return h.anonymous(), u.link(t, "/clients") }
	byKey := func(t *testing.T, u *caller) (*caller, string) { return u.key(t, model.ClientsRead), "/clients" }
	for _, x := range []struct {
		what  string
		begin func(*testing.T, *caller) (*caller, string)
		end   func(*testing.T, *caller)
		whole bool
	}{
		{"nothing happens", byToken, func(*testing.T, *caller) {}, true},
		{"nothing happens to a link", byLink, func(*testing.T, *caller) {}, true},
		{"nothing happens to a key", byKey, func(*testing.T, *caller) {}, true},
		{"the token ends", func(t *testing.T, u *caller) (*caller, string) {
			return &caller{h: h, user: u.user, token: u.resigned(t, time.Now().Add(2*time.Second))}, "/clients"
		}, func(*testing.T, *caller) { time.Sleep(2 * time.Second) }, true},
		{"blocked", byToken, block, false},
		{"demoted", byToken, demote, false},
		{"signed out", byToken, signOut, false},
		{"blocked, by a link", byLink, block, false},
		{"demoted, by a link", byLink, demote, false},
		{"signed out, by a link", byLink, signOut, false},
		{"demoted, by a key", byKey, demote, false},
		{"the key is revoked", byKey, func(t *testing.T, u *caller) {
			var keys struct{ Items []struct{ ID int64 } }
			u.do(t, "GET", "/api-keys", nil).require(t, 200).json(t, &keys)
			u.do(t, "DELETE", fmt.Sprintf("/api-keys/%d", keys.Items[0].ID), nil).require(t, 204)
		}, false},
	} {
		u := h.manager(t)
		asks, path := x.begin(t, u)
		res, err := http.ReadResponse(bufio.NewReader(pipes.ask(t, asks, path, "text/csv")), nil)
		require.NoError(t, err, x.what)
		require.Equal(t, 200, res.StatusCode, x.what)
		x.end(t, u)
		time.Sleep(2 * quick)
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close() // says again what reading said
		if x.whole {
			require.NoError(t, err, x.what)
			require.Equal(t, rows+1, strings.Count(string(body), "\r\n"), x.what)
		} else {
			require.ErrorIs(t, err, io.ErrUnexpectedEOF, x.what)
		}
	}
}

// A reader that takes nothing is given up.
func TestACSVGivesUpWhoDoesNotRead(t *testing.T) {
	t.Parallel()
	h := one(t)
	h.api.HurryEvents(quick, quick, time.Minute, 5*quick)
	pipes := pipeServer(t, h)
	anna := h.user(t)
	pipes.ask(t, anna, "/clients", "text/csv")
	require.Eventually(t, func() bool { return strings.Contains(h.log.String(), `"route":"/api/v1/clients"`) }, patience, quick,
		"the call is over though nobody read and nobody closed")
}

func TestACellIsNoFormula(t *testing.T) {
	t.Parallel()
	for _, before := range []string{"", " ", "\u00a0", "\u3000", "\u200b", "\ufeff", "\u00ad", "\u2060 \u200d", "\u202e", "\u034f", "\ufe0f", "\u3164", "\x00", "\x1f"} {
		for _, begin := range []string{"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "﹦", "﹢", "﹣", "﹫"} {
			cell := before + begin + "1"
			require.Equal(t, "'"+cell, api.Defused(cell), "%q", cell)
			for _, end := range []string{";", "\t", "\r", "\n", "\r\n"} {
				if !strings.Contains("\t\r\n", begin) {
					require.Equal(t, "x"+end+"'"+cell, api.Defused("x"+end+cell), "%q", end+cell)
				}
			}
		}
		for _, rest := range []string{"", "1=1", "Анна", "a+b@example.com", "'=1", "−1"} {
			cell := before + rest
			require.Equal(t, cell, api.Defused(cell), "%q", cell)
			require.Equal(t, "x;"+cell, api.Defused("x;"+cell), "%q", cell)
		}
	}
}

// TestACSVHasNoFormulaForOtherSeparators: in many countries the separator of
// lists is a semicolon, and some take the file for one with tabs.
func TestACSVHasNoFormulaForOtherSeparators(t *testing.T) {
	t.Parallel()
	h := one(t)
	anna := h.user(t)
	evil := "=cmd|'/C calc'!A0"
	for i, comment := range []string{"x;" + evil, "x\t" + evil, "x\n" + evil, "x,y; " + evil, `x;"` + evil, `"x";` + evil, ";;" + evil, "x;\ufeff" + evil} {
		anna.do(t, "POST", "/clients", fields{"email": fmt.Sprintf("c%d@example.com", i), "comment": comment}).require(t, 201)
	}
	body := string(anna.do(t, "GET", "/clients", nil, header{"Accept", "text/csv"}).require(t, 200).body)
	require.Equal(t, 8, strings.Count(body, evil))
	for _, separator := range []rune{',', ';', '\t'} {
		r := csv.NewReader(strings.NewReader(body))
		r.Comma, r.LazyQuotes, r.FieldsPerRecord = separator, true, -1
		rows, err := r.ReadAll()
		require.NoError(t, err)
		for _, row := range rows {
			for _, cell := range row {
				require.NotRegexp(t, `^[\s"\x{feff}]*=`, cell, "separated by %q", separator)
			}
		}
	}
}
