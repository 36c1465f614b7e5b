package mailing

import (
	"cmp"
	"context"
	"time"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// punctual is how late a start may be and still count as on time.
const punctual = time.Minute

// begin starts a planned run whose time has come: it freezes what the run will
// send, or declares the run missed, and plans the next one of a repeating
// mailing. It answers the run that began or was missed, which is another one
// when later occurrences have come too, and 0 when this call did neither.
func (s *Service) begin(ctx context.Context, runID int64) (int64, error) {
	var b *store.Beginning
	var first int64
	started, err := s.store.StartRun(ctx, runID, func(x *store.Beginning) {
		b, first = x, x.Run.Occurrence
		s.repeats(b)
		s.freeze(b)
	})
	if err != nil || !started.Begun {
		return 0, err
	}
	s.tellMissed(ctx, started, b, first)
	if r := started.Run; r.Status == model.RunRunning {
		s.log.InfoContext(ctx, "run begins", "run_id", r.ID, "mailing_id", r.MailingID)
	}
	if b.Next != nil {
		s.log.InfoContext(ctx, "mailing runs again", "mailing_id", started.Run.MailingID, "at", b.Next.At)
	}
	return started.Run.ID, nil
}

func (s *Service) freeze(b *store.Beginning) {
	now, m, msg, owner, r := b.Now, b.Mailing, &b.Message, &b.Owner, b.Run
	late := now.Sub(r.PlannedAt)
	grace := max(punctual, time.Duration(m.LateGraceMinutes)*time.Minute)
	if m.LatePolicy == model.LateSkip {
		grace = punctual
	}
	savedBefore := r.CreatedAt.Before(r.PlannedAt)
	switch {
	case b.Busy:
		r.Status, r.Reason = model.RunMissed, model.ReasonStillRunning
		return
	case msg.ID == 0:
		r.Status, r.Reason = model.RunMissed, model.ReasonBadMessage
		return
	case m.EndAt != nil && !m.EndAt.After(now):
		r.Status, r.Reason = model.RunMissed, model.ReasonEnded
		return
	case savedBefore && late > grace:
		r.Status, r.Reason = model.RunMissed, model.ReasonLate
		return
	}
	r.MailingName = m.Name
	r.Subject, r.HTML, r.Text = msg.Subject, msg.HTML, msg.Text
	r.FromEmail, r.FromName = s.sender(m)
	r.ReplyTo = m.ReplyTo
	// {{ sender.name }} is who the mailing names, else its owner
	r.SenderName = cmp.Or(m.FromName, owner.FullName, r.FromName)
	r.SenderEmail = cmp.Or(m.FromEmail, owner.Email)
	r.Audience = m.Audience
	pace(now, m, r)
	r.ContentHash = contentHash(r.Subject, r.HTML, r.Text, r.FromName, r.FromEmail, r.ReplyTo)
}

// pace gives a run what says how it is sent: that of the mailing as it is now.
func pace(now time.Time, m *model.Mailing, r *model.Run) {
	r.Timezone, r.Window, r.TransportID = m.Timezone, m.Window, m.TransportID
	r.RatePerMinute, r.InDoubtPolicy, r.DeadlineAt = m.RatePerMinute, m.InDoubtPolicy, endOf(m, now)
}

// Advance moves a run as far as it can go now and reports whether it has
// chunks to send. It may be called by anybody, any number of times, at once.
// On the way, ready is called as soon as the first chunk can be sent.
func (s *Service) Advance(ctx context.Context, runID int64, ready func()) (claimable bool, err error) {
	w, err := s.store.WorkOf(ctx, runID)
	if err != nil {
		return false, err
	}
	if w.Run.Status == model.RunPlanned {
		begun, err := s.begin(ctx, runID)
		if err != nil || begun == 0 {
			return false, err
		}
		runID = begun
		if w, err = s.store.WorkOf(ctx, runID); err != nil {
			return false, err
		}
	}
	if w.Run.Status.Over() {
		return false, nil
	}
	if !w.Run.Materialised {
		if err := s.materialise(ctx, &w.Run, ready); err != nil {
			return false, err
		}
	}
	if w.Run.Status == model.RunRunning {
		n, err := s.store.FormRetries(ctx, runID)
		if err != nil {
			return false, err
		}
		if n > 0 {
			s.log.InfoContext(ctx, "retries are due", "run_id", runID, "deliveries", n)
		}
	}
	if err := s.rest(ctx, runID); err != nil {
		return false, err
	}
	if w, err = s.store.WorkOf(ctx, runID); err != nil {
		return false, err
	}
	return w.Claimable, nil
}

// materialise gives all clients of the audience their deliveries, the first
// chunk at once so that sending can begin.
func (s *Service) materialise(ctx context.Context, r *model.Run, ready func()) error {
	begin, total := time.Now(), 0
	for {
		made, sendable, complete, err := s.store.Materialise(ctx, r.ID)
		if err != nil {
			return err
		}
		total += made
		if sendable > 0 && r.Status == model.RunRunning {
			if ready != nil {
				ready()
			}
			s.hint(ctx, func(ctx context.Context) error { return s.queue.Deliver(ctx, r.ID, sendable) })
		}
		if complete {
			s.log.InfoContext(ctx, "audience is complete", "run_id", r.ID, "chunks", total, "took", time.Since(begin))
			return nil
		}
	}
}

// RunDue starts what is due now and answers the runs that began. It is for a
// person at a terminal who will not wait for a worker's sweep.
func (s *Service) RunDue(ctx context.Context) ([]int64, error) {
	due, err := s.store.DueRuns(ctx, 0, 10_000)
	if err != nil {
		return nil, err
	}
	var begun []int64
	for _, d := range due {
		id, err := s.begin(ctx, d.RunID)
		if err != nil {
			return begun, err
		}
		if id != 0 {
			begun = append(begun, id)
			s.hint(ctx, func(ctx context.Context) error { return s.queue.Start(ctx, id, time.Time{}) })
		}
	}
	return begun, nil
}
