package mailing

import (
	"context"
	"errors"
	"time"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// settleDeadline is how long the answer to a pause or a cancel may wait for
// the run to come to rest; the workers do what is left.
const settleDeadline = 300 * time.Millisecond

// Act does what a person asks of a mailing and answers it as it stands after
// it. What the status does not allow is model.Conflict; asking the same again
// changes nothing. startAt goes with schedule alone.
func (s *Service) Act(ctx context.Context, v model.Viewer, id int64, action model.Action, startAt *time.Time) (*model.Mailing, error) {
	a := act{Service: s, action: action, startAt: startAt}
	m, err := s.store.ChangeMailing(ctx, v, id, nil, a.apply)
	if err != nil {
		return nil, err
	}
	return a.after(ctx, v, m)
}

// Stop cancels anybody's mailing, for holders of mailings.stop_all.
func (s *Service) Stop(ctx context.Context, v model.Viewer, id int64) (*model.Mailing, error) {
	a := act{Service: s, action: model.ActionCancel, stop: true}
	m, err := s.store.StopMailing(ctx, v, id, a.apply)
	if err != nil {
		return nil, err
	}
	a.settle(ctx)
	seeing := v
	if !v.Has(model.MailingsViewAll) {
		seeing.Granted = append([]model.Permission{model.MailingsViewAll}, v.Granted...)
	}
	return s.store.Mailing(ctx, seeing, m.ID)
}

type act struct {
	*Service
	action  model.Action
	startAt *time.Time
	stop    bool       // a cancel by Stop
	planned *model.Run // to start or to hint
	live    *model.Run // to settle
}

func (a *act) apply(t *store.MailingTx) error {
	a.planned, a.live = nil, nil
	if t.Repeats(a.action) && a.startAt == nil {
		var err error
		if t.Status == model.MailingCancelling { // it may go a lot further, also where no worker lives
			a.live, err = t.LiveRun()
		}
		return err
	}
	moves := a.action == model.ActionSchedule && t.Status == model.MailingScheduled && a.startAt != nil
	if !t.Status.Allows(a.action) && !moves {
		return model.E(model.Conflict, "a mailing that is %s cannot %s", t.Status, a.action)
	}
	t.LastAction = a.action
	if err := a.do(t); err != nil {
		return err
	}
	return a.audit(t)
}

// audit records what was done.
func (a *act) audit(t *store.MailingTx) error {
	switch {
	case a.planned != nil:
		return auditPlan(t, a.planned)
	case a.stop:
		return t.Audit(model.AuditMailingStopped, nil)
	}
	return t.Audit(map[model.Action]model.AuditAction{
		model.ActionUnschedule: model.AuditMailingUnscheduled,
		model.ActionPause:      model.AuditMailingPaused,
		model.ActionResume:     model.AuditMailingResumed,
		model.ActionCancel:     model.AuditMailingCancelled,
	}[a.action], nil)
}

func (a *act) do(t *store.MailingTx) error {
	switch a.action {
	case model.ActionSchedule:
		return a.schedule(t)
	case model.ActionUnschedule:
		if err := t.DropPlannedRun(); err != nil {
			return err
		}
		t.Status = model.MailingDraft
	case model.ActionStart:
		return a.start(t)
	case model.ActionCancel:
		if t.Status == model.MailingScheduled {
			if err := t.CancelPlannedRun(); err != nil {
				return err
			}
			t.Status = model.MailingCancelled
			break
		}
		// the occurrences to come end with it
		if err := t.DropPlannedRun(); err != nil {
			return err
		}
		return a.turn(t, model.RunCancelling, "")
	case model.ActionPause:
		return a.turn(t, model.RunPausing, model.ReasonByPerson)
	case model.ActionResume:
		return a.turn(t, model.RunRunning, "")
	}
	return t.SaveStatus()
}

func (a *act) schedule(t *store.MailingTx) error {
	if a.startAt != nil {
		in := InputOf(t.Mailing)
		in.StartAt = a.startAt
		if err := a.check(t, &in); err != nil {
			var e *model.Error
			if errors.As(err, &e) {
				for i := range e.Fields { // the end was not asked for: the start does not fit it
					if e.Fields[i].Field == "end_at" {
						e.Fields[i].Field = "start_at"
					}
				}
			}
			return err
		}
		in.apply(t.Mailing)
		if err := t.SaveSettings(); err != nil {
			return err
		}
	}
	return a.planFirst(t)
}

// planFirst plans the first run of the settings as they are.
func (a *act) planFirst(t *store.MailingTx) error {
	if start := anchor(t.StartAt, t.Repeat, t.Now); start != t.StartAt {
		t.StartAt = start
		if err := t.SaveSettings(); err != nil {
			return err
		}
	}
	slot, err := firstSlot(t.Mailing, t.Now)
	if err != nil {
		return err
	}
	return a.plan(t, slot)
}

// start begins a run now. A repeating mailing keeps its plan beside it, and a
// draft of one gets it; what has ended does not repeat again.
func (a *act) start(t *store.MailingTx) error {
	if t.Repeat != nil && t.Status == model.MailingDraft {
		if err := a.planFirst(t); err != nil {
			return err
		}
		if !a.planned.PlannedAt.After(t.Now) {
			return nil // its first occurrence is this start
		}
	}
	return a.plan(t, store.Slot{At: t.Now})
}

func (a *act) plan(t *store.MailingTx, slot store.Slot) (err error) {
	if t.MessageID == nil {
		return model.E(model.Conflict, "the message of this mailing was deleted; choose another first")
	}
	if t.EndAt != nil && !t.EndAt.After(slot.At) {
		return model.E(model.Conflict, "the end of this mailing has passed; move it first")
	}
	t.Status, t.Reason = model.MailingScheduled, ""
	if a.planned, err = t.PlanRun(slot); err != nil {
		return err
	}
	return t.SaveStatus()
}

// turn takes the live run to another status.
func (a *act) turn(t *store.MailingTx, to model.RunStatus, reason string) error {
	run, err := t.LiveRun()
	if err != nil {
		return err
	}
	if run == nil {
		return errors.New("a live mailing has no live run")
	}
	a.live = run
	if run.Status == model.RunPaused && to == model.RunPausing {
		return t.SaveStatus()
	}
	if err := t.SetLive(run, to, reason); err != nil {
		return err
	}
	return t.SaveStatus()
}

func (a *act) after(ctx context.Context, v model.Viewer, m *model.Mailing) (*model.Mailing, error) {
	if a.planned != nil {
		return a.launched(ctx, v, m, a.planned)
	}
	a.settle(ctx)
	return a.store.Mailing(ctx, v, m.ID)
}

// settle brings the run to rest if that is quickly done, and tells the workers.
func (a *act) settle(ctx context.Context) {
	if a.live == nil {
		return
	}
	quick, cancel := context.WithTimeout(ctx, settleDeadline)
	defer cancel()
	err := a.rest(quick, a.live.ID)
	if err == nil && a.live.Status == model.RunCancelling { // clients that have no delivery yet get one
		_, err = a.Advance(quick, a.live.ID, nil)
	}
	if err != nil {
		a.log.DebugContext(ctx, "a run comes to rest later", "run_id", a.live.ID, "error", err)
	}
	a.hint(ctx, func(ctx context.Context) error { return a.queue.Start(ctx, a.live.ID, time.Time{}) })
}

// rest ends what may send no more and settles the status of a run.
func (s *Service) rest(ctx context.Context, runID int64) error {
	if err := s.store.CloseOpen(ctx, runID); err != nil {
		return err
	}
	_, err := s.store.SettleRun(ctx, runID)
	return err
}
