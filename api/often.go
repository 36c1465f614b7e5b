package api

import (
	"time"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/auth"
	"github.com/postrider/postrider/pkg/limit"
	"github.com/postrider/postrider/pkg/model"
)

// How often strangers may try what is dear or can be guessed: by the address
// they come from, by the account they name, and by both together, so that who is
// shut out of an account is most often the one who guesses. A sign-in that
// succeeds costs nothing.
var (
	signInsOfAddress   = limit.Rate{Events: 30, Per: time.Minute, Burst: 60}
	signInsOfAccount   = limit.Rate{Events: 2, Per: time.Minute, Burst: 50}
	signInsOfBoth      = limit.Rate{Events: 1, Per: time.Minute, Burst: 10}
	registersOfAddress = limit.Rate{Events: 60, Per: time.Hour, Burst: 60}
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

// signInAllowed counts a try to sign in; forgive takes it back when it
// succeeded.
func (s *Server) signInAllowed(c echo.Context, email string) (forgive func(), err error) {
	ctx := c.Request().Context()
	from, who := "sign in from "+caller(c), "sign in as "+auth.NormalEmail(email)
	both := who + " from " + caller(c)
	if err := s.allow(c, from, signInsOfAddress); err != nil {
		return nil, err
	}
	if err := s.allow(c, both, signInsOfBoth); err != nil {
		return nil, err
	}
	if err := s.allow(c, who, signInsOfAccount); err != nil {
		return nil, err
	}
	return func() {
		s.Limiter.TakeBack(ctx, from, signInsOfAddress)
		s.Limiter.Forget(ctx, both)
		s.Limiter.TakeBack(ctx, who, signInsOfAccount)
	}, nil
}

// mailAllowed counts a mail to an address that a stranger named.
func (s *Server) mailAllowed(c echo.Context, email string) error {
	if err := s.allow(c, "mails from "+caller(c), mailsOfAddress); err != nil {
		return err
	}
	return s.allow(c, "mails to "+auth.NormalEmail(email), mailsOfAccount)
}
