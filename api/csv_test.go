package api_test

import (
	"encoding/csv"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/api"
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

func TestACellIsNoFormula(t *testing.T) {
	t.Parallel()
	for _, before := range []string{"", " ", "\u00a0", "\u3000", "\u200b", "\ufeff", "\u00ad", "\u2060 \u200d", "\u202e", "\u034f", "\ufe0f", "\u3164", "\x00", "\x1f"} {
		for _, begin := range []string{"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "﹦", "﹢", "﹣", "﹫"} {
			cell := before + begin + "1"
			require.Equal(t, "'"+cell, api.Defused(cell), "%q", cell)
		}
		for _, rest := range []string{"", "1=1", "Анна", "a+b@example.com", "'=1", "−1"} {
			cell := before + rest
			require.Equal(t, cell, api.Defused(cell), "%q", cell)
		}
	}
}
