package main

import (
	"fmt"
	"syscall"
	"time"

	"github.com/postrider/postrider/pkg/failpoint"
)

var killRows = []row{
	{name: "kill -9 of a worker, 20 times", slow: true, play: func(c *scenario) {
		each(c, []bool{true, false}, func(witness bool) { killTwenty(c, witness) })
	}},
}

// killTwenty kills and restarts workers. With a witness, one of the two lives
// through it all and takes every chunk over in time. Without, none may live
// long enough to judge that another one is dead, so the time counts from the
// last kill.
func killTwenty(c *scenario, witness bool) {
	const kills, connections = 20, 10
	name := "any of two"
	if witness {
		name = "one of two"
	}
	n := c.count(12_000)
	w := c.newWorld(name, plan{clients: n, connections: connections, sink: []string{"--latency", "20ms"}})
	rng := c.random(name)
	workers := w.workers(2)
	m := w.mail(nil)
	type lease struct {
		begin time.Time
		ended chan time.Time
	}
	var leases []lease
	for k := range kills {
		w.sent(n * (k + 1) / (kills + 2))
		victim := 0
		if !witness {
			victim = rng.IntN(len(workers))
		}
		workers[victim].kill()
		leases = append(leases, lease{time.Now(), w.watchLeases(workers[victim])})
		workers[victim] = w.worker()
	}
	lastKill := leases[kills-1].begin
	var back time.Duration // the longest that chunks of a dead worker were held
	for _, l := range leases {
		if !witness {
			l.begin = lastKill
		}
		select {
		case end := <-l.ended:
			back = max(back, end.Sub(l.begin))
		case <-c.ctx.Done():
		}
	}
	w.until(3*time.Minute, m, "finished")
	r := w.audit(m, "finished")
	c.note("%s: in doubt %d, chunks back after %s at most", name, r.in("in_doubt"), seconds(back))
	c.want(r.figures.doubled == 0, "%s: mailed twice under hold", name)
	c.want(r.in("in_doubt") <= kills*connections, "%s: more than %d in doubt for each kill", name, connections)
	c.want(r.in("sent")+r.in("in_doubt") == n, "%s: neither sent nor in doubt: %v", name, r.Counts)
	c.want(back <= 30*time.Second, "%s: not all back within 30 s", name)
}

// watchLeases tells when a dead worker holds no chunk any more.
func (w *world) watchLeases(p *process) chan time.Time {
	ch := make(chan time.Time, 1)
	go func() {
		for w.ctx.Err() == nil {
			held := 0
			err := w.db.QueryRow("SELECT COUNT(*) FROM chunks c JOIN workers w ON w.id = c.worker_id WHERE w.pid = $1", p.pid()).Scan(&held)
			if err == nil && held == 0 {
				ch <- time.Now()
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	}()
	return ch
}

// dialect is how the server speaks, and so how many flights a mail has.
type dialect struct {
	name  string
	flags []string
}

var (
	oneFlight  = dialect{"one flight", nil}
	twoFlights = dialect{"two flights", []string{"--no-chunking"}}
	stepByStep = dialect{"step by step", []string{"--no-chunking", "--no-pipelining"}}
)

// place is a fail point and what the promise says of a death there with one
// connection; with several it says at most one for each.
type place struct {
	name        string
	dialects    []dialect
	least, most int  // in doubt; the answer of the mail before may be on its way to a commit
	taken       bool // whatever is in doubt was taken: the mail at this place cannot have been
	quick       bool
}

var places = []place{
	{"after_354", []dialect{twoFlights, stepByStep}, 0, 1, false, false},
	{"after_last_byte", []dialect{oneFlight, twoFlights, stepByStep}, 1, 1, false, false},
	{"after_250", []dialect{oneFlight, twoFlights, stepByStep}, 1, 1, true, true},
	{"before_commit", []dialect{oneFlight, twoFlights}, 0, 1, false, false},
	{"after_commit", []dialect{oneFlight, twoFlights}, 0, 1, false, false},
}

var failpointRows = func() (rows []row) {
	for _, p := range places {
		rows = append(rows, row{name: "kill -9 exactly " + p.name, quick: p.quick, play: func(c *scenario) { dieAt(c, p) }})
	}
	return rows
}()

// dieAt lets a worker die at a place, alone with one connection, where what is
// in doubt is exactly known, and with eight.
func dieAt(c *scenario, p place) {
	type variant struct {
		dialect
		connections int
	}
	var variants []variant
	for _, d := range p.dialects {
		variants = append(variants, variant{d, 1}, variant{d, 8})
	}
	each(c, variants, func(v variant) {
		name := fmt.Sprintf("%s %d", v.name, v.connections)
		n := c.count(150)
		w := c.newWorld(name, plan{clients: n, connections: v.connections, sink: v.flags})
		hit := 1 + c.random(name).IntN(n/2/v.connections) // a commit may hold a line of every connection
		victim := w.worker(fmt.Sprintf("%s=%s:%d", failpoint.Env, p.name, hit))
		m := w.mail(nil)
		w.poll(time.Minute, "death at hit "+fmt.Sprint(hit), victim.over)
		c.want(victim.killed(), "%s: it ended by %v", name, victim.cmd.ProcessState)
		next := w.worker()
		w.until(time.Minute, m, "finished")
		r := w.audit(m, "finished")
		c.note("%s: %d in doubt", name, r.in("in_doubt"))
		c.want(r.figures.doubled == 0, "%s: mailed twice", name)
		most := p.most
		if v.connections > 1 {
			most = v.connections
		}
		c.want(r.in("in_doubt") >= p.least && r.in("in_doubt") <= most, "%s: %d in doubt, and not %d to %d", name, r.in("in_doubt"), p.least, most)
		for _, d := range r.rows {
			c.want(!p.taken || v.connections > 1 || d.state != "in_doubt" || d.taken == 1, "%s: %s is in doubt and cannot have been sent", name, d.email)
		}
		c.want(r.in("sent")+r.in("in_doubt") == n, "%s: %v", name, r.Counts)
		code, _ := next.stop()
		c.want(code == 0, "%s: the next worker ended with %d", name, code)
	})
}

var processRows = []row{
	{name: "SIGSTOP longer than the lease, then SIGCONT", quick: true, play: func(c *scenario) {
		const connections = 10
		n := c.count(3000)
		w := c.newWorld("", plan{clients: n, connections: connections, sink: []string{"--latency", "40ms"}})
		sleeper := w.worker()
		w.worker()
		m := w.mail(nil)
		w.sent(n / 4)
		sleeper.signal(syscall.SIGSTOP)
		w.poll(40*time.Second, "takeover", func() bool {
			return w.number("SELECT COALESCE(SUM(in_doubt), 0) FROM chunks") > 0
		})
		c.sleep(time.Second) // its chunks are taken over one by one
		sleeper.signal(syscall.SIGCONT)
		w.until(2*time.Minute, m, "finished")
		// Who slept between its intent and its last octet lets the mail be and
		// has nothing to settle: that doubt stays, and the sink has no such mail.
		w.poll(30*time.Second, "answer that settles every doubt about a mail that was taken", func() bool {
			for _, d := range w.deliveries(*m.LastRunID) {
				if d.state == "in_doubt" && d.taken > 0 {
					return false
				}
			}
			return true
		})
		r := w.audit(m, "finished")
		settled := w.number("SELECT COUNT(*) FROM attempts a JOIN attempts b ON b.delivery_id = a.delivery_id AND b.number = a.number + 1" +
			" WHERE a.outcome = 'in_doubt' AND b.outcome = 'sent'")
		c.note("doubts settled by late answers %d, left %d", settled, r.in("in_doubt"))
		c.want(settled > 0, "no late answer settled a doubt")
		c.want(r.figures.doubled == 0, "mailed twice under hold")
		c.want(r.in("sent")+r.in("in_doubt") == n && settled+r.in("in_doubt") <= connections, "%v", r.Counts)
	}},
	{name: "SIGTERM while sending", play: func(c *scenario) {
		n := c.count(2000)
		w := c.newWorld("", plan{clients: n, script: "at body chance 1% do wait 6s", sink: []string{"--latency", "20ms"}})
		workers := w.workers(2)
		m := w.mail(nil)
		w.sent(n / 4)
		code, took := workers[0].stop()
		w.until(2*time.Minute, m, "finished")
		r := w.audit(m, "finished")
		c.note("exit %d after %s, in doubt %d", code, seconds(took), r.in("in_doubt"))
		c.want(code == 0 && took <= 30*time.Second, "it did not end in order within 30 s")
		c.want(r.in("in_doubt") == 0 && r.in("sent") == n, "%v", r.Counts)
		c.want(r.figures.doubled == 0, "mailed twice")
	}},
	{name: "4 workers and sweeps start one run at the same second", play: func(c *scenario) {
		n := c.count(3000)
		w := c.newWorld("", plan{clients: n})
		w.workers(4)
		at := time.Now().Add(6 * time.Second).Truncate(time.Second)
		m := w.mail(map[string]any{"start_at": at.Format(time.RFC3339Nano)})
		w.until(time.Minute, m, "finished")
		r := w.audit(m, "finished")
		runs := w.number("SELECT COUNT(*) FROM runs")
		first := w.first().Sub(at)
		c.note("runs %d, first mail after %d ms", runs, first.Milliseconds())
		c.want(runs == 1, "more than one run")
		c.want(first >= 0 && !r.StartedAt.Before(at), "it began early")
		c.want(r.figures.doubled == 0 && r.in("sent") == n, "%v", r.Counts)
	}},
}

// first is when the first mail was taken.
func (w *world) first() time.Time {
	all := w.takings()
	if len(all) == 0 {
		panic(ended{fmt.Errorf("nothing was taken")})
	}
	return all[0].at
}
