package main

import (
	"net/http"
	"time"
)

var redisRows = []row{
	{name: "Redis FLUSHALL before the start", play: func(c *scenario) {
		n := c.count(500)
		w := c.newWorld("", plan{clients: n})
		w.workers(2)
		at := time.Now().Add(6 * time.Second)
		m := w.mail(map[string]any{"start_at": at.Format(time.RFC3339Nano)})
		w.flushRedis()
		c.sleep(time.Until(at) - time.Second)
		w.flushRedis()
		c.note("late %d ms", w.startsInTime(m, at).Milliseconds())
	}},
	{name: "Redis absent at creation", quick: true, play: func(c *scenario) {
		each(c, []time.Duration{0, 5 * time.Second}, func(ahead time.Duration) {
			n := c.count(500)
			w := c.newWorld("in "+ahead.String(), plan{clients: n})
			w.workers(2)
			w.must(w.redis.Stop("immediate"), "stop Redis")
			begin := time.Now()
			at := begin.Add(ahead)
			settings := map[string]any{}
			if ahead > 0 {
				settings["start_at"] = at.Format(time.RFC3339Nano)
			}
			m := w.mail(settings) // demands 201
			c.note("starting in %s: 201 after %d ms", ahead, time.Since(begin).Milliseconds())
			c.note("starting in %s: late %d ms", ahead, w.startsInTime(m, at).Milliseconds())
		})
	}},
	{name: "Redis restarted empty while sending", play: func(c *scenario) {
		n := c.count(8000)
		w := c.newWorld("", plan{clients: n, sink: []string{"--latency", "20ms"}})
		workers := w.workers(2)
		m := w.mail(nil)
		w.sent(n / 4)
		w.must(w.redis.Stop("immediate"), "stop Redis")
		c.sleep(2 * time.Second)
		w.must(w.redis.Start(), "start Redis")
		w.until(2*time.Minute, m, "finished")
		r := w.audit(m, "finished")
		pause := w.longestPause()
		c.note("longest pause %d ms", pause.Milliseconds())
		c.want(pause < 4*time.Second, "the sending stopped")
		c.want(r.figures.doubled == 0 && r.in("sent") == n, "%v", r.Counts)
		w.alive(workers)
	}},
}

// startsInTime holds a run against the promise of moments: never early, and
// ten seconds late at most. It answers how late it was.
func (w *world) startsInTime(m *mailing, at time.Time) time.Duration {
	w.until(time.Minute, m, "finished")
	r := w.audit(m, "finished")
	late := w.first().Sub(at)
	w.want(late >= 0 && !r.StartedAt.Before(at.Truncate(time.Microsecond)), "it began early")
	w.want(late <= 10*time.Second, "it began more than 10 s late")
	w.want(r.figures.doubled == 0 && r.in("sent") == w.clients, "%v", r.Counts)
	return late
}

// longestPause is the longest time between two mails.
func (w *world) longestPause() (longest time.Duration) {
	all := w.takings()
	for i := 1; i < len(all); i++ {
		longest = max(longest, all[i].at.Sub(all[i-1].at))
	}
	return longest
}

// alive holds that no worker has ended.
func (w *world) alive(workers []*process) {
	for _, p := range append(workers, w.api) {
		w.want(!p.over(), "%s ended: %v", p.name, p.cmd.ProcessState)
	}
}

// badAnswers counts what the API answered and should not have: anything from
// 500 but 503.
func (w *world) badAnswers() (bad, unavailable int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for code, n := range w.codes {
		if code == http.StatusServiceUnavailable {
			unavailable += n
		} else if code >= 500 {
			bad += n
		}
	}
	return bad, unavailable
}
