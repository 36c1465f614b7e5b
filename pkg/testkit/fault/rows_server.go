package main

import "time"

// serverRows are servers that break or do not answer in time.
var serverRows = []row{
	{name: "SMTP drop at each phase", play: func(c *scenario) {
		each(c, []dialect{oneFlight, twoFlights}, func(d dialect) {
			n := c.count(1500)
			w, m := c.against(plan{clients: n, sink: d.flags, script: `# ` + d.name + `
at greeting every 9 do drop
at ehlo every 11 do drop
at mail every 60 do drop
at rcpt every 70 do drop
at data every 80 do drop
at content every 90 do drop
at body every 100 do drop`})
			w.until(4*time.Minute, m, "finished")
			r := w.audit(m, "finished")
			c.note("%s: in doubt %d", d.name, r.in("in_doubt"))
			c.want(r.in("sent")+r.in("in_doubt") == n, "%s: %v", d.name, r.Counts)
			c.want(r.figures.doubled == 0, "%s: mailed twice", d.name)
			if len(d.flags) > 0 {
				c.want(r.in("in_doubt") <= n/40, "%s: more in doubt than were dropped after the last byte", d.name)
			}
		})
	}},
	{name: "SMTP drop after acceptance, hold", play: func(c *scenario) {
		n := c.count(1000)
		w, m := c.against(plan{clients: n, script: "at body every 50 do accept drop"})
		w.until(2*time.Minute, m, "finished")
		r := w.audit(m, "finished")
		c.note("in doubt %d", r.in("in_doubt"))
		c.want(r.in("in_doubt") == n/50 && r.in("sent") == n-n/50, "%v", r.Counts)
		c.want(r.figures.doubled == 0, "mailed twice under hold")
	}},
	{name: "SMTP drop after acceptance, resend", quick: true, play: func(c *scenario) {
		n := c.count(1000)
		w := c.newWorld("", plan{clients: n, script: "at body every 50 do accept drop"})
		w.workers(2)
		m := w.mail(map[string]any{"in_doubt_policy": "resend"})
		w.until(2*time.Minute, m, "finished")
		r := w.audit(m, "finished")
		c.note("in doubt %d", r.in("in_doubt"))
		c.want(r.figures.doubled > 0, "nothing was repeated")
		c.want(r.in("sent")+r.in("in_doubt") == n && r.in("in_doubt") <= 3, "%v", r.Counts)
	}},
	{name: "SMTP server dead for 2 min", slow: true, play: func(c *scenario) {
		n := c.count(2000)
		w, m := c.against(plan{clients: n, sink: []string{"--latency", "20ms"}, script: "at body after 600 times 1 do down 2m"})
		w.sent(600)
		down := time.Now()
		w.untilReason(time.Minute, m, "transport_down")
		w.until(6*time.Minute, m, "finished")
		r := w.audit(m, "finished")
		c.note("in doubt %d, away for %s", r.in("in_doubt"), seconds(w.longestPause()))
		c.want(time.Since(down) > 2*time.Minute, "it was not away")
		c.want(r.in("sent")+r.in("in_doubt") == n && r.in("in_doubt") <= 20, "%v", r.Counts)
		c.want(r.figures.doubled == 0, "mailed twice")
	}},
	{name: "SMTP 20 s for each reply", slow: true, play: func(c *scenario) {
		n := 20
		w, m := c.against(plan{clients: n, script: "at mail,rcpt,data,body do wait 20s"})
		w.until(5*time.Minute, m, "finished")
		r := w.audit(m, "finished")
		c.want(r.in("sent") == n, "%v", r.Counts)
		c.want(r.figures.doubled == 0, "mailed twice")
	}},
}
