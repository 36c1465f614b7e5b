package mailing

import (
	"context"
	"errors"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// Why an intent is not granted.
var (
	errRefused = errors.New("the recipient must not be mailed now") // this row only
	errStopped = errors.New("the run has stopped")                  // the whole chunk
	errUnknown = errors.New("the intent could not be recorded")     // and it is not known whether it was
)

// intentPatience is how long an intent waits for a database that is away
// before its connection is given up. Outcomes wait for ever.
const intentPatience = 5 * time.Second

// seat is a sender's place at the ledger. One goroutine uses it.
type seat struct {
	ledger *ledger
	cohort *cohort      // of the intent that it was granted, until it comes back
	near   bool         // the cohort counts it
	away   atomic.Int64 // nanoseconds that it was gone the last time
}

// back is called when the sender waits for its next intent, or for work.
func (s *seat) back() {
	if s.cohort == nil {
		return
	}
	s.away.Store(int64(time.Since(s.cohort.at)))
	if s.near {
		s.cohort.out.Add(-1)
		s.ledger.hurry()
	}
	s.cohort = nil
}

// intent is the Intent of a delivery, granted by the ledger. One goroutine
// uses it, beside the ledger.
type intent struct {
	seat       *seat
	claim      *store.Claim
	deliveryID int64
	answer     chan error // nil until it is asked for
	granted    bool       // the mail may be complete
	refusal    error      // what was waited for
	cohort     *cohort    // with whom it was granted
	near       bool       // and that counts its sender

	awaited atomic.Bool // somebody waits, or has waited
	gone    atomic.Bool // nobody wants the answer any more
}

// Ask puts it into the ledger.
func (i *intent) Ask() {
	if i.answer != nil {
		return
	}
	i.answer = make(chan error, 1)
	i.seat.ledger.put(line{intent: i, entry: store.Entry{Claim: i.claim, DeliveryID: i.deliveryID}, done: i.decide})
}

func (i *intent) decide(v store.Verdict, err error) {
	switch {
	case err != nil:
		i.answer <- errUnknown
	case v == store.Stopped:
		i.answer <- errStopped
	case v != store.Landed:
		i.answer <- errRefused
	default:
		i.cohort = i.seat.ledger.last
		i.near = i.cohort.join(i.seat)
		i.answer <- nil
	}
}

// Wait waits for its commit, whatever becomes of ctx.
func (i *intent) Wait(_ context.Context, meanwhile func()) error {
	i.awaited.Store(true)
	i.Ask()
	i.seat.back()
	i.seat.ledger.hurry()
	patience := time.NewTimer(intentPatience)
	defer patience.Stop()
	if meanwhile != nil {
		i.aside(meanwhile)
	}
	i.refusal = i.await(patience)
	if i.granted = i.refusal == nil; i.granted {
		i.seat.cohort, i.seat.near = i.cohort, i.near
	}
	return i.refusal
}

// aside does what is about another mail. That this program fails at it must not
// be blamed on the mail of the intent; the other one meets it by itself.
func (i *intent) aside(meanwhile func()) {
	defer func() {
		if fault := recover(); fault != nil {
			i.seat.ledger.log.Error("the next mail cannot go along", "behind", i.deliveryID, "fault", fault, "stack", string(debug.Stack()))
		}
	}()
	meanwhile()
}

func (i *intent) await(patience *time.Timer) error {
	select {
	case err := <-i.answer: // though patience may have ended too
		return err
	default:
	}
	select {
	case err := <-i.answer:
		return err
	case <-patience.C: // its group may be written after all, and then the outcome takes it back
		i.gone.Store(true)
		return errUnknown
	}
}

// giveUp ends an intent whose mail is not to be completed. It reports whether
// the row may say sending for it, now or soon.
func (i *intent) giveUp() bool {
	i.gone.Store(true)
	return i.answer != nil && !i.granted
}

// settle finds out what became of an intent that was asked for and not waited
// for, as nothing was to be completed.
func (i *intent) settle(res Result) Result {
	if i.answer == nil || i.awaited.Load() {
		return res
	}
	if err := i.Wait(context.Background(), nil); err != nil {
		res.Outcome, res.Class, res.Intended = model.OutcomeAborted, ClassIntent, false
		res.Code, res.Enhanced, res.Response = 0, "", "not sent: "+err.Error()
		return res
	}
	res.Intended = true
	return res
}
