package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

// Drift is a place where the books of a run do not agree: a counter with the
// rows it counts, or the attempts of a delivery with its number of them.
// Nothing repairs it; it says that a promise was broken.
type Drift struct {
	RunID      int64
	ChunkID    int64  // 0 where it is of the whole run
	DeliveryID int64  // 0 where it is not of one delivery
	What       string // a state, "planned", "attempts", "retry", "done", "open" or "leased"
	Counted    int64  // what the counter or the number says
	Found      int64  // what the rows say
}

// String is the drift in one line, as `postrider check` prints it.
func (d Drift) String() string {
	s := fmt.Sprintf("run=%d", d.RunID)
	if d.ChunkID != 0 {
		s += fmt.Sprintf(" chunk=%d", d.ChunkID)
	}
	if d.DeliveryID != 0 {
		s += fmt.Sprintf(" delivery=%d", d.DeliveryID)
	}
	return s + fmt.Sprintf(" what=%s counted=%d found=%d", d.What, d.Counted, d.Found)
}

// Checked is what a check of a run has looked at and found.
type Checked struct {
	Deliveries int64
	Drifts     []Drift
}

// How much of a run one statement of a check looks at, and how many drifts of
// single deliveries it names.
const (
	checkChunks = 10
	checkNames  = 100
)

// CheckRun holds the counters of a run against its rows, and its attempts
// against what its deliveries say of them. Each comparison is one statement,
// so one snapshot, and takes no lock: a run that is being sent can be checked.
// It walks ten chunks at a time and rests between them for pause.
func (s *Store) CheckRun(ctx context.Context, runID int64, pause time.Duration) (*Checked, error) {
	c := &check{s: s, db: s.read(ctx), runID: runID, retries: map[int64]model.Counts{}}
	if err := c.db.Table("runs").Select("attempts_removed_at IS NOT NULL").Where("id = ?", runID).Row().Scan(&c.trimmed); err != nil {
		return nil, kindOf(err, "read a run")
	}
	for after := int64(0); ; {
		last, err := c.lot(after)
		if err != nil {
			return nil, kindOf(err, "check the chunks of a run")
		}
		if last == 0 {
			break
		}
		after = last
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if err := c.retried(); err != nil {
		return nil, kindOf(err, "check the chunks of retries")
	}
	if err := c.whole(); err != nil {
		return nil, kindOf(err, "check a run")
	}
	slices.SortStableFunc(c.Drifts, func(a, b Drift) int {
		return cmp.Or(cmp.Compare(a.ChunkID, b.ChunkID), cmp.Compare(a.DeliveryID, b.DeliveryID))
	})
	return &c.Checked, nil
}

type check struct {
	Checked
	s       *Store
	db      *gorm.DB
	runID   int64
	trimmed bool                   // its attempts are not kept
	retries map[int64]model.Counts // what the lots found of chunks that are not theirs
}

// book is what a chunk counts (Kept) or what its rows say.
type book struct {
	Kept    bool
	Done    bool
	ChunkID int64
	Counts  model.Counts `gorm:"embedded"`
}

const bookColumns = "planned, pending, sending, deferred, sent, failed, skipped, in_doubt, expired, cancelled"

// rowsCounted counts deliveries d by chunk, in the order of bookColumns.
var rowsCounted = func() string {
	sum := "d.chunk_id, COUNT(*) AS planned"
	for _, state := range model.DeliveryStates {
		sum += fmt.Sprintf(", COUNT(CASE WHEN d.state = '%s' THEN 1 END) AS %s", state, state)
	}
	return sum
}()

const (
	theLot   = "SELECT * FROM chunks WHERE run_id = ? AND NOT retry AND id > ? ORDER BY id LIMIT ?"
	lotsRows = "lot JOIN deliveries d ON d.run_id = lot.run_id AND d.client_id BETWEEN lot.first_client AND lot.last_client"
)

// lot checks the next chunks that hold ranges of clients and answers the last
// of them, 0 when there are none. Deliveries that have left them for a chunk of
// retries are counted for later.
func (c *check) lot(after int64) (last int64, err error) {
	var books []book
	err = c.db.Raw("WITH lot AS ("+theLot+"), found AS (SELECT "+rowsCounted+" FROM "+lotsRows+" GROUP BY d.chunk_id)"+
		" SELECT 1 AS kept, done, id AS chunk_id, "+bookColumns+" FROM lot"+
		" UNION ALL SELECT 0, NULL, chunk_id, "+bookColumns+" FROM found",
		c.runID, after, checkChunks).Scan(&books).Error
	if err != nil {
		return 0, err
	}
	kept, found := sides(books)
	for id, b := range kept {
		last = max(last, id)
		c.compare(b, found[id])
		delete(found, id)
	}
	for id, n := range found {
		sum := c.retries[id]
		add(&sum, n)
		c.retries[id] = sum
	}
	if last == 0 {
		return 0, nil
	}
	return last, c.rows(after)
}

// rows checks single deliveries of a lot: that the log has their attempts, 1
// to the number they have, and that one which waits has a row that wakes it.
func (c *check) rows(after int64) error {
	var drifts []Drift
	err := c.db.Raw("WITH lot AS ("+theLot+") SELECT d.run_id, d.chunk_id, d.id AS delivery_id, 'retry' AS what, 1 AS counted, 0 AS found"+
		" FROM "+lotsRows+" JOIN chunks c ON c.id = d.chunk_id LEFT JOIN retries r ON r.delivery_id = d.id"+
		" WHERE (d.state = 'deferred' OR d.state = 'pending' AND c.retry) AND r.delivery_id IS NULL ORDER BY d.id LIMIT ?",
		c.runID, after, checkChunks, checkNames).Scan(&drifts).Error
	if err != nil {
		return err
	}
	c.Drifts = append(c.Drifts, drifts...)
	if c.trimmed {
		return nil
	}
	drifts = nil
	err = c.db.Raw("WITH lot AS ("+theLot+") SELECT d.run_id, d.chunk_id, d.id AS delivery_id, 'attempts' AS what, d.attempts AS counted,"+
		" CASE WHEN COUNT(a.number) = d.attempts THEN MAX(a.number) ELSE COUNT(a.number) END AS found"+
		" FROM "+lotsRows+" LEFT JOIN attempts a ON a.delivery_id = d.id GROUP BY d.run_id, d.chunk_id, d.id, d.attempts"+
		" HAVING d.attempts <> COUNT(a.number) OR d.attempts <> COALESCE(MAX(a.number), 0) ORDER BY d.id LIMIT ?",
		c.runID, after, checkChunks, checkNames).Scan(&drifts).Error
	c.Drifts = append(c.Drifts, drifts...)
	return err
}

// retried checks the chunks of retries. Their rows are all over the run, so
// the lots have counted them one after another; what does not agree then may
// have moved meanwhile, and is looked at again in one statement.
func (c *check) retried() error {
	var books []book
	err := c.db.Raw("SELECT 1 AS kept, done, id AS chunk_id, "+bookColumns+" FROM chunks WHERE run_id = ? AND retry", c.runID).Scan(&books).Error
	if err != nil {
		return err
	}
	same := true
	for _, b := range books {
		same = same && b.Counts == c.retries[b.ChunkID] && !b.stuck()
		delete(c.retries, b.ChunkID)
	}
	if same && len(c.retries) == 0 {
		return nil
	}
	books = nil
	err = c.db.Raw("WITH found AS (SELECT "+rowsCounted+" FROM deliveries d WHERE d.run_id = ?"+
		" AND d.chunk_id NOT IN (SELECT id FROM chunks WHERE run_id = ? AND NOT retry) GROUP BY d.chunk_id)"+
		" SELECT 1 AS kept, done, id AS chunk_id, "+bookColumns+" FROM chunks WHERE run_id = ? AND retry"+
		" UNION ALL SELECT 0, NULL, chunk_id, "+bookColumns+" FROM found", c.runID, c.runID, c.runID).Scan(&books).Error
	kept, found := sides(books)
	for id, b := range kept {
		c.compare(b, found[id])
		delete(found, id)
	}
	for id, n := range found { // of a chunk of another run
		c.compare(book{ChunkID: id}, n)
	}
	return err
}

// whole checks what concerns the run as one: that it has as many deliveries as
// its chunks plan, and that one which is over has none open and no chunk held.
func (c *check) whole() error {
	var row struct {
		Planned, Deliveries, Open, Leased int64
		Status                            model.RunStatus
	}
	err := c.db.Raw("SELECT r.status, (SELECT COUNT(*) FROM deliveries d WHERE d.run_id = r.id) AS deliveries,"+
		" CAST(COALESCE(SUM(c.planned), 0) AS BIGINT) AS planned,"+
		" CAST(COALESCE(SUM(c.pending + c.sending + c.deferred), 0) AS BIGINT) AS open, COUNT(c.worker_id) AS leased"+
		" FROM runs r LEFT JOIN chunks c ON c.run_id = r.id WHERE r.id = ? GROUP BY r.id, r.status", c.runID).Scan(&row).Error
	if err != nil {
		return err
	}
	c.Deliveries = row.Deliveries
	c.drift(0, "planned", row.Planned, row.Deliveries)
	if row.Status.Over() {
		c.drift(0, "open", 0, row.Open)
		c.drift(0, "leased", 0, row.Leased)
	}
	return nil
}

func (c *check) compare(kept book, found model.Counts) {
	n, m := numbers(&kept.Counts), numbers(&found)
	c.drift(kept.ChunkID, "planned", *n[0], *m[0])
	for i, state := range model.DeliveryStates {
		c.drift(kept.ChunkID, string(state), *n[i+1], *m[i+1])
	}
	if kept.stuck() {
		c.drift(kept.ChunkID, "done", 0, kept.Counts.Pending+kept.Counts.Sending)
	}
}

// stuck reports whether a chunk that nobody will claim has something to send.
func (b *book) stuck() bool { return b.Done && b.Counts.Pending+b.Counts.Sending > 0 }

func (c *check) drift(chunk int64, what string, counted, found int64) {
	if counted != found {
		c.Drifts = append(c.Drifts, Drift{RunID: c.runID, ChunkID: chunk, What: what, Counted: counted, Found: found})
	}
}

func sides(books []book) (kept map[int64]book, found map[int64]model.Counts) {
	kept, found = map[int64]book{}, map[int64]model.Counts{}
	for _, b := range books {
		if b.Kept {
			kept[b.ChunkID] = b
		} else {
			found[b.ChunkID] = b.Counts
		}
	}
	return kept, found
}

func add(to *model.Counts, n model.Counts) {
	a, b := numbers(to), numbers(&n)
	for i := range a {
		*a[i] += *b[i]
	}
}

// numbers are planned and then the states, in the order of
// model.DeliveryStates.
func numbers(n *model.Counts) [10]*int64 {
	return [10]*int64{&n.Planned, &n.Pending, &n.Sending, &n.Deferred, &n.Sent, &n.Failed, &n.Skipped, &n.InDoubt, &n.Expired, &n.Cancelled}
}

// RunsToCheck are the runs that have begun, after an id, in its order.
func (s *Store) RunsToCheck(ctx context.Context, after int64, limit int) ([]int64, error) {
	var ids []int64
	err := s.read(ctx).Table("runs").Where("started_at IS NOT NULL AND id > ?", after).Order("id").Limit(limit).Pluck("id", &ids).Error
	return ids, kindOf(err, "look for runs to check")
}

// ClaimCheck picks a run that is to be checked and notes that it is: first one
// that has ended since it was checked, the one that ended first, then a live
// one that was not checked for as long as every. It answers 0 when there is
// none. Workers that ask at once get different runs.
func (s *Store) ClaimCheck(ctx context.Context, every time.Duration) (int64, error) {
	var id int64
	err := s.tx(ctx, func(tx *gorm.DB) error {
		id = 0
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		lock := s.locking("FOR NO KEY UPDATE SKIP LOCKED")
		err = tx.Raw("SELECT id FROM runs WHERE finished_at IS NOT NULL AND (checked_at IS NULL OR checked_at < finished_at)" +
			" ORDER BY finished_at LIMIT 1" + lock).Scan(&id).Error
		if err == nil && id == 0 {
			err = tx.Raw("SELECT id FROM runs WHERE status IN ('running', 'pausing', 'paused', 'cancelling')"+
				" AND COALESCE(checked_at, started_at) < ? ORDER BY COALESCE(checked_at, started_at) LIMIT 1"+lock, now.Add(-every)).Scan(&id).Error
		}
		if err != nil || id == 0 {
			return err
		}
		return tx.Exec("UPDATE runs SET checked_at = ? WHERE id = ?", now, id).Error
	})
	return id, kindOf(err, "pick a run to check")
}
