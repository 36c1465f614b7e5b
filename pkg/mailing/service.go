package mailing

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// Queue carries hints to workers. An error costs latency, never a run.
type Queue interface {
	Start(ctx context.Context, runID int64, at time.Time) error
	Deliver(ctx context.Context, runID int64, n int) error
	Mail(ctx context.Context, id int64) error
	Repair(ctx context.Context) error // makes a queue that lost its memory work again
}

// hintDeadline is how long a person may be kept waiting for a hint.
const hintDeadline = 300 * time.Millisecond

// Options are what an installation decides.
type Options struct {
	PublicURL      string   // what links in mails begin with, without a slash at the end
	FromName       string   // default sender
	FromEmail      string   // default sender
	SenderDomains  []string // domains a sender may have besides FromEmail's
	LinkKey        []byte   // signs the links in mails
	FormerLinkKeys [][]byte // signed those in mails that were sent before
	// Account writes a mail about an account, all but its sender, when its time
	// has come; false: there is nobody to tell, or nothing any more.
	Account      func(ctx context.Context, m *model.SystemMail) (bool, error)
	KeepAttempts time.Duration // how long after its end the attempt log of a run is kept; 0 is for ever
	Log          *slog.Logger
}

// Service takes what people ask of mailings.
type Service struct {
	store *store.Store
	queue Queue
	opt   Options
	log   *slog.Logger
	macs  sync.Pool // of hash.Hash, see macOf

	missed missed
}

// New makes a Service. Without a queue there are no hints, and runs start by
// the sweep of a worker.
func New(st *store.Store, queue Queue, opt Options) *Service {
	if opt.Log == nil {
		opt.Log = slog.Default()
	}
	return &Service{store: st, queue: queue, opt: opt, log: opt.Log}
}

// Input is what a person may set of a mailing.
type Input struct {
	Name             string
	MessageID        int64
	Audience         model.Audience
	StartAt          *time.Time
	Timezone         string // "" for the owner's
	EndAt            *time.Time
	RunMinutes       *int
	Repeat           *model.Repeat
	Window           *model.Window
	FromName         string
	FromEmail        string
	ReplyTo          string
	TransportID      *int64
	RatePerMinute    *int
	LatePolicy       model.LatePolicy
	LateGraceMinutes int
	InDoubtPolicy    model.InDoubtPolicy
	TrackOpens       bool
	TrackClicks      bool
	Draft            bool

	// Breaches were found by the caller while it read the input. Nothing is
	// saved with any, and they are told together with those of the rules.
	Breaches model.Fields
}

// InputOf is what a change of a mailing begins with.
func InputOf(m *model.Mailing) Input {
	in := Input{
		Name: m.Name, Audience: m.Audience, StartAt: m.StartAt, Timezone: m.Timezone, EndAt: m.EndAt, Window: m.Window,
		Repeat: m.Repeat, RunMinutes: m.RunMinutes,
		FromName: m.FromName, FromEmail: m.FromEmail, ReplyTo: m.ReplyTo, TransportID: m.TransportID,
		RatePerMinute: m.RatePerMinute, LatePolicy: m.LatePolicy, LateGraceMinutes: m.LateGraceMinutes,
		InDoubtPolicy: m.InDoubtPolicy, TrackOpens: m.TrackOpens, TrackClicks: m.TrackClicks,
		Draft: m.Status == model.MailingDraft,
	}
	if m.MessageID != nil {
		in.MessageID = *m.MessageID
	}
	return in
}

func (in *Input) apply(m *model.Mailing) {
	m.Name, m.Audience, m.StartAt, m.Timezone, m.EndAt, m.Window = in.Name, in.Audience, in.StartAt, in.Timezone, in.EndAt, in.Window
	m.FromName, m.FromEmail, m.ReplyTo, m.TransportID = in.FromName, in.FromEmail, in.ReplyTo, in.TransportID
	m.RatePerMinute, m.LatePolicy, m.LateGraceMinutes = in.RatePerMinute, in.LatePolicy, in.LateGraceMinutes
	m.Repeat, m.RunMinutes = in.Repeat, in.RunMinutes
	m.InDoubtPolicy, m.TrackOpens, m.TrackClicks = in.InDoubtPolicy, in.TrackOpens, in.TrackClicks
	id := in.MessageID
	m.MessageID = &id
}

// Create saves a mailing of the viewer. Unless it is a draft it gets a run: at
// its start, or now when the start has come or is absent, and then sending
// begins at once. What breaks a rule is model.Invalid with all its fields.
func (s *Service) Create(ctx context.Context, v model.Viewer, in Input) (*model.Mailing, error) {
	m := &model.Mailing{OwnerID: v.UserID, Status: model.MailingDraft}
	var run *model.Run
	err := s.store.CreateMailing(ctx, m, func(t *store.MailingTx) error {
		run = nil
		if err := s.check(t, &in); err != nil {
			return err
		}
		in.apply(m)
		if !in.Draft {
			m.Status, m.StartAt = model.MailingScheduled, anchor(m.StartAt, m.Repeat, t.Now)
		}
		if err := s.sayEmpty(t); err != nil {
			return err
		}
		if err := t.Insert(); err != nil || in.Draft {
			return err
		}
		slot, err := firstSlot(m, t.Now)
		if err != nil {
			return err
		}
		if run, err = t.PlanRun(slot); err != nil {
			return err
		}
		if err := t.SaveStatus(); err != nil {
			return err
		}
		return auditPlan(t, run)
	})
	if err != nil {
		return nil, err
	}
	return s.launched(ctx, v, m, run)
}

// auditPlan records that a person gave a mailing a start: now, or at a time.
func auditPlan(t *store.MailingTx, run *model.Run) error {
	if !run.PlannedAt.After(t.Now) {
		return t.Audit(model.AuditMailingStarted, model.Details{"run_id": run.ID})
	}
	return t.Audit(model.AuditMailingScheduled, model.Details{"start_at": run.PlannedAt.UTC().Format(time.RFC3339)})
}

// sayEmpty notes that an audience matches nobody as things are. It is allowed:
// clients may come before the start.
func (s *Service) sayEmpty(t *store.MailingTx) error {
	some, err := t.AudienceMatches()
	if err != nil {
		return err
	}
	switch {
	case !some:
		t.Reason = model.ReasonEmptyAudience
	case t.Reason == model.ReasonEmptyAudience:
		t.Reason = ""
	}
	return nil
}

// later is the time asked for, or now when that has passed or is absent.
func later(at *time.Time, now time.Time) time.Time {
	if at == nil || at.Before(now) {
		return now
	}
	return *at
}

// launched starts a run whose time has come, hints the workers, and answers
// the mailing as it stands after it.
func (s *Service) launched(ctx context.Context, v model.Viewer, m *model.Mailing, run *model.Run) (*model.Mailing, error) {
	if run == nil {
		return s.store.Mailing(ctx, v, m.ID)
	}
	if !run.PlannedAt.After(time.Now().Add(time.Second)) {
		if _, err := s.begin(ctx, run.ID); err != nil {
			// it is committed and will be started by the sweep
			s.log.WarnContext(ctx, "a run was not started at once", "run_id", run.ID, "error", err)
		}
	}
	s.hint(ctx, func(ctx context.Context) error { return s.queue.Start(ctx, run.ID, run.PlannedAt) })
	return s.store.Mailing(ctx, v, m.ID)
}

func (s *Service) hint(ctx context.Context, send func(context.Context) error) {
	if s.queue == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), hintDeadline)
	defer cancel()
	if err := send(ctx); err != nil {
		s.log.DebugContext(ctx, "a hint was lost; the sweep will do", "error", err)
	}
}

// SendSoon hints that a kept system mail waits.
func (s *Service) SendSoon(ctx context.Context, mailID int64) {
	s.hint(ctx, func(ctx context.Context) error { return s.queue.Mail(ctx, mailID) })
}

// Update changes the settings of a mailing. change gets the present settings
// and may answer an error. While a run is live only the rate can be changed,
// else model.Conflict; a stale ifMatch is model.PreconditionFailed.
func (s *Service) Update(ctx context.Context, v model.Viewer, id int64, ifMatch model.IfMatch, change func(*Input) error) (*model.Mailing, error) {
	var run *model.Run
	m, err := s.store.ChangeMailing(ctx, v, id, ifMatch, func(t *store.MailingTx) error {
		run = nil
		before, planned := InputOf(t.Mailing), t.NextRunAt
		in := before
		if err := change(&in); err != nil {
			return err
		}
		if len(in.Breaches) == 0 && same(before, in) {
			return nil // nothing is asked: no new version
		}
		if t.Status.Live() {
			return s.changeLive(t, before, in)
		}
		if err := s.check(t, &in); err != nil {
			return err
		}
		if ended := t.Status == model.MailingFinished || t.Status == model.MailingCancelled; ended && !sameTime(before.StartAt, in.StartAt) {
			return model.E(model.Conflict, "a mailing that has ended cannot be given another start; start it again or duplicate it")
		}
		in.apply(t.Mailing)
		if err := s.sayEmpty(t); err != nil {
			return err
		}
		switch {
		case before.Draft && !in.Draft:
			t.Status = model.MailingScheduled
		case t.Status == model.MailingScheduled && in.Draft:
			t.Status = model.MailingDraft
			if err := t.DropPlannedRun(); err != nil {
				return err
			}
			if err := t.Audit(model.AuditMailingUnscheduled, nil); err != nil {
				return err
			}
		case in.Draft && !before.Draft:
			return model.E(model.Conflict, "a mailing that has ended cannot become a draft; duplicate it")
		}
		if t.Status == model.MailingScheduled {
			var err error
			if run, err = replan(t, before); err != nil {
				return err
			}
			if !sameTime(planned, &run.PlannedAt) {
				if err := auditPlan(t, run); err != nil {
					return err
				}
			}
		}
		return t.SaveSettings()
	})
	if err != nil {
		return nil, err
	}
	return s.launched(ctx, v, m, run)
}

// replan gives a scheduled mailing the run that its changed settings ask for.
func replan(t *store.MailingTx, before Input) (*model.Run, error) {
	if before.Repeat != nil && t.Repeat == nil && sameTime(before.StartAt, t.StartAt) && t.NextRunAt != nil {
		t.StartAt = t.NextRunAt // what was to repeat happens once more; its old start would be now
	}
	t.StartAt = anchor(t.StartAt, t.Repeat, t.Now)
	slot, err := movedSlot(t, before)
	if err != nil {
		return nil, err
	}
	if (before.Repeat == nil) != (t.Repeat == nil) {
		if err := t.DropPlannedRun(); err != nil {
			return nil, err
		}
	}
	return t.PlanRun(slot)
}

func (s *Service) changeLive(t *store.MailingTx, before, in Input) error {
	// what is wrong comes before what is not allowed now; settings that were
	// good when they were saved are not held against the person
	asked, old := in, before
	var breaches, known *model.Error
	if err := s.check(t, &old); err != nil && !errors.As(err, &known) {
		return err
	}
	if err := s.check(t, &asked); err != nil && !errors.As(err, &breaches) {
		return err
	}
	if breaches != nil {
		fresh := model.Fields(breaches.Fields)
		if known != nil {
			fresh = slices.DeleteFunc(fresh, func(f model.FieldError) bool { return slices.Contains(known.Fields, f) })
		}
		if err := fresh.Err(); err != nil {
			return err
		}
	}
	t.RatePerMinute = in.RatePerMinute
	in.RatePerMinute = before.RatePerMinute
	if !same(before, in) {
		return model.E(model.Conflict, "while a mailing runs only its rate can be changed")
	}
	r, err := t.LiveRun()
	if err != nil {
		return err
	}
	if r == nil {
		return errors.New("a live mailing has no live run")
	}
	if err := t.SetRate(r); err != nil {
		return err
	}
	return t.SaveSettings()
}

// Delete removes a mailing that never ran and archives one that did; its
// reports stay. While a run is live it is model.Conflict.
func (s *Service) Delete(ctx context.Context, v model.Viewer, id int64, ifMatch model.IfMatch) error {
	_, err := s.store.ChangeMailing(ctx, v, id, ifMatch, func(t *store.MailingTx) error {
		if t.Status.Live() {
			return model.E(model.Conflict, "a mailing cannot be deleted while it runs; cancel it first")
		}
		return t.Remove()
	})
	return err
}

// Duplicate makes a draft with the same settings and no time, for the viewer.
func (s *Service) Duplicate(ctx context.Context, v model.Viewer, id int64) (*model.Mailing, error) {
	// only what one may change: the copy refers to the owner's message and clients
	m, err := s.store.ChangeMailing(ctx, v, id, nil, func(*store.MailingTx) error { return nil })
	if err != nil {
		return nil, err
	}
	twin := *m
	twin.Status, twin.Reason, twin.LastAction, twin.NextRunAt, twin.LastRunID = model.MailingDraft, "", "", nil, nil
	twin.StartAt, twin.EndAt = nil, nil
	const suffix = " (copy)"
	name := []rune(m.Name)
	twin.Name = string(name[:min(len(name), maxName-len(suffix))]) + suffix
	err = s.store.CreateMailing(ctx, &twin, func(t *store.MailingTx) error { return t.Insert() })
	if err != nil {
		return nil, err
	}
	return s.store.Mailing(ctx, v, twin.ID)
}

// Audience counts an audience of an owner as it is now.
func (s *Service) Audience(ctx context.Context, ownerID int64, a model.Audience) (*store.AudienceCount, error) {
	var bad model.Fields
	checkAudience(&bad, a)
	if err := bad.Err(); err != nil {
		return nil, err
	}
	return s.store.CountAudience(ctx, ownerID, a)
}
