package api

import (
	"context"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/auth"
	"github.com/postrider/postrider/pkg/limit"
	"github.com/postrider/postrider/pkg/model"
)

// How often strangers may try what is dear or can be guessed: by the address
// they come from, by the account they name, and by both together, so that who is
// shut out of an account is most often the one who guesses. Of the strict ones a
// sign-in that succeeds costs nothing; the wide ones count it too, as it takes a
// hash and a line of the audit log. One that comes to no answer costs nothing.
var (
	allSignInsOfAddress = limit.Rate{Events: 120, Per: time.Minute, Burst: 120}
	allSignInsOfBoth    = limit.Rate{Events: 20, Per: time.Minute, Burst: 40}

	signInsOfAddress   = limit.Rate{Events: 30, Per: time.Minute, Burst: 60}
	signInsOfAccount   = limit.Rate{Events: 2, Per: time.Minute, Burst: 50}
	signInsOfBoth      = limit.Rate{Events: 1, Per: time.Minute, Burst: 10}
	registersOfAddress = limit.Rate{Events: 60, Per: time.Hour, Burst: 60}
	registersOfAccount = limit.Rate{Events: 5, Per: time.Hour, Burst: 5}
	mailsOfAddress     = limit.Rate{Events: 60, Per: time.Hour, Burst: 30}
	mailsOfAccount     = limit.Rate{Events: 5, Per: time.Hour, Burst: 5}
	tokensOfAddress    = limit.Rate{Events: 60, Per: time.Hour, Burst: 30}
	passwordsOfUser    = limit.Rate{Events: 1, Per: time.Minute, Burst: 10}
)

// allow counts one event, or answers model.TooMany.
func (s *Server) allow(c echo.Context, key string, rate limit.Rate) error {
	ok, wait := s.Limiter.Allow(c.Request().Context(), key, rate)
	if !ok {
		return model.TooOften(wait)
	}
	return nil
}

// caller is whom limits by address count.
func caller(c echo.Context) string { return network(c.RealIP()) }

// signInTry is a try to sign in that was counted, as often as it was.
type signInTry struct {
	s       *Server
	counted []counted
	both    string
}

// counted is an event of a key that a limit counts.
type counted struct {
	key  string
	rate limit.Rate
	wide bool // counts what succeeds too
}

// signInAllowed counts a try to sign in.
func (s *Server) signInAllowed(c echo.Context, email string) (signInTry, error) {
	from, who := caller(c), "sign in as "+auth.NormalEmail(email)
	t := signInTry{s: s, both: who + " from " + from}
	for _, one := range []counted{
		{"all sign ins from " + from, allSignInsOfAddress, true},
		{"all " + t.both, allSignInsOfBoth, true},
		{"sign in from " + from, signInsOfAddress, false},
		{t.both, signInsOfBoth, false},
		{who, signInsOfAccount, false},
	} {
		if err := s.allow(c, one.key, one.rate); err != nil {
			return t, err
		}
		t.counted = append(t.counted, one)
	}
	return t, nil
}

// takeBack is for a try that told nothing of the password: it was none, and
// those before it still count.
func (t signInTry) takeBack(ctx context.Context) {
	for _, one := range t.counted {
		t.s.Limiter.TakeBack(ctx, one.key, one.rate)
	}
}

// forgive is for a try that succeeded: those before it from this address were
// their owner's mistakes.
func (t signInTry) forgive(ctx context.Context) {
	for _, one := range t.counted {
		if !one.wide {
			t.s.Limiter.TakeBack(ctx, one.key, one.rate)
		}
	}
	t.s.Limiter.Forget(ctx, t.both)
}

// mailAllowed counts a mail to an address that a stranger named.
func (s *Server) mailAllowed(c echo.Context, email string) error {
	if err := s.allow(c, "mails from "+caller(c), mailsOfAddress); err != nil {
		return err
	}
	return s.allow(c, "mails to "+auth.NormalEmail(email), mailsOfAccount)
}
