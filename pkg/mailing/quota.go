package mailing

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/postrider/postrider/pkg/store"
)

// lookAgain is how often at most a chunk asks for leave while there is none.
const lookAgain = 15 * time.Minute

// quota is what a pass over a chunk holds of the daily quota of its owner. It is
// leased before the pass and settled after it: what left was used, all else goes
// back.
type quota struct {
	store.MailLeave
	left  int          // not handed to a sender yet; feed's alone
	spent atomic.Int64 // mails that left, or may have
}

func (e *Engine) leaseQuota(ctx context.Context, b *batch, want int) error {
	leave, err := e.store.LeaseMails(ctx, b.Run.OwnerID, want)
	b.quota = &quota{MailLeave: leave, left: leave.N}
	return err
}

// again is when a chunk that was left without leave looks again if nobody wakes
// it: when the day turns, and before that in case the look for room failed that
// follows when it is given back.
func (q *quota) again(now time.Time) time.Time {
	if soon := now.Add(lookAgain); soon.Before(q.Until) {
		return soon
	}
	return q.Until
}

// settleQuota gives back what did not leave, and answers how much that was. If
// it fails it stays used until the day ends: too few mails, never too many.
func (e *Engine) settleQuota(ctx context.Context, b *batch) int {
	if !b.quota.Limited {
		return 0
	}
	back := b.quota.N - int(b.quota.spent.Load())
	if err := e.store.ReturnMails(ctx, b.quota.MailLeave, back); err != nil {
		e.log.Warn("leave for mails could not be given back", "run_id", b.RunID, "error", err)
		return 0
	}
	return back
}
