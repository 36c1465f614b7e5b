package store

import (
	"context"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

// DeliveryFilter narrows the deliveries of a run.
type DeliveryFilter struct {
	State    model.DeliveryState
	Q        string // part of the address
	Reason   string // exactly
	Code     *int   // of the last answer; 0 is none
	Enhanced string // of the last answer
	Answer   string // the text of a Reason
}

const deliveryColumns = "d.*, retries.next_at, (SELECT x.id FROM deliveries x WHERE x.origin_id = d.id) AS retried_by"

var deliveryList = listing[model.Delivery]{
	name:    "deliveries",
	id:      "d.client_id", // unique in a run, and the index of its rows
	rowID:   func(d *model.Delivery) int64 { return d.ClientID },
	sorts:   map[string]sortKey[model.Delivery]{"client_id": {"d.client_id", func(d *model.Delivery) any { return d.ClientID }}},
	natural: "client_id",
}

// Deliveries lists the recipients of a run by client_id. A run the viewer may
// not see is model.NotFound.
//
// No index holds the state of a delivery, so that its changes stay cheap.
// Three refused mails in a million are found through the chunks that count
// them: first the few chunks, then their clients.
func (s *Store) Deliveries(ctx context.Context, viewer model.Viewer, runID int64, f DeliveryFilter, p Page) (List[model.Delivery], error) {
	var out List[model.Delivery]
	if _, err := s.seenRun(ctx, viewer, runID); err != nil {
		return out, err
	}
	q := s.read(ctx).Table("deliveries AS d").Select(deliveryColumns).
		Joins("LEFT JOIN retries ON retries.delivery_id = d.id AND d.state = 'deferred'").
		Where("d.run_id = ?", runID)
	q = q.Scopes(f.besidesState)
	if f.State == "" {
		out, err := deliveryList.page(q, p)
		return out, kindOf(err, "list deliveries")
	}

	if !slices.Contains(model.DeliveryStates, f.State) {
		return out, nil
	}
	lots, err := s.lots(ctx, runID, f.State)
	if err != nil {
		return out, err
	}
	q = q.Where("d.state = ?", f.State).Session(&gorm.Session{})
	if p.WithTotal {
		var n int64
		if err := q.Scopes(lots.among).Count(&n).Error; err != nil {
			return out, kindOf(err, "count deliveries")
		}
		out.Total = &n
	}
	first := p
	first.WithTotal = false
	// The counters say how many chunks a page needs. They may have moved on, and
	// the other filters hide rows: then more chunks are taken.
	after := deliveryList.at(p)
	for want := int64(max(p.Limit, DefaultLimit)) + 1; ; want *= 8 {
		some, all := lots, true
		if !strings.HasPrefix(p.Sort, "-") {
			some, all = lots.first(after, want)
		}
		page, err := deliveryList.page(q.Scopes(some.among), first)
		if err != nil {
			return out, kindOf(err, "list deliveries")
		}
		if page.Next != "" || all {
			page.Total = out.Total
			return page, nil
		}
	}
}

// besidesState narrows a query over deliveries d by all that is no state.
func (f *DeliveryFilter) besidesState(q *gorm.DB) *gorm.DB {
	if f.Q != "" {
		q = q.Where(`d.email LIKE ? ESCAPE '\'`, contains(strings.ToLower(f.Q)))
	}
	if f.Reason != "" {
		q = q.Where("d.reason = ?", f.Reason)
	}
	if f.Code != nil {
		q = q.Where("d.last_code = ?", *f.Code)
	}
	if f.Enhanced != "" {
		q = q.Where("d.last_enhanced = ?", f.Enhanced)
	}
	if f.Answer != "" {
		q = q.Where(answerText+" = ?", f.Answer)
	}
	return q
}

// at is the number a cursor stands at, in an order by a number; 0 at the begin
// and where page will refuse the cursor.
func (l listing[T]) at(p Page) int64 {
	if p.Sort == "" {
		p.Sort = l.natural
	}
	c, ok := l.open(p)
	if !ok {
		return 0
	}
	at, _ := c.value(p.Sort, int64(0))
	n, _ := at.(int64)
	return n
}

// lot is a chunk that counts deliveries of a wanted state.
type lot struct {
	ID, FirstClient, LastClient, N int64
}

// lots are chunks by their first client. Those of retries have no range of
// clients: when one of them is needed, ranged is false and only the ids narrow.
type lots struct {
	ranged bool
	rows   []lot
	until  int64 // clients above it are not among these; 0 is no limit
}

func (s *Store) lots(ctx context.Context, runID int64, states ...model.DeliveryState) (lots, error) {
	l, err := lotsOf(s.read(ctx), runID, states...)
	return l, kindOf(err, "find the chunks of a state")
}

func lotsOf(db *gorm.DB, runID int64, states ...model.DeliveryState) (lots, error) {
	sum := make([]string, len(states))
	for i, state := range states {
		sum[i] = string(state) // a column of that name, from our own list
	}
	n := strings.Join(sum, " + ")
	l := lots{ranged: true}
	err := db.Raw("SELECT id, first_client, last_client, "+n+" AS n FROM chunks WHERE run_id = ? AND "+n+" > 0 ORDER BY first_client, id", runID).
		Scan(&l.rows).Error
	for _, r := range l.rows {
		l.ranged = l.ranged && r.LastClient > 0
	}
	return l, err
}

// first picks the chunks that hold the first n of the wanted deliveries after a
// client, and tells whether these are all there are.
func (l lots) first(after, n int64) (lots, bool) {
	if !l.ranged {
		return l, true
	}
	some := lots{ranged: true}
	var have int64
	for _, r := range l.rows {
		if r.LastClient <= after {
			continue
		}
		if have >= n {
			// Ranges may overlap: what lies beyond the next one's begin is not
			// complete without it.
			some.until = r.FirstClient - 1
			return some, false
		}
		some.rows = append(some.rows, r)
		if r.FirstClient > after {
			have += r.N
		}
	}
	return some, true
}

// mostSpans bounds the OR of a query; more are a dense state, which a plain
// walk through the run finds soon enough.
const mostSpans = 256

// among narrows a query over deliveries d to these chunks.
func (l lots) among(q *gorm.DB) *gorm.DB {
	if len(l.rows) == 0 {
		return q.Where("1 = 0")
	}
	if l.until > 0 {
		q = q.Where("d.client_id <= ?", l.until)
	}
	if l.ranged {
		if spans := l.spans(); len(spans) <= mostSpans {
			cond := make([]string, len(spans))
			args := make([]any, 0, 2*len(spans))
			for i, sp := range spans {
				cond[i] = "d.client_id BETWEEN ? AND ?"
				args = append(args, sp[0], sp[1])
			}
			return q.Where(strings.Join(cond, " OR "), args...)
		}
		return q.Where("d.client_id BETWEEN ? AND ?", l.rows[0].FirstClient, slices.MaxFunc(l.rows, func(a, b lot) int { return int(a.LastClient - b.LastClient) }).LastClient)
	}
	ids := make([]int64, len(l.rows))
	for i, r := range l.rows {
		ids[i] = r.ID
	}
	return q.Where("d.chunk_id IN ?", ids)
}

// spans are the ranges of clients of the chunks, those that touch as one.
func (l lots) spans() [][2]int64 {
	var out [][2]int64
	for _, r := range l.rows {
		if n := len(out); n > 0 && r.FirstClient <= out[n-1][1]+1 {
			out[n-1][1] = max(out[n-1][1], r.LastClient)
			continue
		}
		out = append(out, [2]int64{r.FirstClient, r.LastClient})
	}
	return out
}

// ClientDelivery is a delivery as the page of a client shows it.
type ClientDelivery struct {
	model.Delivery `gorm:"embedded"`
	MailingID      int64
	MailingName    string
	FromEmail      string // of the run, for the Message-ID
}

var clientDeliveryList = listing[ClientDelivery]{
	name:    "client_deliveries",
	id:      "d.id",
	rowID:   func(d *ClientDelivery) int64 { return d.ID },
	sorts:   map[string]sortKey[ClientDelivery]{"id": {"d.id", func(d *ClientDelivery) any { return d.ID }}},
	natural: "-id",
}

// ClientDeliveries lists what the viewer may see of a client's deliveries,
// newest first. Whether the viewer may see the client is for the caller to ask.
func (s *Store) ClientDeliveries(ctx context.Context, viewer model.Viewer, clientID int64, p Page) (List[ClientDelivery], error) {
	q := s.read(ctx).Table("deliveries AS d").Select(deliveryColumns+", runs.mailing_id, runs.mailing_name, runs.from_email").
		Joins("JOIN runs ON runs.id = d.run_id").
		Joins("LEFT JOIN retries ON retries.delivery_id = d.id AND d.state = 'deferred'").
		Where("d.client_id = ?", clientID)
	if !viewer.Has(model.ReportsViewAll) {
		q = q.Where("runs.owner_id = ?", viewer.UserID)
	}
	out, err := clientDeliveryList.page(q, p)
	return out, kindOf(err, "list a client's deliveries")
}

// AttemptFilter narrows the attempts of a run: to those at some deliveries, and
// to those that ended in some way.
type AttemptFilter struct {
	DeliveryFilter
	Outcome model.Outcome
}

// AttemptRow is an attempt with its recipient.
type AttemptRow struct {
	model.Attempt `gorm:"embedded"`
	ClientID      int64
	Email         string
}

// attemptList walks the recipients and their attempts; rareAttemptList walks
// the index of the attempts that did not end well.
var (
	attemptList = listing[AttemptRow]{
		name:    "attempts",
		id:      "a.number",
		rowID:   func(a *AttemptRow) int64 { return int64(a.Number) },
		sorts:   map[string]sortKey[AttemptRow]{"client_id": {"d.client_id", func(a *AttemptRow) any { return a.ClientID }}},
		natural: "client_id",
	}
	rareAttemptList = listing[AttemptRow]{
		name:    "attempts_rare",
		id:      "a.number",
		rowID:   func(a *AttemptRow) int64 { return int64(a.Number) },
		sorts:   map[string]sortKey[AttemptRow]{"delivery_id": {"a.delivery_id", func(a *AttemptRow) any { return a.DeliveryID }}},
		natural: "delivery_id",
	}
)

// Attempts lists the attempt log of a run, recipient by recipient. A run the
// viewer may not see is model.NotFound.
func (s *Store) Attempts(ctx context.Context, viewer model.Viewer, runID int64, f AttemptFilter, p Page) (List[AttemptRow], error) {
	if _, err := s.seenRun(ctx, viewer, runID); err != nil {
		return List[AttemptRow]{}, err
	}
	if f.State != "" && !slices.Contains(model.DeliveryStates, f.State) {
		return List[AttemptRow]{}, nil
	}
	list := attemptList
	q := s.read(ctx).Table("deliveries AS d").Select("a.*, d.client_id, d.email").
		Joins("JOIN attempts AS a ON a.delivery_id = d.id").
		Where("d.run_id = ?", runID)
	if f.Outcome != "" {
		q = q.Where("a.outcome = ?", f.Outcome)
	}
	if f.Outcome != "" && f.Outcome != model.OutcomeSent {
		list = rareAttemptList
		q = q.Where("a.run_id = ? AND a.outcome <> 'sent'", runID) // the words of the partial index
	} else if at := list.at(p); at > 0 {
		// A row comparison over two tables uses the index of neither.
		if strings.HasPrefix(p.Sort, "-") {
			q = q.Where("d.client_id <= ?", at)
		} else {
			q = q.Where("d.client_id >= ?", at)
		}
	}
	if f.State != "" {
		lots, err := s.lots(ctx, runID, f.State)
		if err != nil {
			return List[AttemptRow]{}, err
		}
		q = q.Scopes(lots.among).Where("d.state = ?", f.State)
	}
	out, err := list.page(q.Scopes(f.besidesState), p)
	return out, kindOf(err, "list attempts")
}
