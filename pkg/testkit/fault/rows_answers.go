package main

import "time"

// answerRows are servers that answer, if not as one wishes.
var answerRows = []row{
	{name: "SMTP 451 at the first try", slow: true, play: func(c *scenario) {
		n := c.count(400)
		w, m := c.against(plan{clients: n, script: `at rcpt first-try do reply 451 "4.7.1 greylisted"`})
		w.until(4*time.Minute, m, "finished")
		r := w.audit(m, "finished")
		c.want(r.in("sent") == n, "%v", r.Counts)
		for _, d := range r.rows {
			c.want(len(d.log) == 2 && d.log[0] == "deferred", "%s has attempts %v", d.email, d.log)
		}
	}},
	{name: "SMTP 5xx for 10 %", play: func(c *scenario) {
		n := c.count(2000)
		w, m := c.against(plan{clients: n, script: `at rcpt share 10% do reply 550 "5.1.1 no such user"`})
		w.until(time.Minute, m, "finished")
		r := w.audit(m, "finished")
		c.note("failed %d", r.in("failed"))
		c.want(r.in("sent")+r.in("failed") == n && r.in("failed") > n/20 && r.in("failed") < n/5, "%v", r.Counts)
		for _, d := range r.rows {
			c.want(d.state != "failed" || d.code == 550 && len(d.log) == 1, "%s failed with %d after %v", d.email, d.code, d.log)
		}
	}},
	{name: "SMTP 421 and close every 100", slow: true, play: func(c *scenario) {
		each(c, []string{"mail", "body"}, func(phase string) {
			n := c.count(1500)
			w, m := c.against(plan{clients: n, script: "at " + phase + ` every 100 do reply 421 "4.3.2 too many" close`})
			w.until(4*time.Minute, m, "finished")
			r := w.audit(m, "finished")
			c.want(r.in("sent")+r.in("in_doubt") == n && r.in("in_doubt") == 0, "at %s: %v", phase, r.Counts)
		})
	}},
	{name: "SMTP auth refused from mail 500 on", play: func(c *scenario) {
		n := c.count(1500)
		w, m := c.against(plan{
			clients: n, smtp: "anna:secret@?tls=optional", sink: []string{"--tls", "--latency", "5ms"},
			script: "login anna secret\nat auth after 500 for 10s do reply 535 \"5.7.8 wrong password\"\n" +
				"at mail after 500 for 10s do reply 421 \"4.7.0 sign in again\" close",
		})
		w.until(time.Minute, m, "paused")
		c.want(m.Reason == "smtp_auth", "it pauses with %q", m.Reason)
		r := w.audit(m, "paused")
		c.note("paused with %d sent", r.in("sent"))
		c.want(r.in("failed") == 0 && r.in("deferred") == 0 && r.in("in_doubt") == 0, "%v", r.Counts)
		c.sleep(12 * time.Second)
		w.act(m, "resume")
		w.until(2*time.Minute, m, "finished")
		r = w.audit(m, "finished")
		c.want(r.in("sent") == n, "after resume: %v", r.Counts)
	}},
	{name: "SMTP garbage and 10 MB lines", play: func(c *scenario) {
		n := c.count(1500)
		w := c.newWorld("", plan{clients: n, sink: []string{"--no-chunking"}, script: `
at body every 50 do raw "\x00\xff\xfe nonsense\r\n"
at body every 70 do accept raw "x"*10M "\r\n"
at mail every 90 do raw "HTTP/1.1 400 Bad Request\r\n\r\n"
at rcpt every 110 do raw "250-" "y"*10M "\r\n250 fine\r\n"`})
		workers := w.workers(2)
		m := w.mail(nil)
		w.until(2*time.Minute, m, "finished")
		r := w.audit(m, "finished")
		peak := max(workers[0].peakMemory(), workers[1].peakMemory())
		c.note("in doubt %d, peak memory %.0f MB", r.in("in_doubt"), peak)
		c.want(r.in("sent")+r.in("in_doubt") == n && r.in("in_doubt") > 0, "%v", r.Counts)
		c.want(peak < 90, "memory grew with the answers")
		w.alive(workers)
	}},
	{name: "SMTP replies in Latin-1, with NUL, of 10 KB", play: func(c *scenario) {
		n := c.count(1000)
		w, m := c.against(plan{clients: n, script: `
at rcpt share 6% do raw "550 5.1.1 utilisateur inconnu: \xe9\x00\xe0\r\n"
at body every 2 do raw "250 2.0.0 re\xe7u\x00\x07 merci\r\n"
at body do reply 250 "2.0.0 " "z"*10k`})
		w.until(time.Minute, m, "finished")
		r := w.audit(m, "finished")
		longest := w.number("SELECT MAX(octet_length(response)) FROM attempts")
		c.note("failed %d, longest answer kept %d bytes", r.in("failed"), longest)
		c.want(r.in("sent")+r.in("failed") == n && r.in("failed") > 0, "somebody was held up: %v", r.Counts)
		c.want(longest <= 1024, "more than 1 KB of an answer was kept")
	}},
	{name: "SMTP SIZE too small", play: func(c *scenario) {
		each(c, []string{"offer SIZE 1000", `at body do reply 552 "5.3.4 message too big"`}, func(script string) {
			n := c.count(200)
			w, m := c.against(plan{clients: n, script: script})
			w.until(time.Minute, m, "paused")
			c.want(m.Reason == "message_too_large", "it pauses with %q", m.Reason)
			r := w.audit(m, "paused")
			c.want(r.in("pending")+r.in("deferred") == n, "%s: %v", script, r.Counts)
		})
	}},
	{name: "SMTP STARTTLS stripped", play: func(c *scenario) {
		n := c.count(100)
		w, m := c.against(plan{clients: n, smtp: "?tls=required", sink: []string{"--tls"}, script: "strip STARTTLS"})
		w.untilReason(time.Minute, m, "transport_down")
		w.act(m, "cancel")
		w.until(time.Minute, m, "cancelled")
		r := w.audit(m, "cancelled")
		c.want(w.count() == 0, "a mail left in clear")
		c.want(r.in("cancelled") == n, "%v", r.Counts)
	}},
}

// against starts a mailing that two workers send to a sink.
func (c *scenario) against(p plan) (*world, *mailing) {
	w := c.newWorld(p.script, p)
	w.workers(2)
	return w, w.mail(nil)
}
