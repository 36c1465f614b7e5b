package api_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/testkit"
)

func userPath(u *model.User) string { return fmt.Sprintf("/users/%d", u.ID) }

func TestRightsCountAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		root, anna := h.superuser(t), h.user(t)
		testkit.Manager(t, h.store)
		set := func(body fields) account {
			var out account
			root.do(t, "PATCH", userPath(anna.user), body).require(t, 200).json(t, &out)
			return out
		}
		anna.do(t, "GET", "/users", nil).problem(t, 403, "forbidden")
		out := set(fields{"groups": []string{model.ManagerGroup}})
		require.Empty(t, out.Permissions, "a group counts only with staff status")
		anna.do(t, "GET", "/users", nil).problem(t, 403, "forbidden")
		out = set(fields{"is_staff": true})
		require.Len(t, out.Permissions, len(model.ManagerPermissions))
		anna.do(t, "GET", "/users", nil).require(t, 200)
		set(fields{"groups": nil})
		anna.do(t, "GET", "/users", nil).problem(t, 403, "forbidden")
		out = set(fields{"is_superuser": true})
		require.Len(t, out.Permissions, len(model.Permissions))
		anna.do(t, "GET", "/groups", nil).require(t, 200)
		set(fields{"is_superuser": false, "is_staff": false})
		anna.do(t, "GET", "/groups", nil).problem(t, 403, "forbidden")
		set(fields{"is_active": false})
		anna.do(t, "GET", "/me", nil).problem(t, 401, "unauthenticated")
	})
}

func TestUsersListAndFilter(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		manager := h.manager(t)
		want := map[int64]bool{manager.user.ID: true}
		for range 7 {
			want[testkit.User(t, h.store).ID] = true
		}
		for _, sort := range []string{"", "id", "-id", "email", "-email", "full_name", "-full_name", "created_at", "-created_at"} {
			got, cursor, pages := map[int64]bool{}, "", 0
			for {
				var page struct {
					Items []account `json:"items"`
					Next  *string   `json:"next_cursor"`
					Total int       `json:"total"`
				}
				manager.do(t, "GET", "/users?limit=3&with_total=true&sort="+sort+"&cursor="+cursor, nil).require(t, 200).json(t, &page)
				for _, u := range page.Items {
					require.False(t, got[u.ID], "%d comes twice", u.ID)
					got[u.ID] = true
				}
				require.GreaterOrEqual(t, page.Total, len(want))
				if pages++; pages == 1 { // what is added while one walks does not disturb
					testkit.User(t, h.store)
				}
				if page.Next == nil {
					break
				}
				cursor = *page.Next
			}
			for id := range want {
				require.True(t, got[id], "sort %q lost %d", sort, id)
			}
		}
		manager.do(t, "GET", "/users?q=%25", nil).require(t, 200)
		manager.do(t, "GET", "/users?limit=0&sort=password_hash&nonsense=1&with_total=yes&q=%00", nil).
			fields(t, "sort:unknown", "limit:out_of_range", "nonsense:unknown_parameter", "with_total:wrong_type", "q:control_character")
		manager.do(t, "GET", "/users?sort=password_hash", nil).fields(t, "sort:unknown")
		manager.do(t, "GET", "/users?cursor=abc", nil).fields(t, "cursor:invalid")
		manager.do(t, "GET", "/users?limit=2&limit=3", nil).fields(t, "limit:repeated")
		var page struct {
			Next string `json:"next_cursor"`
		}
		manager.do(t, "GET", "/users?limit=1&sort=id", nil).json(t, &page)
		manager.do(t, "GET", "/users?limit=1&sort=email&cursor="+page.Next, nil).fields(t, "cursor:invalid")
	})
}

func TestBlockersBlockAndNothingElse(t *testing.T) {
	t.Parallel()
	h := one(t)
	blocker := h.holder(t, model.UsersBlock)
	anna, staff, root := h.user(t), h.manager(t), h.superuser(t)
	blocker.do(t, "PATCH", userPath(anna.user), fields{"is_active": false}).require(t, 200)
	blocker.do(t, "PATCH", userPath(anna.user), fields{"is_active": true}).require(t, 200)
	blocker.do(t, "PATCH", userPath(anna.user), fields{"is_staff": true}).problem(t, 403, "forbidden")
	blocker.do(t, "PATCH", userPath(anna.user), fields{"groups": []string{model.ManagerGroup}}).problem(t, 403, "forbidden")
	blocker.do(t, "PATCH", userPath(staff.user), fields{"is_active": false}).problem(t, 403, "forbidden")
	blocker.do(t, "PATCH", userPath(root.user), "nonsense").problem(t, 403, "forbidden")
	blocker.do(t, "PATCH", userPath(blocker.user), fields{"is_superuser": true}).problem(t, 403, "forbidden")
	blocker.do(t, "DELETE", userPath(anna.user), nil).problem(t, 403, "forbidden")
}

func TestUserChangesAreChecked(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		root, anna := h.superuser(t), h.user(t)
		path := userPath(anna.user)
		tag := root.do(t, "GET", path, nil).require(t, 200).header.Get("ETag")
		root.do(t, "PATCH", path, fields{"email": "x@example.com", "password_hash": "x", "is_active": "yes", "is_staff": nil, "groups": "manager"}).
			fields(t, "email:unknown_field", "password_hash:unknown_field", "is_active:wrong_type", "is_staff:wrong_type", "groups:wrong_type")
		root.do(t, "PATCH", path, fields{"groups": []string{"nobody"}}).fields(t, "groups:unknown")
		root.do(t, "PATCH", path, fields{"is_staff": true}, header{"If-Match", tag}).require(t, 200)
		root.do(t, "PATCH", path, fields{"is_staff": false}, header{"If-Match", tag}).problem(t, 412, "precondition_failed")
		root.do(t, "DELETE", path, nil, header{"If-Match", tag}).problem(t, 412, "precondition_failed")
		root.do(t, "DELETE", path, nil).require(t, 204)
		root.do(t, "GET", path, nil).problem(t, 404, "not_found")
		anna.do(t, "GET", "/me", nil).problem(t, 401, "unauthenticated")
	})
}

func TestTheLastSuperuserStays(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		a := h.superuser(t)
		for _, body := range []fields{{"is_active": false}, {"is_superuser": false}} {
			a.do(t, "PATCH", userPath(a.user), body).problem(t, 409, "conflict")
		}
		a.do(t, "DELETE", userPath(a.user), nil).problem(t, 409, "conflict")

		b := h.superuser(t)
		statuses := make([]int, 2)
		var wg sync.WaitGroup
		for i, c := range []*caller{a, b} { // each takes it from itself
			wg.Go(func() {
				statuses[i] = c.do(t, "PATCH", userPath(c.user), fields{"is_superuser": false}).status
			})
		}
		wg.Wait()
		require.ElementsMatch(t, []int{200, 409}, statuses)
	})
}

func TestGroups(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		root := h.superuser(t)
		root.do(t, "POST", "/groups", fields{"name": " ", "permissions": []string{"clients.view_all", "everything"}, "id": 1}).
			fields(t, "id:unknown_field", "name:required", "permissions:unknown")
		root.do(t, "POST", "/groups", fields{"name": " ", "permissions": []string{"clients.view_all", "everything"}}).
			fields(t, "name:required", "permissions:unknown")
		made := root.do(t, "POST", "/groups", fields{"name": "support", "permissions": []string{"users.block", "users.block"}}).require(t, 201)
		require.Equal(t, []any{"users.block"}, made.object(t)["permissions"])
		root.do(t, "POST", "/groups", fields{"name": "support"}).problem(t, 409, "conflict")
		path, tag := fmt.Sprintf("/groups/%d", made.id(t)), made.header.Get("ETag")

		root.do(t, "PATCH", path, fields{"permissions": []string{}}, header{"If-Match", tag}).require(t, 200)
		root.do(t, "PATCH", path, fields{"name": "x"}, header{"If-Match", tag}).problem(t, 412, "precondition_failed")
		now := root.do(t, "GET", path, nil).require(t, 200)
		require.Equal(t, []any{}, now.object(t)["permissions"])
		require.Equal(t, "support", now.object(t)["name"])
		root.do(t, "DELETE", path, nil, header{"If-Match", tag}).problem(t, 412, "precondition_failed")
		root.do(t, "DELETE", path, nil, header{"If-Match", now.header.Get("ETag")}).require(t, 204)
		root.do(t, "GET", path, nil).problem(t, 404, "not_found")

		var all struct {
			Items []string `json:"items"`
		}
		root.do(t, "GET", "/permissions", nil).require(t, 200).json(t, &all)
		require.Len(t, all.Items, len(model.Permissions))
	})
}

func TestUsersAreFoundByWhatTheyMayDo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		root, manager := h.superuser(t), h.manager(t)
		plain := h.user(t)
		blocked := testkit.User(t, h.store, func(u *model.User) { u.IsActive = false })
		for query, want := range map[string][]int64{
			"is_active=false":             {blocked.ID},
			"is_superuser=true":           {root.user.ID},
			"is_staff=true&group=manager": {manager.user.ID},
			"group=nobody":                nil,
			"is_active=true&is_staff=false&is_superuser=false": {plain.user.ID},
		} {
			var page struct{ Items []account }
			manager.do(t, "GET", "/users?"+query, nil).require(t, 200).json(t, &page)
			var got []int64
			for _, u := range page.Items {
				got = append(got, u.ID)
			}
			require.Equal(t, want, got, query)
		}
		manager.do(t, "GET", "/users?is_staff=perhaps", nil).fields(t, "is_staff:wrong_type")

		var groups struct {
			Items []struct {
				Name    string
				Members int
			}
		}
		root.do(t, "GET", "/groups", nil).require(t, 200).json(t, &groups)
		require.Len(t, groups.Items, 1)
		require.Equal(t, 1, groups.Items[0].Members)
	})
}
