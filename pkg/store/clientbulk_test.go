package store_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
	"github.com/postrider/postrider/pkg/testkit"
)

// changeAll takes all steps of a change and adds up what they did.
func changeAll(t *testing.T, st *store.Store, v model.Viewer, b store.ClientBulk) (sum store.ClientBulkDone, steps int) {
	t.Helper()
	for cursor := ""; ; {
		done, err := st.ChangeClients(context.Background(), v, b, cursor)
		require.NoError(t, err)
		require.LessOrEqual(t, done.Done, store.BulkStep)
		sum.Done, sum.Changed, sum.Refused = sum.Done+done.Done, sum.Changed+done.Changed, sum.Refused+done.Refused
		steps++
		if cursor = done.Next; cursor == "" {
			return sum, steps
		}
	}
}

func tagged(tags ...string) func(*model.Client) { return func(c *model.Client) { c.Tags = tags } }

func tagsOf(t *testing.T, st *store.Store, v model.Viewer, id int64) []string {
	t.Helper()
	c, err := st.Client(context.Background(), v, id)
	require.NoError(t, err)
	return c.Tags
}

func TestManyClientsAreTagged(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx, v := context.Background(), testkit.User(t, st).Viewer()
		other := testkit.User(t, st).Viewer()
		a := addClient(t, st, v, "a@example.com", tagged("old", "x"))
		b := addClient(t, st, v, "b@example.com", tagged("new"))
		foreign := addClient(t, st, other, "a@example.com", tagged("old"))

		change := store.ClientBulk{IDs: []int64{a.ID, b.ID, foreign.ID, 1 << 40}, AddTags: []string{" new ", "new"}, RemoveTags: []string{"old"}}
		sum, _ := changeAll(t, st, v, change)
		require.Equal(t, store.ClientBulkDone{Done: 2, Changed: 1}, sum)
		require.Equal(t, []string{"new", "x"}, tagsOf(t, st, v, a.ID))
		require.Equal(t, []string{"new"}, tagsOf(t, st, v, b.ID))
		require.Equal(t, []string{"old"}, tagsOf(t, st, other, foreign.ID))
		for id, version := range map[int64]int64{a.ID: 2, b.ID: 1} {
			c, err := st.Client(ctx, v, id)
			require.NoError(t, err)
			require.Equal(t, version, c.Version)
		}
		// Asked for again it changes nothing.
		sum, _ = changeAll(t, st, v, change)
		require.Equal(t, store.ClientBulkDone{Done: 2}, sum)

		full := make([]string, 50)
		for i := range full {
			full[i] = fmt.Sprintf("t%02d", i)
		}
		c := addClient(t, st, v, "full@example.com", tagged(full...))
		sum, _ = changeAll(t, st, v, store.ClientBulk{IDs: []int64{c.ID}, AddTags: []string{"one more"}})
		require.Equal(t, store.ClientBulkDone{Done: 1, Refused: 1}, sum)
		sum, _ = changeAll(t, st, v, store.ClientBulk{IDs: []int64{c.ID}, AddTags: []string{"one more"}, RemoveTags: []string{"t00"}})
		require.Equal(t, store.ClientBulkDone{Done: 1, Changed: 1}, sum)
	})
}

// What a filter finds is changed step by step, also when the change makes the
// filter find it no more; who came after the first step is left alone.
func TestAllThatAFilterFindsAreChanged(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		v, root := testkit.User(t, st).Viewer(), testkit.Superuser(t, st).Viewer()
		var ids []int64
		for i := range store.BulkStep + 20 {
			ids = append(ids, addClient(t, st, v, fmt.Sprintf("c%d@example.com", i), tagged("here")).ID)
		}
		kept := addClient(t, st, v, "kept@example.org", tagged("here"))
		roots := addClient(t, st, root, "root@example.com", tagged("here"))

		b := store.ClientBulk{Filter: store.ClientFilter{Q: "@EXAMPLE.com", Tag: "here"}, Except: ids[:2], RemoveTags: []string{"here"}}
		first, err := st.ChangeClients(ctx, v, b, "")
		require.NoError(t, err)
		require.Equal(t, store.BulkStep, first.Changed)
		late := addClient(t, st, v, "late@example.com", tagged("here"))
		second, err := st.ChangeClients(ctx, v, b, first.Next)
		require.NoError(t, err)
		require.Equal(t, store.ClientBulkDone{Done: 18, Changed: 18}, second)

		left, err := st.Clients(ctx, v, store.ClientFilter{Tag: "here"}, store.Page{})
		require.NoError(t, err)
		require.Equal(t, []string{late.Email, kept.Email, "c1@example.com", "c0@example.com"}, emails(left))
		// Not even a superuser changes others' clients by a filter.
		sum, _ := changeAll(t, st, root, store.ClientBulk{AddTags: []string{"mine"}})
		require.Equal(t, 1, sum.Done)
		require.Equal(t, []string{"here", "mine"}, tagsOf(t, st, root, roots.ID))
		require.Equal(t, []string{"here"}, tagsOf(t, st, v, kept.ID))

		sum, steps := changeAll(t, st, v, store.ClientBulk{Delete: true, Except: []int64{kept.ID}})
		require.Equal(t, len(ids)+1, sum.Changed)
		require.Equal(t, 2, steps)
		left, err = st.Clients(ctx, v, store.ClientFilter{}, store.Page{})
		require.NoError(t, err)
		require.Equal(t, []string{kept.Email}, emails(left))
	})
}

func TestChangesOfManyClientsAreChecked(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx, v := context.Background(), testkit.User(t, st).Viewer()
		for _, b := range []store.ClientBulk{
			{},
			{Delete: true, AddTags: []string{"x"}},
			{AddTags: []string{" "}},
			{Delete: true, IDs: make([]int64, store.BulkStep+1)},
			{Delete: true, Except: make([]int64, store.BulkStep+1)},
		} {
			_, err := st.ChangeClients(ctx, v, b, "")
			requireKind(t, err, model.Invalid)
		}
		for _, cursor := range []string{"x", "5", "5-", "5-7x", "-5-7", "5-7 8"} {
			_, err := st.ChangeClients(ctx, v, store.ClientBulk{Delete: true}, cursor)
			requireKind(t, err, model.Invalid)
		}
		_, err := st.ChangeClients(ctx, model.Viewer{}, store.ClientBulk{Delete: true}, "")
		requireKind(t, err, model.Forbidden)
	})
}
