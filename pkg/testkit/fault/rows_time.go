package main

import (
	"fmt"
	"strings"
	"time"
)

// timeRows are systems that were down when a mailing was due.
var timeRows = []row{
	{name: "down over the planned time, 5 min", play: func(c *scenario) {
		each(c, []lateness{
			{5 * time.Minute, "send", 1440, true},
			{5 * time.Minute, "send", 2, false},
			{5 * time.Minute, "skip", 1440, false},
		}, c.sleptThrough)
	}},
	{name: "down over the planned time, 30 h", play: func(c *scenario) {
		each(c, []lateness{
			{30 * time.Hour, "send", 1440, false},
			{30 * time.Hour, "send", 2880, true},
			{30 * time.Hour, "skip", 2880, false},
		}, c.sleptThrough)
	}},
}

// lateness is how long a system was down, and what the mailing said to it.
type lateness struct {
	down   time.Duration
	policy string
	grace  int // minutes
	sends  bool
}

// sleptThrough plans a mailing, stops everything, moves its time into the past
// and starts everything.
func (c *scenario) sleptThrough(l lateness) {
	name := fmt.Sprintf("%s within %d min", l.policy, l.grace)
	n := c.count(100)
	w := c.newWorld(name, plan{clients: n})
	m := w.mail(map[string]any{
		"start_at":    time.Now().Add(time.Hour).Format(time.RFC3339Nano),
		"late_policy": l.policy, "late_grace_minutes": l.grace,
	})
	w.api.kill()
	past := fmt.Sprintf(" - interval '1 hour' - interval '%d seconds'", int(l.down.Seconds()))
	for table, columns := range map[string][]string{"mailings": {"start_at", "next_run_at", "created_at", "updated_at"}, "runs": {"planned_at", "created_at"}} {
		var set []string
		for _, column := range columns {
			set = append(set, column+" = "+column+past)
		}
		w.exec("UPDATE " + table + " SET " + strings.Join(set, ", "))
	}
	w.startAPI()
	begin := time.Now()
	w.workers(2)
	w.poll(time.Minute, "end of the run", func() bool {
		return w.number("SELECT COUNT(*) FROM runs WHERE status IN ('finished', 'missed')") == 1
	})
	if l.sends {
		r := w.audit(m, "finished")
		c.note("%s: sent after %s", name, seconds(w.first().Sub(begin)))
		c.want(r.in("sent") == n && r.figures.doubled == 0, "%s: %v", name, r.Counts)
		c.want(w.first().Sub(begin) <= 10*time.Second, "%s: it began more than 10 s after the start", name)
		return
	}
	missed := w.number("SELECT COUNT(*) FROM runs WHERE status = 'missed' AND reason = 'late'")
	c.note("%s: missed", name)
	c.want(missed == 1 && w.count() == 0 && w.number("SELECT COUNT(*) FROM deliveries") == 0, "%s: it was not missed", name)
}
