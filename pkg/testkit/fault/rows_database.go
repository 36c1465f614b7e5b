package main

import (
	"sync"
	"time"
)

var databaseRows = []row{
	{name: "PostgreSQL -m immediate, 5 times", play: func(c *scenario) {
		w, m, workers, done := c.withDatabase(5000)
		n := w.clients
		rng := c.random("pauses")
		for k := range 5 {
			w.sent(n * (k + 1) / 7)
			w.must(w.postgres.Stop("immediate"), "stop PostgreSQL")
			c.sleep(time.Duration(200+rng.IntN(1500)) * time.Millisecond)
			w.must(w.postgres.Start(), "start PostgreSQL")
		}
		w.databaseWasAway(m, workers, done)
	}},
	{name: "PostgreSQL down for 60 s", slow: true, play: func(c *scenario) {
		w, m, workers, done := c.withDatabase(4000)
		w.sent(w.clients / 3)
		w.must(w.postgres.Stop("immediate"), "stop PostgreSQL")
		c.sleep(60 * time.Second)
		w.must(w.postgres.Start(), "start PostgreSQL")
		w.databaseWasAway(m, workers, done)
	}},
}

// withDatabase is a world with a PostgreSQL of its own, that sends, and whose
// API is asked all the time until done is called.
func (c *scenario) withDatabase(clients int) (w *world, m *mailing, workers []*process, done func()) {
	w = c.newWorld("", plan{clients: c.count(clients), own: true, sink: []string{"--latency", "20ms"}})
	workers = w.workers(2)
	m = w.mail(nil)
	return w, m, workers, w.askAllTheTime()
}

// askAllTheTime reads and writes by the API until the function it answers is
// called.
func (w *world) askAllTheTime() (done func()) {
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for _, path := range []string{"/clients?limit=1", "/reports?limit=1", "/me"} {
		wg.Go(func() {
			for {
				_, _, _ = w.call("GET", path, nil)
				_, _, _ = w.call("PATCH", "/me", map[string]any{"full_name": "Anna"})
				select {
				case <-stop:
					return
				case <-w.ctx.Done():
					return
				case <-time.After(50 * time.Millisecond):
				}
			}
		})
	}
	return func() {
		close(stop)
		wg.Wait()
	}
}

// databaseWasAway waits for the end and holds what is demanded of an outage.
func (w *world) databaseWasAway(m *mailing, workers []*process, done func()) {
	w.until(3*time.Minute, m, "finished")
	done()
	r := w.audit(m, "finished")
	bad, unavailable := w.badAnswers()
	w.note("in doubt %d, API 503 %d times, other 5xx %d times", r.in("in_doubt"), unavailable, bad)
	w.want(bad == 0, "the API answered 5xx other than 503")
	w.want(unavailable > 0, "the API never said 503: the outage was not felt")
	w.want(r.in("in_doubt") == 0 && r.in("sent") == w.clients, "an outcome in flight did not land: %v", r.Counts)
	w.want(r.figures.doubled == 0, "mailed twice")
	w.alive(workers)
}
