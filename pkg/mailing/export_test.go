package mailing

import (
	"context"
	"log/slog"
	"time"

	"github.com/postrider/postrider/pkg/store"
	"github.com/postrider/postrider/pkg/template"
)

// Bodies renders a message as the sender does.
func Bodies(subject, html, text string, vars template.Vars) (htmlPart, textPart string, err error) {
	c, err := parse(subject, html, text)
	if err != nil {
		return "", "", err
	}
	out, err := c.render(vars)
	return out.HTML, out.Text, err
}

// Turns is the line of the runs of a way out.
type Turns = turns

// The line, as its pumps and those who bring work use it.
var (
	NewTurns  = newTurns
	TurnsAdd  = (*turns).add
	TurnsMore = (*turns).again
	TurnsNext = (*turns).next
	TurnsDone = (*turns).done
	TurnsStop = (*turns).stop
)

// MaxPumps is how many pumps a run may have at a way out.
const MaxPumps = maxPumps

// CheckBooks and Tidy do now what a worker does now and then.
func (e *Engine) CheckBooks(ctx context.Context) error { return e.checkBooks(ctx) }
func (e *Engine) Tidy(ctx context.Context) error       { return e.tidy(ctx) }

// Ledger is the ledger by itself, as tests of its queue need it.
type Ledger struct{ *ledger }

func NewLedger(st *store.Store) Ledger { return Ledger{newLedger(st, slog.New(slog.DiscardHandler))} }

func (l Ledger) Intent(c *store.Claim, id int64) error {
	return l.NewIntent(c, id).Wait(context.Background(), nil)
}

func (l Ledger) Outcome(c *store.Claim, id int64, o *store.Outcome, done func()) {
	l.outcome(c, id, o, done)
}

// NewIntent asks for nothing yet.
func (l Ledger) NewIntent(c *store.Claim, id int64) Intent {
	return &intent{seat: &seat{ledger: l.ledger}, claim: c, deliveryID: id}
}

// Queued is how many lines wait to be gathered.
func (l Ledger) Queued() int { return len(l.in) }

// Sender waits for one intent after the other, until it has no more work.
type Sender struct{ seat }

func (l Ledger) NewSender() *Sender { return &Sender{seat{ledger: l.ledger}} }
func (s *Sender) Wait() error {
	return (&intent{seat: &s.seat}).Wait(context.Background(), nil)
}
func (s *Sender) Rest() { s.back() }

// Settle tells a result what became of an intent that was not waited for.
func Settle(i Intent, res Result) Result { return i.(*intent).settle(res) }

// Gather answers how many lines would be committed together, and grants them as
// a commit that took so long.
func (l Ledger) Gather(late <-chan time.Time, took time.Duration) int {
	group := l.gather(<-l.in, late)
	l.landed(group, make([]store.Verdict, len(group)), took)
	return len(group)
}

// Run writes until the answered function is called.
func (l Ledger) Run() (stop func()) {
	go l.run(context.Background())
	return func() {
		close(l.in)
		<-l.over
	}
}
