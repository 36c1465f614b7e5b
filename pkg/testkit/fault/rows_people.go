package main

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

// peopleRows are what people do while a mailing is sent.
var peopleRows = []row{
	{name: "pause and resume 10 times fast", play: func(c *scenario) {
		const connections, workers = 10, 2
		n := c.count(6000)
		w := c.newWorld("", plan{clients: n, connections: connections, sink: []string{"--latency", "20ms"}})
		w.workers(workers)
		m := w.mail(nil)
		worst := 0
		for k := range 10 {
			w.sent(n * (k + 1) / 12)
			asked := w.act(m, "pause")
			w.until(time.Minute, m, "paused")
			paused := time.Now()
			c.sleep(300 * time.Millisecond)
			c.want(w.after(paused) == 0, "a mail left a paused mailing")
			worst = max(worst, w.after(asked))
			w.act(m, "resume")
		}
		w.until(2*time.Minute, m, "finished")
		r := w.audit(m, "finished")
		c.note("at most %d after the answer, %d connections", worst, connections*workers)
		c.want(worst <= connections*workers, "more than one mail per connection after the answer")
		c.want(r.in("sent") == n && r.figures.doubled == 0, "%v", r.Counts)
	}},
	{name: "cancel at half", quick: true, play: func(c *scenario) {
		const connections, workers = 10, 2
		n := c.count(3000)
		w := c.newWorld("", plan{clients: n, connections: connections, sink: []string{"--latency", "20ms"}})
		w.workers(workers)
		m := w.mail(nil)
		w.sent(n / 2)
		asked := w.act(m, "cancel")
		w.until(time.Minute, m, "cancelled")
		cancelled := time.Now()
		c.sleep(500 * time.Millisecond)
		r := w.audit(m, "cancelled")
		c.note("%d after the answer, sent %d, cancelled %d", w.after(asked), r.in("sent"), r.in("cancelled"))
		c.want(w.after(asked) <= connections*workers, "more than one mail per connection after the answer")
		c.want(w.after(cancelled) == 0, "a mail left a cancelled mailing")
		c.want(r.in("sent")+r.in("cancelled") == n && r.in("cancelled") > 0, "%v", r.Counts)
	}},
	{name: "500 unsubscribe while it sends", play: func(c *scenario) {
		w, m := c.withCommitTimes()
		w.forSome(500, func(email string, _ int64) {
			w.demand(http.StatusCreated, "POST", "/suppressions", map[string]any{"email": email, "reason": "unsubscribed"}, nil)
		})
		w.until(2*time.Minute, m, "finished")
		w.nobodyAgainstTheirWill(m, "unsubscribed")
	}},
	{name: "clients deleted while it sends", play: func(c *scenario) {
		w, m := c.withCommitTimes()
		w.forSome(500, func(_ string, id int64) {
			w.demand(http.StatusNoContent, "DELETE", fmt.Sprintf("/clients/%d", id), nil, nil)
		})
		w.until(2*time.Minute, m, "finished")
		w.nobodyAgainstTheirWill(m, "client_deleted")
	}},
	{name: "the end comes while it sends", play: func(c *scenario) {
		const connections, workers = 10, 2
		n := c.count(20_000)
		w := c.newWorld("", plan{clients: n, connections: connections, sink: []string{"--latency", "20ms"}})
		w.workers(workers)
		end := time.Now().Add(6 * time.Second)
		m := w.mail(map[string]any{"end_at": end.Format(time.RFC3339Nano)})
		w.until(time.Minute, m, "finished")
		r := w.audit(m, "finished")
		late := w.after(end)
		c.note("sent %d, expired %d, after the end %d", r.in("sent"), r.in("expired"), late)
		c.want(r.in("sent") > 0 && r.in("expired") > 0 && r.in("sent")+r.in("expired") == n, "%v", r.Counts)
		c.want(late <= connections*workers, "more than what was on the wire after the end")
	}},
}

// withCommitTimes is a world that sends, and whose database writes down which
// transactions hold the intents and which ones the wishes not to be mailed, and
// when each was committed.
func (c *scenario) withCommitTimes() (*world, *mailing) {
	w := c.newWorld("", plan{clients: c.count(6000), own: true, sink: []string{"--latency", "20ms"}})
	w.must(execute(w.postgres.URL, "ALTER SYSTEM SET track_commit_timestamp = on"), "set up PostgreSQL")
	w.must(w.postgres.Stop("fast"), "stop PostgreSQL")
	w.must(w.postgres.Start(), "start PostgreSQL")
	w.awaitAPI()
	w.must(execute(w.postgres.URL,
		"CREATE TABLE fault_intents (email text, tx xid8)",
		"CREATE TABLE fault_wishes (email text, tx xid8)",
		"CREATE FUNCTION fault_intent() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO fault_intents VALUES (NEW.email, pg_current_xact_id()); RETURN NULL; END'",
		"CREATE FUNCTION fault_wish() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO fault_wishes VALUES (COALESCE(NEW.email, OLD.email), pg_current_xact_id()); RETURN NULL; END'",
		"CREATE TRIGGER fault AFTER UPDATE OF state ON deliveries FOR EACH ROW WHEN (NEW.state = 'sending' AND OLD.state <> 'sending') EXECUTE FUNCTION fault_intent()",
		"CREATE TRIGGER fault AFTER INSERT ON suppressions FOR EACH ROW EXECUTE FUNCTION fault_wish()",
		"CREATE TRIGGER fault AFTER DELETE ON clients FOR EACH ROW EXECUTE FUNCTION fault_wish()",
	), "watch the database")
	w.workers(2)
	m := w.mail(nil)
	w.poll(time.Minute, "deliveries for all", func() bool { // who goes before has none
		return w.number("SELECT COUNT(*) FROM deliveries") == w.clients
	})
	return w, m
}

// forSome does something for clients taken at random, several at a time.
func (w *world) forSome(n int, do func(email string, id int64)) {
	first := int64(w.number("SELECT MIN(id) FROM clients"))
	work := make(chan int)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range work {
				w.guard(func() { do(address(i), first+int64(i)) })
			}
		})
	}
	for _, i := range w.random("clients").Perm(w.clients)[:n] {
		work <- i
	}
	close(work)
	wg.Wait()
}

// nobodyAgainstTheirWill holds every intent against the wishes by the times of
// their commits.
func (w *world) nobodyAgainstTheirWill(m *mailing, reason string) {
	r := w.audit(m, "finished")
	wishes := w.number("SELECT COUNT(*) FROM fault_wishes")
	against := w.number("SELECT COUNT(*) FROM fault_intents i JOIN fault_wishes u USING (email)" +
		" WHERE pg_xact_commit_timestamp(i.tx::xid) > pg_xact_commit_timestamp(u.tx::xid)")
	skipped := w.number("SELECT COUNT(*) FROM deliveries WHERE state = 'skipped' AND reason = $1", reason)
	w.note("of %d skipped %d, intents after the commit %d", wishes, skipped, against)
	w.want(against == 0, "an intent came after the wish was committed")
	w.want(wishes == 500 && skipped > 0, "it was not put to the test")
	w.want(r.in("sent")+r.in("skipped") == w.clients && r.in("skipped") == skipped, "%v", r.Counts)
}
