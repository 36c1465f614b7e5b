package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
	"github.com/postrider/postrider/pkg/testkit"
)

func addClient(t *testing.T, st *store.Store, v model.Viewer, email string, changes ...func(*model.Client)) *model.Client {
	t.Helper()
	c := &model.Client{Email: email}
	for _, change := range changes {
		change(c)
	}
	require.NoError(t, st.CreateClient(context.Background(), v, c))
	return c
}

func named(name string) func(*model.Client) { return func(c *model.Client) { c.FullName = name } }

func emails(list store.List[model.Client]) []string {
	out := []string{}
	for _, c := range list.Items {
		out = append(out, c.Email)
	}
	return out
}

func TestClientKeepsWhatItWasGiven(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx, v := context.Background(), testkit.User(t, st).Viewer()
		c := &model.Client{
			ID: 99, OwnerID: 98, Version: 97, Status: model.ClientBlocked,
			Email: " Anna@Пример.рф ", FullName: " Анна ", Comment: "two\nlines", Locale: "ru", Timezone: "Europe/Moscow",
			Tags:       []string{"б", " a ", "a", "A"},
			Attributes: map[string]any{"n": int64(12), "f": 1.5, "s": "x", "b": true, "none": nil},
		}
		require.NoError(t, st.CreateClient(ctx, v, c))
		require.NotEqual(t, int64(99), c.ID)
		got, err := st.Client(ctx, v, c.ID)
		require.NoError(t, err)
		require.Equal(t, c, got)
		require.Equal(t, v.UserID, got.OwnerID)
		require.Equal(t, "anna@xn--e1afmkfd.xn--p1ai", got.Email)
		require.Equal(t, "Анна", got.FullName)
		require.Equal(t, []string{"A", "a", "б"}, got.Tags)
		require.Equal(t, map[string]any{"n": 12.0, "f": 1.5, "s": "x", "b": true}, got.Attributes)
		require.Equal(t, model.ClientActive, got.Status)
		require.Equal(t, int64(1), got.Version)
		require.WithinDuration(t, time.Now(), got.CreatedAt, time.Minute)
		require.Empty(t, got.OwnerEmail)

		bare := addClient(t, st, v, "bare@example.com")
		require.Equal(t, []string{}, bare.Tags)
		require.Equal(t, map[string]any{}, bare.Attributes)

		got.FullName, got.Tags, got.Attributes = "", []string{"b"}, nil
		require.NoError(t, updateClient(st, v, got, 1))
		again, err := st.Client(ctx, v, c.ID)
		require.NoError(t, err)
		require.Equal(t, got, again)
		require.Equal(t, int64(2), again.Version)
		require.Empty(t, again.FullName)
		require.Equal(t, []string{"b"}, again.Tags)
		require.Empty(t, again.Attributes)
		requireKind(t, updateClient(st, v, got, 1), model.PreconditionFailed)
	})
}

// updateClient keeps a client that was changed before, if it still has that
// version.
func updateClient(st *store.Store, v model.Viewer, c *model.Client, version int64) error {
	kept, err := st.ChangeClient(context.Background(), v, c.ID, model.IfMatch{version}, func(row *model.Client) error {
		*row = *c
		return nil
	})
	if err == nil {
		*c = *kept
	}
	return err
}

func TestClientsAreTheirOwners(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		owner := testkit.User(t, st)
		anna, boris := owner.Viewer(), testkit.User(t, st).Viewer()
		boss, root := testkit.Manager(t, st).Viewer(), testkit.Superuser(t, st).Viewer()
		hers := addClient(t, st, anna, "x@example.com", func(c *model.Client) { c.Tags = []string{"t"} })
		his := addClient(t, st, boris, "x@example.com", func(c *model.Client) { c.Tags = []string{"t"} })

		_, err := st.Client(ctx, boris, hers.ID)
		_, unknown := st.Client(ctx, boris, 12345)
		requireKind(t, err, model.NotFound)
		require.Equal(t, unknown, err)
		requireKind(t, updateClient(st, boris, hers, 1), model.NotFound)
		requireKind(t, st.DeleteClient(ctx, boris, hers.ID, nil, true), model.NotFound)
		requireKind(t, updateClient(st, boss, hers, 1), model.Forbidden)
		requireKind(t, st.DeleteClient(ctx, boss, hers.ID, nil, false), model.Forbidden)
		requireKind(t, st.CreateClient(ctx, model.Viewer{}, &model.Client{Email: "y@example.com"}), model.Forbidden)

		seen, err := st.Client(ctx, boss, hers.ID)
		require.NoError(t, err)
		require.Equal(t, owner.Email, seen.OwnerEmail)
		list, err := st.Clients(ctx, boris, store.ClientFilter{Tag: "t"}, store.Page{WithTotal: true})
		require.NoError(t, err)
		require.Len(t, list.Items, 1)
		require.Equal(t, his.ID, list.Items[0].ID)
		require.Equal(t, int64(1), *list.Total)
		list, err = st.Clients(ctx, boss, store.ClientFilter{Tag: "t"}, store.Page{WithTotal: true})
		require.NoError(t, err)
		require.Equal(t, int64(2), *list.Total)
		list, err = st.Clients(ctx, root, store.ClientFilter{OwnerID: &hers.OwnerID}, store.Page{})
		require.NoError(t, err)
		require.Len(t, list.Items, 1)
		_, err = st.Clients(ctx, boris, store.ClientFilter{OwnerID: &hers.OwnerID}, store.Page{})
		requireKind(t, err, model.Invalid)
		list, err = st.Clients(ctx, model.Viewer{}, store.ClientFilter{}, store.Page{})
		require.NoError(t, err)
		require.Empty(t, list.Items)

		seen.FullName = "by root"
		require.NoError(t, updateClient(st, root, seen, 1))
		mine, err := st.Client(ctx, anna, hers.ID)
		require.NoError(t, err)
		require.Equal(t, "by root", mine.FullName)
		require.Equal(t, anna.UserID, mine.OwnerID)
	})
}

func TestClientAddressesAreUniquePerOwner(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx, v := context.Background(), testkit.User(t, st).Viewer()
		addClient(t, st, v, "a@example.com")
		b := addClient(t, st, v, "b@example.com")
		requireKind(t, st.CreateClient(ctx, v, &model.Client{Email: "A@EXAMPLE.com"}), model.Conflict)
		b.Email = "a@example.com"
		requireKind(t, updateClient(st, v, b, 1), model.Conflict)

		var wg sync.WaitGroup
		made := make(chan bool, 8)
		for range 8 {
			wg.Go(func() {
				err := st.CreateClient(ctx, v, &model.Client{Email: "race@example.com"})
				if err != nil && !model.IsKind(err, model.Conflict) {
					t.Errorf("unexpected: %v", err)
				}
				made <- err == nil
			})
		}
		wg.Wait()
		close(made)
		n := 0
		for ok := range made {
			if ok {
				n++
			}
		}
		require.Equal(t, 1, n)
	})
}

func TestClientRules(t *testing.T) {
	t.Parallel()
	st := testkit.Store(t, testkit.SQLite)
	ctx, v := context.Background(), testkit.User(t, st).Viewer()
	many := map[string]any{}
	tags := []string{}
	for i := range 101 {
		many[fmt.Sprintf("a%d", i)] = true
		tags = append(tags, fmt.Sprint(i))
	}
	big := map[string]any{}
	for i := range 70 {
		big[fmt.Sprintf("a%d", i)] = strings.Repeat("x", 1000)
	}
	for name, c := range map[string]struct {
		client model.Client
		field  string
		code   string
	}{
		"no e-mail":           {model.Client{}, "email", "required"},
		"bad e-mail":          {model.Client{Email: "anna"}, "email", "invalid"},
		"name in e-mail":      {model.Client{Email: "Anna <a@example.com>"}, "email", "invalid"},
		"header in e-mail":    {model.Client{Email: "a@example.com\r\nBcc: b@example.com"}, "email", "control_character"},
		"line end at the end": {model.Client{Email: "a@example.com\n"}, "email", "control_character"},
		"long e-mail":         {model.Client{Email: strings.Repeat("a", 65) + "@example.com"}, "email", "invalid"},
		"long name":           {model.Client{FullName: strings.Repeat("я", 201)}, "full_name", "too_long"},
		"lines in a name":     {model.Client{FullName: "a\nb"}, "full_name", "control_character"},
		"separator in a name": {model.Client{FullName: "a\u2028b"}, "full_name", "control_character"},
		"broken name":         {model.Client{FullName: "a\xff"}, "full_name", "control_character"},
		"long comment":        {model.Client{Comment: strings.Repeat("я", 2001)}, "comment", "too_long"},
		"bell in a comment":   {model.Client{Comment: "a\ab"}, "comment", "control_character"},
		"empty tag":           {model.Client{Tags: []string{"a", " "}}, "tags", "required"},
		"long tag":            {model.Client{Tags: []string{strings.Repeat("я", 65)}}, "tags", "too_long"},
		"lines in a tag":      {model.Client{Tags: []string{"a\nb"}}, "tags", "control_character"},
		"many tags":           {model.Client{Tags: tags}, "tags", "too_many"},
		"many attributes":     {model.Client{Attributes: many}, "attributes", "too_many"},
		"big attributes":      {model.Client{Attributes: big}, "attributes", "too_long"},
		"attribute name":      {model.Client{Attributes: map[string]any{"a-b": 1.0}}, "attributes.a-b", "invalid"},
		"nested attribute":    {model.Client{Attributes: map[string]any{"a": map[string]any{}}}, "attributes.a", "wrong_type"},
		"list attribute":      {model.Client{Attributes: map[string]any{"a": []any{}}}, "attributes.a", "wrong_type"},
		"long attribute":      {model.Client{Attributes: map[string]any{"a": strings.Repeat("x", 1001)}}, "attributes.a", "too_long"},
		"control attribute":   {model.Client{Attributes: map[string]any{"a": "x\x00"}}, "attributes.a", "control_character"},
		"number attribute":    {model.Client{Attributes: map[string]any{"a": int64(1) << 60}}, "attributes.a", "out_of_range"},
		"locale":              {model.Client{Locale: "russian"}, "locale", "invalid"},
		"zone":                {model.Client{Timezone: "Moscow"}, "timezone", "invalid"},
		"the server's zone":   {model.Client{Timezone: "Local"}, "timezone", "invalid"},
		"zone out of the way": {model.Client{Timezone: "../../etc/passwd"}, "timezone", "invalid"},
	} {
		if c.field != "email" {
			c.client.Email = "ok@example.com"
		}
		err := st.CreateClient(ctx, v, &c.client)
		requireKind(t, err, model.Invalid)
		var e *model.Error
		require.ErrorAs(t, err, &e)
		require.Len(t, e.Fields, 1, name)
		require.Equal(t, c.field, e.Fields[0].Field, name)
		require.Equal(t, c.code, e.Fields[0].Code, name)
	}
	list, err := st.Clients(ctx, v, store.ClientFilter{}, store.Page{})
	require.NoError(t, err)
	require.Empty(t, list.Items)
}

func TestClientSearch(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx, v := context.Background(), testkit.User(t, st).Viewer()
		addClient(t, st, v, "anna@example.com", named("Анна Ёлкина"), func(c *model.Client) { c.Comment = "VIP" })
		addClient(t, st, v, "b_c@example.com", named("100% Boris"))
		addClient(t, st, v, "bxc@example.com", named(`back\slash`), func(c *model.Client) { c.Tags = []string{"Тег"} })
		for q, want := range map[string][]string{
			"аННА": {"anna@example.com"}, "ёлк": {"anna@example.com"}, "vip": {"anna@example.com"}, "ANNA@": {"anna@example.com"},
			"_": {"b_c@example.com"}, "%": {"b_c@example.com"}, `\`: {"bxc@example.com"}, "b_c": {"b_c@example.com"}, "nobody": {}, "'": {},
			"example": {"bxc@example.com", "b_c@example.com", "anna@example.com"},
		} {
			list, err := st.Clients(ctx, v, store.ClientFilter{Q: q}, store.Page{})
			require.NoError(t, err)
			require.Equal(t, want, emails(list), q)
		}
		list, err := st.Clients(ctx, v, store.ClientFilter{Tag: "Тег"}, store.Page{})
		require.NoError(t, err)
		require.Equal(t, []string{"bxc@example.com"}, emails(list))
		list, err = st.Clients(ctx, v, store.ClientFilter{Tag: "тег"}, store.Page{})
		require.NoError(t, err)
		require.Empty(t, list.Items)
	})
}

// What is there when a walk begins is met once, whatever comes meanwhile.
func TestClientPagesAreStable(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx, v := context.Background(), testkit.User(t, st).Viewer()
		for i := range 25 {
			addClient(t, st, v, fmt.Sprintf("c%02d@example.com", i), named(fmt.Sprint("name ", i%3)))
		}
		for _, sort := range []string{"", "id", "-id", "email", "-email", "full_name", "-full_name", "created_at", "-created_at", "updated_at", "-updated_at"} {
			seen := map[string]int{}
			p := store.Page{Limit: 4, Sort: sort}
			for n := 0; ; n++ {
				list, err := st.Clients(ctx, v, store.ClientFilter{Q: "c"}, p)
				require.NoError(t, err, sort)
				for _, c := range list.Items {
					seen[c.Email]++
				}
				addClient(t, st, v, fmt.Sprintf("%d-%s@c.example.com", n, strings.ReplaceAll(sort, "-", "x")), named("name 1"))
				if p.Cursor = list.Next; p.Cursor == "" || n > 100 {
					break
				}
			}
			for i := range 25 {
				require.Equal(t, 1, seen[fmt.Sprintf("c%02d@example.com", i)], "%s %d", sort, i)
			}
		}
		_, err := st.Clients(ctx, v, store.ClientFilter{}, store.Page{Sort: "comment"})
		requireKind(t, err, model.Invalid)
		list, err := st.Messages(ctx, v, store.MessageFilter{}, store.Page{})
		require.NoError(t, err)
		require.Empty(t, list.Items)
		page, err := st.Clients(ctx, v, store.ClientFilter{}, store.Page{Limit: 1})
		require.NoError(t, err)
		_, err = st.Messages(ctx, v, store.MessageFilter{}, store.Page{Cursor: page.Next})
		requireKind(t, err, model.Invalid)
	})
}

func TestClientStatusComesFromSuppressions(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx, v, other := context.Background(), testkit.User(t, st).Viewer(), testkit.User(t, st).Viewer()
		a := addClient(t, st, v, "a@example.com")
		addClient(t, st, v, "b@example.com")
		require.NoError(t, st.Suppress(ctx, &model.Suppression{OwnerID: other.UserID, Email: "b@example.com", Reason: model.Blocked}))
		x := &model.Suppression{OwnerID: v.UserID, Email: "A@example.com", Reason: model.Bounced, Note: "n"}
		require.NoError(t, st.Suppress(ctx, x))
		requireKind(t, st.Suppress(ctx, &model.Suppression{OwnerID: v.UserID, Email: "a@example.com", Reason: model.Blocked}), model.Conflict)
		requireKind(t, st.Suppress(ctx, &model.Suppression{OwnerID: v.UserID, Email: "a", Reason: "x", Note: "\a"}), model.Invalid)

		got, err := st.Client(ctx, v, a.ID)
		require.NoError(t, err)
		require.Equal(t, model.ClientBounced, got.Status)
		for status, want := range map[model.ClientStatus][]string{
			model.ClientActive: {"b@example.com"}, model.ClientBounced: {"a@example.com"}, model.ClientBlocked: {},
		} {
			list, err := st.Clients(ctx, v, store.ClientFilter{Status: status}, store.Page{WithTotal: true})
			require.NoError(t, err)
			require.Equal(t, want, emails(list), status)
			require.Equal(t, int64(len(want)), *list.Total)
		}

		// it survives the client, and meets it again
		require.NoError(t, st.DeleteClient(ctx, v, a.ID, nil, true))
		require.Equal(t, model.ClientBounced, addClient(t, st, v, "a@example.com").Status)
		requireKind(t, st.Unsuppress(ctx, other, x.ID), model.NotFound)
		requireKind(t, st.Unsuppress(ctx, testkit.Manager(t, st).Viewer(), x.ID), model.Forbidden)
		require.NoError(t, st.Unsuppress(ctx, v, x.ID))
		requireKind(t, st.Unsuppress(ctx, v, x.ID), model.NotFound)
		list, err := st.Clients(ctx, v, store.ClientFilter{Status: model.ClientActive}, store.Page{})
		require.NoError(t, err)
		require.Len(t, list.Items, 2)
	})
}

// A deletion takes back the mails that have not left and keeps the sums; an
// erasure leaves no trace of the address in the deliveries.
func TestDeletedClientsAreSkippedAndErased(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx, v := context.Background(), testkit.User(t, st).Viewer()
		now := time.Now().UTC().Truncate(time.Microsecond)
		one, two, three := addClient(t, st, v, "one@example.com"), addClient(t, st, v, "two@example.com"), addClient(t, st, v, "three@example.com")
		mailing := &model.Mailing{OwnerID: v.UserID, Name: "n", Timezone: "UTC", LatePolicy: model.LateSend, InDoubtPolicy: model.HoldInDoubt, Status: model.MailingRunning}
		require.NoError(t, st.Put(mailing))
		run := &model.Run{MailingID: mailing.ID, OwnerID: v.UserID, MailingName: "n", PlannedAt: now, Status: model.RunRunning, Timezone: "UTC", InDoubtPolicy: model.HoldInDoubt, StartedAt: &now, Materialised: true}
		require.NoError(t, st.Put(run))
		chunk := &model.Chunk{RunID: run.ID, NextAt: now, Counts: model.Counts{Planned: 4, Pending: 2, Failed: 1, Skipped: 1}}
		require.NoError(t, st.Put(chunk))
		key := func(s string) *string { return &s }
		require.NoError(t, st.Put([]model.Delivery{
			{RunID: run.ID, ClientID: one.ID, ChunkID: chunk.ID, Email: one.Email, AddressKey: key(one.Email), State: model.Pending, UpdatedAt: now},
			{RunID: run.ID, ClientID: two.ID, ChunkID: chunk.ID, Email: two.Email, AddressKey: key(two.Email), State: model.Failed, LastResponse: "no two@example.com here", UpdatedAt: now},
			{RunID: run.ID, ClientID: three.ID, ChunkID: chunk.ID, Email: three.Email, AddressKey: key(three.Email), State: model.Pending, UpdatedAt: now},
			{RunID: run.ID, ClientID: 999, ChunkID: chunk.ID, Email: two.Email, State: model.Skipped, Reason: model.SkippedDuplicateAddress, UpdatedAt: now},
		}))

		requireKind(t, st.DeleteClient(ctx, v, one.ID, model.IfMatch{7}, false), model.PreconditionFailed)
		require.NoError(t, st.DeleteClient(ctx, v, one.ID, model.IfMatch{one.Version}, false))
		require.NoError(t, st.DeleteClient(ctx, v, two.ID, nil, true))
		require.NoError(t, st.Suppress(ctx, &model.Suppression{OwnerID: v.UserID, Email: three.Email, Reason: model.Unsubscribed}))
		_, err := st.Client(ctx, v, one.ID)
		requireKind(t, err, model.NotFound)

		report, err := st.Report(ctx, v, run.ID)
		require.NoError(t, err)
		require.Equal(t, model.Counts{Planned: 4, Failed: 1, Skipped: 3}, report.Counts)
		list, err := st.Deliveries(ctx, v, run.ID, store.DeliveryFilter{}, store.Page{})
		require.NoError(t, err)
		require.Len(t, list.Items, 4)
		require.Equal(t, "one@example.com", list.Items[0].Email)
		require.Equal(t, model.SkippedClientDeleted, list.Items[0].Reason)
		require.Regexp(t, `^[0-9a-f]{24}@erased\.invalid$`, list.Items[1].Email)
		require.Equal(t, list.Items[1].Email, *list.Items[1].AddressKey)
		require.Equal(t, "no "+list.Items[1].Email+" here", list.Items[1].LastResponse)
		require.Equal(t, model.Failed, list.Items[1].State)
		require.Equal(t, string(model.Unsubscribed), list.Items[2].Reason)
		require.Equal(t, model.Skipped, list.Items[2].State)
	})
}

func TestFigures(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx, a, b := context.Background(), testkit.User(t, st).Viewer(), testkit.User(t, st).Viewer()
		addClient(t, st, a, "x@example.com")
		addClient(t, st, b, "x@example.com")
		addClient(t, st, b, "y@example.com")
		for status, archived := range map[model.MailingStatus]*time.Time{
			model.MailingDraft: nil, model.MailingScheduled: nil, model.MailingPaused: nil, model.MailingFinished: ptr(time.Now().UTC()), model.MailingCancelled: nil,
		} {
			require.NoError(t, st.Put(&model.Mailing{OwnerID: a.UserID, Name: "n", Timezone: "UTC", LatePolicy: model.LateSend, InDoubtPolicy: model.HoldInDoubt, Status: status, ArchivedAt: archived}))
		}
		f, err := st.Figures(ctx)
		require.NoError(t, err)
		require.Equal(t, store.Figures{Mailings: 4, ActiveMailings: 2, Clients: 2}, f)
	})
}

func ptr[T any](x T) *T { return &x }

// An address that is erased while its owner's clients are given deliveries is
// in none of them afterwards.
func TestNoCopyOutlivesAnErasure(t *testing.T) {
	t.Parallel()
	onBothDialects(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		const n = 1200
		require.NoError(t, w.Exec("WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < ?) INSERT INTO clients (owner_id, email, created_at, updated_at) SELECT CAST(? AS BIGINT), 'client' || n || '@example.org', u.created_at, u.created_at FROM i, users u WHERE u.id = ?",
			n, w.anna.ID, w.anna.ID))
		run := w.run(t, w.anna, model.RunPaused, w.start, 0)
		require.NoError(t, w.Exec("UPDATE runs SET materialised = ?, audience = '{\"all\":true}' WHERE id = ?", false, run.ID))
		list, err := w.Clients(ctx, viewerOf(w.anna), store.ClientFilter{}, store.Page{Limit: 200, Sort: "-id"})
		require.NoError(t, err)
		begin := make(chan struct{})
		var group sync.WaitGroup
		for _, c := range list.Items[:40] {
			group.Go(func() {
				<-begin
				assert.NoError(t, w.DeleteClient(ctx, viewerOf(w.anna), c.ID, nil, true))
			})
		}
		close(begin)
		w.materialise(t, run.ID)
		group.Wait()
		w.agrees(t, run.ID)
		for _, c := range list.Items[:40] {
			found, err := w.Deliveries(ctx, viewerOf(w.anna), run.ID, store.DeliveryFilter{Q: c.Email}, store.Page{})
			require.NoError(t, err)
			require.Empty(t, found.Items)
		}
	})
}

// A page of a tag that a million clients have must not sort them all first.
func TestATagIsListedInTheOrderOfItsIndex(t *testing.T) {
	t.Parallel()
	st := testkit.Store(t, testkit.SQLite)
	v := viewerOf(testkit.User(t, st))
	var last []int64
	for i := range 5 {
		c := &model.Client{Email: fmt.Sprintf("c%d@example.org", i), Tags: []string{"all"}}
		require.NoError(t, st.CreateClient(context.Background(), v, c))
		last = append([]int64{c.ID}, last...)
	}
	var seen []int64
	plans, err := st.Plans(func() {
		for p := (store.Page{Limit: 2}); ; {
			list, err := st.Clients(context.Background(), v, store.ClientFilter{Tag: "all"}, p)
			require.NoError(t, err)
			for _, c := range list.Items {
				seen = append(seen, c.ID)
			}
			if p.Cursor = list.Next; p.Cursor == "" {
				return
			}
		}
	})
	require.NoError(t, err)
	require.Equal(t, last, seen)
	require.NotEmpty(t, plans)
	for _, step := range plans {
		require.NotContains(t, step, "TEMP B-TREE", plans)
	}
}

func TestASearchThatFindsFewDoesNotWalkAnOrder(t *testing.T) {
	t.Parallel()
	st := testkit.Store(t, testkit.SQLite)
	v := viewerOf(testkit.User(t, st))
	for i := range 9 {
		c := &model.Client{Email: fmt.Sprintf("c%d@example.org", i), FullName: fmt.Sprintf("%s %d", []string{"odd", "even"}[i%2], 9-i)}
		require.NoError(t, st.CreateClient(context.Background(), v, c))
	}
	var seen []string
	plans, err := st.Plans(func() {
		for p := (store.Page{Limit: 3, Sort: "full_name"}); ; {
			list, err := st.Clients(context.Background(), v, store.ClientFilter{Q: "odd"}, p)
			require.NoError(t, err)
			for _, c := range list.Items {
				seen = append(seen, c.FullName)
			}
			if p.Cursor = list.Next; p.Cursor == "" {
				return
			}
		}
	})
	require.NoError(t, err)
	require.Equal(t, []string{"odd 1", "odd 3", "odd 5", "odd 7", "odd 9"}, seen)
	require.NotEmpty(t, plans)
	for _, step := range plans {
		require.NotContains(t, step, "clients_full_name", plans)
	}
}
