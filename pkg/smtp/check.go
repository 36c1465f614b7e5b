package smtp

import (
	"context"
	"crypto/tls"
	"strings"
	"time"

	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
)

// Check tries a server until ctx ends: it connects, secures, greets, logs in
// and says QUIT, on a connection of its own.
func Check(ctx context.Context, cfg Config) model.TransportCheck {
	begin := time.Now()
	cfg = cfg.withDefaults()
	out := model.TransportCheck{Phase: model.PhaseConnect}
	c, t := connect(ctx, &cfg)
	if t == nil {
		t = c.open(ctx)
		c.tell(&out)
		c.unwatch()
		c.broken = c.broken || t != nil
		c.quit()
	}
	if t != nil {
		out.OK, out.Phase, out.Code, out.Enhanced, out.Response = false, t.phase, t.code, t.enhanced, t.words
		if t.class == mailing.ClassInterrupt {
			out.Response = "the server did not answer in time"
		}
	}
	out.Took = time.Since(begin)
	return out
}

// tell fills in what a connection has learnt by opening.
func (c *conn) tell(out *model.TransportCheck) {
	out.OK, out.Phase = true, model.PhaseEHLO
	last := reply{code: 250, text: c.text}
	if secure, is := c.nc.(*tls.Conn); is {
		out.TLS = tls.VersionName(secure.ConnectionState().Version)
	}
	if c.cfg.Username != "" {
		out.Phase, last.code = model.PhaseAuth, 235
	}
	out.Code = last.code
	out.Enhanced, out.Response = last.words()
	for line := range strings.Lines(c.caps.lines) {
		if line = clean(strings.TrimSpace(line)); line != "" {
			out.Extensions = append(out.Extensions, line)
		}
	}
}
