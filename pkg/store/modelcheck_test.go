package store_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/model"
)

// This is the life of one delivery in one run, with two workers that may die
// or sleep at any step, the sweep, a person and a server: small enough to walk
// through all of it. TestEveryInterleavingKeepsThePromises does, and
// TestTheStoreIsTheModel (modelreplay_test.go) plays the same steps on the real
// store, so that this and the SQL cannot part.

// phase is what one worker does with the delivery.
type phase uint8

const (
	idle     phase = iota
	holding        // it has a claim and nothing on the wire
	granted        // the intent is committed; the last byte has not left
	onWire         // the last byte has left
	tookIt         // the server said yes; the outcome is to be written. The last four are answers, too
	refused        // it said never
	later          // it said not now
	lost           // the connection broke after the last byte
	unsentIt       // or before it
)

// hand is one worker as far as this delivery is concerned.
type hand struct {
	phase  phase
	dead   bool // the process is gone, and nobody knows yet
	leased bool // the database says that it holds a chunk
	old    bool // of its claim: the delivery has moved to another chunk since
	saw    bool // possible_duplicate, as it read the row
}

// life is all that matters. owner is whose claim the token of the row is: 1 or 2,
// 0 for none, 3 for one that nobody has any more.
type life struct {
	state      model.DeliveryState
	owner      uint8
	twice      bool // possible_duplicate
	resolved   bool
	done       bool // its chunk has nothing to send
	run        model.RunStatus
	suppressed bool
	deadline   bool
	accepted   uint8 // how often the server took it
	taken      bool  // it took what the last intent was for
	hands      [2]hand
}

// step is one thing that happens: who is 0 or 1 for a worker.
type step struct {
	what string
	who  int
}

func (s step) String() string { return fmt.Sprintf("%s/%d", s.what, s.who+1) }

// edge is a step and what it makes.
type edge struct {
	by step
	to life
}

// rules is one policy's world.
type rules struct{ policy model.InDoubtPolicy }

func (r rules) begin() life {
	return life{state: model.Pending, run: model.RunRunning}
}

// held reports whether somebody holds the chunk that the delivery is in.
func (l *life) held() bool {
	for _, h := range l.hands {
		if h.leased && !h.old {
			return true
		}
	}
	return false
}

func (l *life) leased() bool { return l.hands[0].leased || l.hands[1].leased }

// free gives the chunk back: what is left between intent and outcome is in
// doubt, or to be repeated, once.
func (r rules) free(l *life, who int) {
	h := &l.hands[who]
	if !h.old {
		if l.state == model.Sending {
			if l.state = model.InDoubt; r.policy == model.ResendInDoubt && !l.twice {
				l.state, l.twice = model.Pending, true
			}
		}
		l.done = l.state != model.Pending && l.state != model.Sending
	}
	h.leased = false
}

func (l *life) forget(who int) {
	if l.owner == uint8(who+1) {
		l.owner = 3
	}
	l.hands[who].phase, l.hands[who].old, l.hands[who].saw = idle, false, false
}

// next is everything that can happen now, and what it makes of l.
func (r rules) next(l life) (out []edge) {
	for who := range l.hands {
		out = r.worker(l, who, out)
	}
	do := func(what string, change func(n *life)) {
		n := l
		change(&n)
		out = append(out, edge{step{what, 0}, n})
	}
	over := l.run.Over()
	waits := l.state == model.Pending || l.state == model.Deferred
	switch l.run {
	case model.RunRunning:
		do("pause", func(n *life) { n.run = model.RunPausing })
		do("cancel", func(n *life) { n.run = model.RunCancelling })
	case model.RunPausing:
		do("cancel", func(n *life) { n.run = model.RunCancelling })
	case model.RunPaused:
		do("resume", func(n *life) { n.run = model.RunRunning })
		do("cancel", func(n *life) { n.run = model.RunCancelling })
	}
	if !l.suppressed {
		do("unsubscribe", func(n *life) {
			n.suppressed = true
			if waits && !over {
				n.state = model.Skipped
			}
		})
	}
	if !l.deadline && !over {
		do("deadline", func(n *life) { n.deadline = true })
	}
	if l.state == model.InDoubt {
		do("resolve sent", func(n *life) { n.state, n.resolved = model.Sent, true })
		do("resolve failed", func(n *life) { n.state, n.resolved = model.Failed, true })
	}
	if over {
		return out
	}
	do("close", func(n *life) {
		switch {
		case l.held() || !waits:
			return
		case l.run == model.RunCancelling:
			n.state = model.Cancelled
		case l.deadline:
			n.state = model.Expired
		default:
			return
		}
		n.done = n.done || l.state == model.Pending
	})
	do("settle", func(n *life) {
		switch {
		case l.leased():
		case !l.state.Open() && l.run == model.RunCancelling:
			n.run = model.RunCancelled
		case !l.state.Open():
			n.run = model.RunFinished
		case l.run == model.RunPausing:
			n.run = model.RunPaused
		}
	})
	if l.state == model.Deferred && l.run == model.RunRunning {
		do("due", func(n *life) {
			n.state, n.done = model.Pending, false
			for i := range n.hands {
				n.hands[i].old = n.hands[i].leased || n.hands[i].phase != idle
			}
		})
	}
	return out
}

// worker is what one of them, the server it talks to and its death can do.
func (r rules) worker(l life, who int, out []edge) []edge {
	h := l.hands[who]
	do := func(what string, change func(n *life, h *hand)) {
		n := l
		change(&n, &n.hands[who])
		out = append(out, edge{step{what, who}, n})
	}
	if h.leased {
		// by the sweep: the worker is dead, or was silent for too long
		do("bury", func(n *life, h *hand) {
			r.free(n, who)
			if h.dead {
				n.forget(who)
			}
			h.dead = false
		})
	}
	if h.dead {
		if !h.leased {
			do("restart", func(_ *life, h *hand) { h.dead = false })
		}
		return out
	}
	die := func(n *life, h *hand) {
		n.forget(who)
		h.dead, h.old = true, l.hands[who].old && l.hands[who].leased
	}
	if h.phase != idle {
		do("crash", die)
	}
	if h.phase == holding && !h.leased {
		do("give up", func(n *life, _ *hand) { n.forget(who) }) // it was told that its claim is lost
	}
	to := func(p phase) func(*life, *hand) { return func(_ *life, h *hand) { h.phase = p } }
	switch h.phase {
	case idle:
		if h.leased {
			return out // its claim is one that a crash has left
		}
		do("claim", func(n *life, h *hand) {
			if l.run == model.RunRunning && !l.deadline && !l.done && !l.held() {
				n.forget(who)
				*h = hand{phase: holding, leased: true, saw: l.twice}
			}
		})
	case holding:
		do("intent", func(n *life, h *hand) {
			if h.leased && !h.old && l.run == model.RunRunning && l.state == model.Pending && !l.suppressed {
				n.state, n.owner, n.taken, h.phase, h.saw = model.Sending, uint8(who+1), false, granted, l.twice
			}
		})
		early := func(state model.DeliveryState) func(*life, *hand) {
			return func(n *life, h *hand) { // an outcome without an intent
				if h.leased && !h.old && l.state == model.Pending {
					n.state, n.owner = state, uint8(who+1)
				}
			}
		}
		do("rcpt later", early(model.Deferred))
		do("rcpt refused", early(model.Failed))
		if h.leased {
			do("release", func(n *life, _ *hand) {
				r.free(n, who)
				n.forget(who)
			})
		}
	case granted:
		do("last byte", to(onWire))
		do("broken before", to(unsentIt))
	case onWire:
		take := func(p phase) func(*life, *hand) {
			return func(n *life, h *hand) {
				n.accepted, n.taken, h.phase = n.accepted+1, n.taken || l.owner == uint8(who+1), p
			}
		}
		do("accepts", take(tookIt))
		do("accepts, answer lost", take(lost))
		do("answer lost", to(lost))
		do("refuses", to(refused))
		do("says later", to(later))
		do("accepts, crash", func(n *life, h *hand) { take(lost)(n, h); die(n, h) })
	default:
		do("outcome", func(n *life, h *hand) { r.outcome(n, who, h) })
	}
	return out
}

// outcome writes what the worker knows, as the ledger does.
func (r rules) outcome(n *life, who int, h *hand) {
	to, repeat := model.Pending, false
	switch h.phase {
	case tookIt:
		to = model.Sent
	case refused:
		to = model.Failed
	case later:
		to = model.Deferred
	case lost:
		if to = model.InDoubt; r.policy == model.ResendInDoubt && !h.saw {
			to, repeat = model.Pending, true
		}
	}
	mine := n.owner == uint8(who+1)
	switch {
	case h.leased:
		if !h.old && mine && n.state == model.Sending {
			n.state, n.twice = to, n.twice || repeat
		}
	case !mine || to == model.Pending || to == model.InDoubt:
	case n.state == model.InDoubt:
		if to == model.Deferred && n.run.Over() {
			to = model.Failed
		}
		n.state = to
	case n.state == model.Pending && n.twice && !h.old && to != model.Deferred:
		n.state, n.twice = to, false
	}
	h.phase = holding
	if !h.leased {
		n.forget(who)
	}
}

// broken says which promise a state or a step to it breaks, "" for none.
func (r rules) broken(from, to life) string {
	open := to.state.Open()
	switch {
	case from.state != to.state && !from.state.CanBecome(to.state):
		return fmt.Sprintf("%s became %s", from.state, to.state)
	case from.state == model.Sent && to.state != model.Sent:
		return "sent was left"
	case to.accepted > from.accepted && to.accepted > 1 && (r.policy == model.HoldInDoubt || !to.twice):
		return "mailed twice, and nobody knows"
	case to.accepted > 2:
		return "mailed three times"
	case to.state == model.Sent && to.accepted == 0 && !to.resolved:
		return "sent, and nobody took it"
	case to.accepted > 0 && !to.twice && !to.resolved && to.state != model.Sending && to.state != model.InDoubt && to.state != model.Sent:
		return fmt.Sprintf("taken, and %s", to.state)
	case from.state == model.InDoubt && from.taken && !to.resolved && (to.state == model.Failed || to.state == model.Deferred):
		return fmt.Sprintf("a doubt about what was taken became %s", to.state)
	case to.run.Over() && open:
		return "the run is over and it is open"
	case (to.run.Over() || to.run == model.RunPaused) && to.leased():
		return fmt.Sprintf("%s, and a chunk is held", to.run)
	case from.suppressed && from.state != model.Sending && to.state == model.Sending:
		return "an intent after the unsubscription"
	case from.run != model.RunRunning && from.state != model.Sending && to.state == model.Sending:
		return "an intent of a run that does not run"
	}
	return ""
}

// plain is the one of a state and its mirror, in which the workers have changed
// places, that stands for both.
func (l life) plain() life {
	rank := func(h hand) (n int) {
		for _, b := range []bool{h.dead, h.leased, h.old, h.saw} {
			n *= 2
			if b {
				n++
			}
		}
		return n*16 + int(h.phase)
	}
	a, b := rank(l.hands[0]), rank(l.hands[1])
	if a < b || a == b && l.owner == 2 {
		l.hands[0], l.hands[1] = l.hands[1], l.hands[0]
		if l.owner == 1 || l.owner == 2 {
			l.owner = 3 - l.owner
		}
	}
	return l
}

// explored is all there is of a world: how each state is reached first, in the
// order of the steps it takes, and what breaks a promise.
type explored struct {
	rules  rules
	ways   map[life]walked
	order  []life
	broken string
}

// walked is how a state is reached.
type walked struct {
	from life
	by   step
}

// worlds are explored once for all tests.
var worlds = map[model.InDoubtPolicy]func() *explored{
	model.HoldInDoubt:   sync.OnceValue(rules{model.HoldInDoubt}.explore),
	model.ResendInDoubt: sync.OnceValue(rules{model.ResendInDoubt}.explore),
}

// explore goes through all there is, breadth first, up to a broken promise.
func (r rules) explore() *explored {
	x := &explored{rules: r, ways: map[life]walked{r.begin(): {}}, order: []life{r.begin()}}
	for i := 0; i < len(x.order); i++ {
		from := x.order[i]
		for _, e := range r.next(from) {
			if why := r.broken(from, e.to); why != "" {
				x.broken = fmt.Sprintf("%s: %s, then %s\n%+v\n%+v", why, x.way(from), e.by, from, e.to)
				return x
			}
			if to := e.to.plain(); x.ways[to] == (walked{}) && to != x.order[0] {
				x.ways[to] = walked{from, e.by}
				x.order = append(x.order, to)
			}
		}
	}
	return x
}

// way is the shortest way to a state.
func (x *explored) way(to life) []step {
	var steps []step
	for to != x.order[0] {
		w := x.ways[to]
		steps, to = append(steps, w.by), w.from
	}
	slices.Reverse(steps)
	return steps
}

// endless is a state from which the work of workers and the sweep alone leads
// to no end, also when a pause is over; nil when there is none.
func (x *explored) endless() *life {
	back := map[life][]life{}
	for _, from := range x.order {
		for _, e := range x.rules.next(from) {
			switch e.by.what { // an end must come without these
			case "pause", "cancel", "deadline", "unsubscribe", "resolve sent", "resolve failed":
			default:
				to := e.to.plain()
				back[to] = append(back[to], from)
			}
		}
	}
	ends := map[life]bool{}
	var todo []life
	for _, l := range x.order {
		if l.run.Over() && !l.state.Open() {
			ends[l], todo = true, append(todo, l)
		}
	}
	for len(todo) > 0 {
		l := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, from := range back[l] {
			if !ends[from] {
				ends[from], todo = true, append(todo, from)
			}
		}
	}
	for i, l := range x.order {
		if !ends[l] {
			return &x.order[i]
		}
	}
	return nil
}

func TestEveryInterleavingKeepsThePromises(t *testing.T) {
	t.Parallel()
	for policy, world := range worlds {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			x := world()
			require.Empty(t, x.broken)
			if l := x.endless(); l != nil {
				t.Fatalf("no end is in sight: %s\n%+v", x.way(*l), *l)
			}
			t.Logf("%s: %d states walked", policy, len(x.order))
		})
	}
}
