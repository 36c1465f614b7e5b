package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

// listed unfolds an argument made by encodeIDs into a table of ids.
func (s *Store) listed() string {
	if s.lite {
		return "(SELECT value AS id FROM json_each(?))"
	}
	return "(SELECT value::bigint AS id FROM json_array_elements_text(CAST(? AS json)))"
}

// audienceOf is the condition for the clients (alias c) of an audience, for
// those who look at all of it at once.
func (s *Store) audienceOf(ownerID int64, a model.Audience) (string, []any) {
	cond, args := "c.owner_id = ?", []any{ownerID}
	list := func(ids []int64) string {
		args = append(args, encodeIDs(ids))
		return s.listed()
	}
	const tagged = "EXISTS (SELECT 1 FROM client_tags t WHERE t.client_id = c.id AND t.tag IN ?)"
	if !a.All {
		var either string
		if len(a.ClientIDs) > 0 {
			either = "c.id IN " + list(a.ClientIDs)
		}
		if len(a.Tags) > 0 {
			if either != "" {
				either += " OR "
			}
			either += tagged
			args = append(args, a.Tags)
		}
		if either == "" {
			either = "1 = 0"
		}
		cond += " AND (" + either + ")"
	}
	if len(a.ExcludeClientIDs) > 0 {
		cond += " AND c.id NOT IN " + list(a.ExcludeClientIDs)
	}
	if len(a.ExcludeTags) > 0 {
		cond += " AND NOT " + tagged
		args = append(args, a.ExcludeTags)
	}
	return cond, args
}

// roll goes through the clients of an audience in the order of their ids, a
// page at a time. A page costs the same wherever it is and however large the
// audience: what is named one by one is cut here and not in SQL, and each tag
// is read from its place in the index of tags.
type roll struct {
	s       *Store
	owner   int64
	all     bool
	tags    []string
	ids     []int64 // sorted, as is without
	less    []string
	without []int64
}

func (s *Store) roll(ownerID int64, a model.Audience) *roll {
	sorted := func(ids []int64) []int64 {
		ids = slices.Clone(ids)
		slices.Sort(ids)
		return slices.Compact(ids)
	}
	return &roll{s, ownerID, a.All, a.Tags, sorted(a.ClientIDs), a.ExcludeTags, sorted(a.ExcludeClientIDs)}
}

// page answers which of the next limit clients after an id are of the audience,
// the last of those that were looked at, and whether none comes after them. Ids
// that were named may be of clients that are not there, or somebody else's.
func (r *roll) page(tx *gorm.DB, after int64, limit int) (ids []int64, last int64, end bool, err error) {
	var parts []string
	var args []any
	add := func(part string, values ...any) {
		parts, args = append(parts, "SELECT id FROM "+part), append(args, values...)
	}
	// Compared and sorted by rows, though owner and tag are fixed: with these no
	// other index can serve than the one that has the place in it. By statistics
	// PostgreSQL would go through the clients of everybody past the last one.
	if r.all {
		add("(SELECT id FROM clients WHERE (owner_id, id) > (?, ?) AND owner_id <= ? ORDER BY owner_id, id LIMIT ?) e",
			r.owner, after, r.owner, limit)
	} else {
		for _, tag := range r.tags {
			add("(SELECT client_id AS id FROM client_tags WHERE owner_id = ? AND (tag, client_id) > (?, ?) AND tag <= ? ORDER BY tag, client_id LIMIT ?) e",
				r.owner, tag, after, tag, limit)
		}
		from, exact := slices.BinarySearch(r.ids, after)
		if exact {
			from++
		}
		if named := r.ids[from:min(from+limit, len(r.ids))]; len(named) > 0 {
			add(r.s.listed()+" e", encodeIDs(named))
		}
	}
	if len(parts) == 0 {
		return nil, after, true, nil
	}
	excluded := "1 = 0"
	query := " FROM (" + strings.Join(parts, " UNION ") + ") u ORDER BY id LIMIT ?"
	args = append(args, limit)
	if len(r.less) > 0 {
		// not EXISTS, of which PostgreSQL may make a hash of all who have the tag
		excluded = "(SELECT t.client_id FROM client_tags t WHERE t.client_id = u.id AND t.tag IN ? LIMIT 1) IS NOT NULL"
		args = append([]any{r.less}, args...)
	}
	rows, err := tx.Raw("SELECT id, "+excluded+query, args...).Rows()
	if err != nil {
		return nil, after, false, err
	}
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ { // without reflection: it is done for every mail
		var isOut bool
		if err := rows.Scan(&after, &isOut); err != nil {
			return nil, after, false, err
		}
		if _, named := slices.BinarySearch(r.without, after); !named && !isOut {
			ids = append(ids, after)
		}
	}
	return ids, after, n < limit, rows.Err()
}

// lot gathers clients for a chunk, up to ChunkSize of them: half as many are
// enough, so that an audience that excludes many is not read in ever smaller
// pages, and those found within longestLot.
func (r *roll) lot(tx *gorm.DB, after int64) (ids []int64, last int64, end bool, err error) {
	for begin := time.Now(); ; {
		var page []int64
		page, after, end, err = r.page(tx, after, ChunkSize-len(ids))
		ids = append(ids, page...)
		if err != nil || end || len(ids) >= ChunkSize/2 || time.Since(begin) > longestLot {
			return ids, after, end, err
		}
	}
}

// AudienceMatches reports whether the audience has anybody now; also when that
// is not found out soon, in one that excludes most of itself.
func (t *MailingTx) AudienceMatches() (bool, error) {
	r := t.s.roll(t.OwnerID, t.Audience)
	begin, after := time.Now(), int64(0)
	for {
		ids, last, end, err := r.lot(t.tx, after)
		if err != nil {
			return false, err
		}
		if len(ids) > 0 { // of those that were named some may be gone
			var some bool
			err := t.tx.Raw("SELECT EXISTS (SELECT 1 FROM clients WHERE owner_id = ? AND id IN "+t.s.listed()+")", t.OwnerID, encodeIDs(ids)).
				Row().Scan(&some)
			if err != nil || some {
				return some, err
			}
		}
		if end {
			return false, nil
		}
		if time.Since(begin) > longestLot {
			return true, nil
		}
		after = last
	}
}

// longestLot is how long a transaction goes on adding chunks, which nobody can
// claim before its end.
const longestLot = 200 * time.Millisecond

// Materialise gives the next clients of a run's audience their deliveries: one
// chunk at first, so that sending can begin, then up to 20 a call. It answers
// how many chunks it made, how many of them hold something to send, and whether
// the audience is complete. Several workers may call it; they take turns by a
// lock of their own. The row of the run is left to claims and pauses until the
// end: a run whose audience is not complete cannot be over.
func (s *Store) Materialise(ctx context.Context, runID int64) (made, sendable int, complete bool, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		made, sendable, complete = 0, 0, false
		if !s.lite {
			if err := tx.Exec("SELECT pg_advisory_xact_lock(hashtextextended('materialise', ?))", runID).Error; err != nil {
				return err
			}
		}
		var r model.Run
		if err := tx.Take(&r, runID).Error; err != nil {
			return err
		}
		if r.Materialised || r.Status == model.RunPlanned || r.Status.Over() {
			complete = r.Materialised
			return nil
		}
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		if err := s.orderAddresses(tx, r.OwnerID, "pg_advisory_xact_lock_shared"); err != nil {
			return err
		}
		lots, begin := 20, time.Now()
		if r.AudienceAfter == 0 {
			lots = 1
		}
		audience := s.roll(r.OwnerID, r.Audience)
		for ; lots > 0 && !complete && time.Since(begin) < longestLot; lots-- {
			var n int
			var open int64
			if r.RetryFilter != nil {
				n, open, complete, err = s.materialiseRetries(tx, &r, now)
			} else {
				n, open, complete, err = s.materialiseLot(tx, &r, now, audience)
			}
			if err != nil {
				return err
			}
			if n > 0 {
				made++
			}
			if open > 0 {
				sendable++
			}
		}
		return tx.Exec("UPDATE runs SET audience_after = ?, materialised = ? WHERE id = ?", r.AudienceAfter, complete, r.ID).Error
	})
	return made, sendable, complete, kindOf(err, "materialise a run")
}

// materialiseLot makes a chunk of the next clients of an audience, and tells
// whether none comes after them.
func (s *Store) materialiseLot(tx *gorm.DB, r *model.Run, now time.Time, audience *roll) (n int, open int64, complete bool, err error) {
	var ids []int64
	if ids, r.AudienceAfter, complete, err = audience.lot(tx, r.AudienceAfter); err != nil {
		return 0, 0, false, err
	}
	n, open, err = s.materialiseChunk(tx, r, now, ids)
	return n, open, complete, err
}

// materialiseChunk makes a chunk of clients, and tells how many of them there
// are and how many are to be sent to.
func (s *Store) materialiseChunk(tx *gorm.DB, r *model.Run, now time.Time, clients []int64) (n int, open int64, err error) {
	if len(clients) == 0 {
		return 0, 0, nil
	}
	c := model.Chunk{RunID: r.ID, NextAt: now}
	if err := tx.Create(&c).Error; err != nil {
		return 0, 0, err
	}
	made, err := s.plan(tx, r, c.ID, now, clients, false)
	if err == nil && made < int64(len(clients)) {
		var twins int64
		twins, err = s.plan(tx, r, c.ID, now, clients, true)
		made += twins
	}
	if err != nil {
		return 0, 0, err
	}
	if made == 0 {
		// kept, empty: with foreign keys to delete it would look through all deliveries
		return 0, 0, tx.Exec("UPDATE chunks SET done = ? WHERE id = ?", true, c.ID).Error
	}
	// Counted where they are: to fetch them is a good part of what planning costs the worker.
	err = tx.Raw(`UPDATE chunks SET first_client = n.least, last_client = n.most, planned = n.made, pending = n.made - n.skipped,
	skipped = n.skipped, done = n.made = n.skipped
FROM (SELECT min(client_id) AS least, max(client_id) AS most, count(*) AS made, count(CASE WHEN state = ? THEN 1 END) AS skipped
	FROM deliveries WHERE run_id = ? AND client_id BETWEEN ? AND ? AND chunk_id = ?) n
WHERE id = ? RETURNING pending`,
		model.Skipped, r.ID, clients[0], clients[len(clients)-1], c.ID, c.ID).Row().Scan(&open)
	return int(made), open, err
}

// plan gives clients their deliveries in a chunk, but for those that have one
// in this run and those whose address has: the schema finds both. The twins are
// those that come back with the latter; theirs are skipped, and claim no
// address. It answers how many it made.
//
// Hardly ever does one stand in the way, and on PostgreSQL to look out for it
// costs a third of the insertion: so that it is first tried without.
func (s *Store) plan(tx *gorm.DB, r *model.Run, chunk int64, now time.Time, clients []int64, twins bool) (made int64, err error) {
	values, conflict := `c.email, CASE WHEN s.reason IS NULL THEN 'pending' ELSE 'skipped' END, COALESCE(s.reason, '')`, "ON CONFLICT DO NOTHING"
	if twins {
		values, conflict = `NULL, 'skipped', '`+model.SkippedDuplicateAddress+`'`, "ON CONFLICT (run_id, client_id) DO NOTHING"
	}
	insert := func(tx *gorm.DB, conflict string) error {
		done := tx.Exec(`INSERT INTO deliveries (run_id, client_id, chunk_id, email, address_key, state, reason, updated_at)
SELECT ?, c.id, ?, c.email, `+values+`, ?
FROM clients c LEFT JOIN suppressions s ON s.owner_id = c.owner_id AND s.email = c.email
WHERE c.owner_id = ? AND c.id IN `+s.listed()+` ORDER BY c.id
`+conflict,
			r.ID, chunk, now, r.OwnerID, encodeIDs(clients))
		made = done.RowsAffected
		return done.Error
	}
	if !s.lite && !twins {
		err = tx.Transaction(func(tx *gorm.DB) error { return insert(tx, "") }) // a savepoint
		if err == nil || !duplicate(err) {
			return made, err
		}
	}
	err = insert(tx, conflict)
	return made, err
}
