package mailing

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// sender is one connection's worth of work.
type sender struct {
	line Line
	seat *seat

	// The job whose mail is next. The sender has it, until it answers that it is
	// at work on it, or somebody takes it.
	next atomic.Pointer[job]
	seen *job // by takeBack
}

// serve sends what comes, until nothing comes any more.
func (e *Engine) serve(w *way, s *sender) {
	for {
		w.free.Add(1)
		j, open := <-w.jobs
		w.free.Add(-1)
		if !open {
			return
		}
		if !e.load(j) {
			j = nil
		}
		for j != nil {
			j = e.sendOne(s, j)
		}
		s.seat.back()
	}
}

// answerPatience is how long a mail stands behind one that is not answered,
// while others could send it, at most. Most stand there for half of it at least.
const answerPatience = 2 * time.Second

// takeBack gives the mails that stand behind one that is not answered to senders
// that have nothing to do: the answer may take minutes, and its run may be
// another one. Where no new mail may begin any more, or none of their run, they
// are given up.
func (e *Engine) takeBack(w *way, senders []*sender) {
	tick := time.NewTicker(answerPatience / 2)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-w.over:
			return
		}
		why, _ := w.shut(time.Now())
		ends := why == closed || e.draining()
		for _, s := range senders {
			j := s.next.Load()
			waits := j != nil && (j == s.seen && w.free.Load() > 0 || j.isHalted())
			if j != nil && (ends || waits) && s.next.CompareAndSwap(j, nil) {
				go e.handOver(j)
				j = nil
			}
			s.seen = j
		}
	}
}

// handOver gives a job to a sender that is free. The job ends here if none may
// begin with it any more.
func (e *Engine) handOver(j *job) (given bool) {
	select {
	case j.way.jobs <- j:
		return true
	case <-j.way.gone:
	case <-j.live.Done():
	case <-e.drain:
	}
	j.wires.Done()
	return false
}

// load makes the mail of a job. It reports whether there is one to send; else
// the job is done with.
func (e *Engine) load(j *job) (loaded bool) {
	loaded, broken := e.compose(j)
	if broken != nil {
		e.skip(j, broken)
	}
	if !loaded {
		j.wires.Done()
	}
	return loaded
}

// compose makes the mail of a job, if it may leave. An error says that there is
// none for this recipient.
func (e *Engine) compose(j *job) (made bool, err error) {
	defer func() {
		if fault := recover(); fault != nil { // one mail must not end the process
			made, err = false, fmt.Errorf("panic: %v\n%s", fault, debug.Stack())
		}
	}()
	if !e.mayLeave(j) {
		return false, nil
	}
	j.mail, err = e.mail(j.letter, recipient{
		deliveryID: j.row.ID, firstID: j.row.FirstID, linkID: j.row.LinkID, email: j.row.Email,
		name: j.row.FullName, locale: j.row.Locale, attributes: j.row.Attributes,
	})
	return err == nil, err
}

// skip settles a job whose mail cannot be made.
func (e *Engine) skip(j *job, why error) {
	e.log.Warn("a mail cannot be made", "run_id", j.RunID, "delivery_id", j.row.ID, "error", why)
	if err := e.store.Skip(e.last, j.Claim, map[int64]string{j.row.ID: model.SkippedRenderError}); err != nil {
		j.failed.Store(true)
	}
}

// mayLeave looks at what may have changed since a job was handed over.
func (e *Engine) mayLeave(j *job) bool {
	if j.stop.Load() || j.ended(e.now()) {
		return false
	}
	if why, _ := j.way.shut(time.Now()); why != "" {
		j.failed.Store(true) // it stays pending
		return false
	}
	return true
}

// survive is deferred: one mail must not end the process. It stays pending, or
// says sending until its chunk is given back when it may be complete, and is not
// tried for ever.
func (e *Engine) survive(j *job, leave *intent) {
	fault := recover()
	if fault == nil {
		return
	}
	e.log.Error("a mail could not be sent", "run_id", j.RunID, "delivery_id", j.row.ID, "fault", fault, "stack", string(debug.Stack()))
	j.failed.Store(true)
	if leave.giveUp() {
		e.takeBackIntent(j)
	}
	if d := j.streak.harm(j.row.ID, func(d *damage) { d.panics++ }); d.panics >= abortsToDefer {
		j.streak.forget(j.row.ID)
		e.skip(j, fmt.Errorf("panic: %v", fault))
	}
}

// takeBackIntent waits until a row is pending again of which nothing has left.
func (e *Engine) takeBackIntent(j *job) {
	e.counts[slices.Index(Outcomes, model.OutcomeAborted)].Add(1)
	done, now := make(chan struct{}), time.Now().UTC()
	e.ledger.outcome(j.Claim, j.row.ID, &store.Outcome{To: model.Pending, Intended: true, Attempt: model.Attempt{
		StartedAt: now, FinishedAt: now, Outcome: model.OutcomeAborted, Phase: model.PhaseData,
		Response: "not sent: a fault of this program", Transport: j.way.Name(),
	}}, func() { close(done) })
	<-done
}

// sendOne makes the attempt of a job whose mail is made, and answers the one
// that is next by then, when there is one.
func (e *Engine) sendOne(s *sender, j *job) (next *job) {
	defer j.wires.Done()
	defer j.mail.free()
	if !e.mayLeave(j) || !j.open(e.now()) { // while the mail before it was on its way
		s.line.Drop()
		return nil
	}
	var following, broken *job
	var why error
	defer func() {
		if broken != nil { // settled now, as no intent must wait for it
			e.skip(broken, why)
			broken.wires.Done()
		}
		if next = s.next.Swap(nil); next == nil && following != nil {
			s.line.Drop() // another sender has it
		}
	}()
	leave := &intent{seat: s.seat, claim: j.Claim, deliveryID: j.row.ID}
	defer e.survive(j, leave)
	res, ok := e.sendBy(j.live, j.way, s.line, j.mail, leave, func() *Mail {
		var f *job
		select {
		case f = <-j.way.jobs: // nil when they have ended
		default:
		}
		if f == nil {
			return nil
		}
		made, err := e.compose(f)
		switch {
		case err != nil:
			broken, why = f, err
			return nil
		case !made:
			f.wires.Done()
			return nil
		}
		mail := f.mail
		following = f
		s.next.Store(f)
		if f.streak.suspects(&f.row) {
			return nil // what it does to the connection must not be done to the mail before it
		}
		return mail
	})
	if !ok {
		j.failed.Store(true) // it stays pending
		return nil
	}
	res = leave.settle(res)
	e.settle(j, res, leave.refusal)
	return nil
}

// settle turns the result of an attempt into an outcome of the ledger, and
// into what it says about the run and the way out.
func (e *Engine) settle(j *job, res Result, refusal error) {
	poisons, works := e.poisons(j, res)
	switch {
	case poisons:
		res.Outcome = model.OutcomeDeferred // with no answer
	case res.Outcome != model.OutcomeAborted:
		j.streak.forget(j.row.ID)
	}
	e.counts[slices.Index(Outcomes, res.Outcome)].Add(1)
	if res.Outcome == model.OutcomeSent || res.Outcome == model.OutcomeInDoubt {
		j.quota.spent.Add(1)
	}
	o := &store.Outcome{Intended: res.Intended, Attempt: model.Attempt{
		StartedAt: res.StartedAt, FinishedAt: res.FinishedAt, Outcome: res.Outcome, Code: res.Code,
		Enhanced: res.Enhanced, Response: res.Response, Phase: res.Phase, Transport: j.way.Name(),
	}}
	switch res.Outcome {
	case model.OutcomeSent:
		o.To = model.Sent
	case model.OutcomeInDoubt:
		o.To = model.InDoubt
		if j.Run.InDoubtPolicy == model.ResendInDoubt && !j.row.PossibleDuplicate {
			o.To, o.Repeat = model.Pending, true
		}
	case model.OutcomeDeferred:
		e.deferred(j, o)
	case model.OutcomeFailed:
		o.To = model.Failed
	case model.OutcomeAborted:
		o.To = model.Pending
		if !e.aborted(j, o, res, refusal) {
			return
		}
	}
	if !poisons || !works {
		e.reached(j, res)
	}
	if res.Outcome == model.OutcomeFailed {
		e.refused(j, o, res.Class == ClassPolicy)
		return
	}
	switch {
	case res.Outcome == model.OutcomeSent: // the server takes mail, so what it refused it meant
		e.believe(j.batch, true)
	case res.Outcome == model.OutcomeDeferred && res.Class == ClassRecipient:
		e.believe(j.batch, false)
	}
	e.record(j, o)
}

func (e *Engine) record(j *job, o *store.Outcome) {
	j.acks.Add(1)
	e.ledger.outcome(j.Claim, j.row.ID, o, j.acks.Done)
}

func (e *Engine) deferred(j *job, o *store.Outcome) {
	now := e.now()
	if j.row.FirstDeferredAt != nil && now.Sub(*j.row.FirstDeferredAt) > giveUpAfter {
		o.To = model.Failed
		return
	}
	next := now.Add(backoff(j.row.Deferrals))
	o.To, o.NextAt = model.Deferred, &next
}

// aborted looks at an attempt that certainly did not send. It reports whether
// the attempt is to be recorded: it is when the server took part in it.
func (e *Engine) aborted(j *job, o *store.Outcome, res Result, refusal error) bool {
	switch res.Class {
	case ClassIntent:
		if errors.Is(refusal, errRefused) {
			return false
		}
		// it may have been written: by a commit whose answer was lost, or later
		j.stop.Store(j.stop.Load() || errors.Is(refusal, errStopped))
		j.failed.Store(true)
		o.Intended = true
		return true
	case ClassInterrupt:
		j.failed.Store(true)
		return res.Intended
	}
	j.failed.Store(true)
	switch res.Phase {
	case model.PhaseConnect, model.PhaseEHLO, model.PhaseTLS, model.PhaseAuth:
		if !res.Intended {
			e.reached(j, res)
		}
		return res.Intended
	}
	return true
}

// reached keeps account of the way out: what says that the server is there,
// and what says that it is not or does not want us.
func (e *Engine) reached(j *job, res Result) {
	switch res.Class {
	case ClassConnection:
		e.troubled(j.way, res)
	case ClassAuth:
		e.troubled(j.way, res)
		if w, reason, _ := e.route(j.Run.TransportID); w == nil && reason == model.ReasonSMTPAuth {
			e.pause(j, reason)
		}
	case ClassSender:
		if j.streak.sender.Add(1) >= 3 {
			e.pause(j, model.ReasonSenderRejected)
		}
	case ClassTooLarge:
		e.pause(j, model.ReasonMessageTooLarge)
	case ClassIntent, ClassInterrupt:
	default:
		e.worked(j.way)
		j.streak.sender.Store(0)
		e.goesOn(j.batch, model.ReasonTransportDown, model.ReasonSMTPAuth, model.ReasonTransportLimit, model.ReasonNoTransport)
	}
}

func (e *Engine) pause(j *job, reason string) {
	if j.stop.Swap(true) {
		return
	}
	e.log.Error("the run is paused", "run_id", j.RunID, "mailing_id", j.Run.MailingID, "reason", reason)
	if err := e.store.PauseRun(e.last, j.RunID, reason); err != nil {
		e.log.Warn("the run could not be paused", "run_id", j.RunID, "error", err)
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if r := e.runs[j.RunID]; r != nil && r.streak == j.streak { // it may be resumed before all its chunks are given back
		r.streak = r.streak.kept()
	}
}
