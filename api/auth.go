package api

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/auth"
	"github.com/postrider/postrider/pkg/model"
)

// refreshCookie keeps a browser's refresh token where no script can read it.
const refreshCookie = "postrider_refresh"

type registerRequest struct {
	Email    string `json:"email" validate:"required" example:"anna@example.com"`
	Password string `json:"password" validate:"required" minLength:"8" example:"eight or more characters"`
	FullName string `json:"full_name" example:"Anna Petrova"`
	Locale   string `json:"locale" enums:"en,ru" example:"ru"`
	Timezone string `json:"timezone" example:"Europe/Moscow"`
} //	@name	RegisterRequest

type loginRequest struct {
	Email    string `json:"email" validate:"required" example:"anna@example.com"`
	Password string `json:"password" validate:"required" example:"eight or more characters"`
	Cookie   bool   `json:"cookie"` // keep the refresh token in an HttpOnly cookie and out of the body
} //	@name	LoginRequest

func (in *loginRequest) check() error {
	var bad model.Fields
	if in.Email == "" {
		bad.Add("email", "required", "must be given")
	}
	if in.Password == "" {
		bad.Add("password", "required", "must be given")
	}
	return bad.Err()
}

type refreshRequest struct {
	RefreshToken string `json:"refresh_token"` // empty: the cookie's
} //	@name	RefreshRequest

type tokens struct {
	AccessToken  string `json:"access_token" validate:"required"`
	TokenType    string `json:"token_type" validate:"required" enums:"Bearer"`
	ExpiresIn    int    `json:"expires_in" validate:"required" example:"900"` // seconds
	RefreshToken string `json:"refresh_token,omitempty"`                      // absent when it is in the cookie
} //	@name	Tokens

// register makes an account.
//
//	@Summary		Make an account
//	@Description	Where addresses must be confirmed, the answer is always 202, also for an address that has an account, and a mail says what follows.
//	@Tags			accounts
//	@Param			body	body		registerRequest	true	"who"
//	@Success		201		{object}	user
//	@Success		202		{object}	emailAnswer	"where addresses must be confirmed"
//	@Failure		400		{object}	problem
//	@Failure		403		{object}	problem	"registration is switched off"
//	@Failure		409		{object}	problem	"there is an account with this e-mail"
//	@Failure		413		{object}	problem
//	@Failure		415		{object}	problem
//	@Failure		422		{object}	problem
//	@Failure		429		{object}	problem
//	@Failure		503		{object}	problem
//	@Router			/auth/register [post]
func (s *Server) register(c echo.Context) error {
	if !s.Registration {
		return model.E(model.Forbidden, "registration is switched off here")
	}
	in := registerRequest{Locale: string(language(c))}
	if err := bind(c, &in); model.IsKind(err, model.Invalid) {
		return model.Together(err, auth.CheckRegistration(auth.Registration(in)))
	} else if err != nil {
		return err
	}
	if err := auth.CheckRegistration(auth.Registration(in)); err != nil {
		return err
	}
	if err := s.allow(c, "registrations from "+caller(c), registersOfAddress); err != nil {
		return err
	}
	ctx := c.Request().Context()
	if s.ConfirmEmail {
		if err := s.mailAllowed(c, in.Email); err != nil {
			return err
		}
		email, mailID, err := s.Auth.AskToRegister(ctx, auth.Registration(in))
		if err != nil {
			return err
		}
		s.Mailings.SendSoon(ctx, mailID)
		return c.JSON(http.StatusAccepted, emailAnswer{email})
	}
	if err := s.allow(c, "registrations of "+auth.NormalEmail(in.Email), registersOfAccount); err != nil {
		return err
	}
	u, err := s.Auth.Register(ctx, auth.Registration(in))
	if err != nil {
		return err
	}
	setETag(c, u.Version)
	return c.JSON(http.StatusCreated, userOfRow(u))
}

// login signs in.
//
//	@Summary	Sign in
//	@Tags		accounts
//	@Param		body	body		loginRequest	true	"who"
//	@Success	200		{object}	tokens
//	@Failure	400		{object}	problem
//	@Failure	401		{object}	problem	"unknown account, wrong password or blocked: not told apart"
//	@Failure	403		{object}	problem	"with cookie: asked by another site"
//	@Failure	413		{object}	problem
//	@Failure	415		{object}	problem
//	@Failure	422		{object}	problem
//	@Failure	429		{object}	problem	"too many failures of this account or from this address"
//	@Failure	503		{object}	problem
//	@Router		/auth/login [post]
func (s *Server) login(c echo.Context) error {
	var in loginRequest
	if err := bindAnd(c, &in, in.check); err != nil {
		return err
	}
	if in.Cookie {
		if err := s.sameSite(c); err != nil {
			return err
		}
	}
	ctx := c.Request().Context()
	try, err := s.signInAllowed(c, in.Email)
	if err != nil {
		return errors.Join(s.Auth.AuditTooOften(ctx, in.Email), err)
	}
	out, err := s.Auth.Login(ctx, in.Email, in.Password, auth.Device{
		UserAgent: c.Request().UserAgent(), IP: c.RealIP(),
	})
	switch {
	case s.ConfirmEmail && model.IsKind(err, model.Unauthenticated): // said to everybody, so that it tells nothing
		return model.E(model.Unauthenticated, "the e-mail or the password is wrong, or the address is not confirmed yet")
	case model.IsKind(err, model.Unauthenticated):
		return err
	case err != nil:
		try.takeBack(ctx)
		return err
	}
	try.forgive(ctx)
	return s.answerTokens(c, out, in.Cookie)
}

// refresh gives new tokens for a refresh token.
//
//	@Summary		Get new tokens
//	@Description	Each refresh token is for one use. A used one ends its session, except the direct predecessor within 10 seconds, which gets the same answer again.
//	@Tags			accounts
//	@Param			body	body		refreshRequest	false	"without it, the cookie counts"
//	@Success		200		{object}	tokens
//	@Failure		400		{object}	problem
//	@Failure		401		{object}	problem
//	@Failure		403		{object}	problem	"by cookie: asked by another site"
//	@Failure		413		{object}	problem
//	@Failure		415		{object}	problem
//	@Failure		422		{object}	problem
//	@Failure		503		{object}	problem
//	@Router			/auth/refresh [post]
func (s *Server) refresh(c echo.Context) error {
	token, byCookie, err := s.refreshToken(c)
	if err != nil {
		return err
	}
	out, err := s.Auth.Refresh(c.Request().Context(), token)
	if err != nil {
		if byCookie && model.IsKind(err, model.Unauthenticated) {
			s.setCookie(c, "", time.Unix(1, 0))
		}
		return err
	}
	return s.answerTokens(c, out, byCookie)
}

// refreshToken is the token of the body, else the cookie's. A cookie comes by
// itself with every request, so it counts only for our own pages.
func (s *Server) refreshToken(c echo.Context) (token string, byCookie bool, err error) {
	var in refreshRequest
	if err := bind(c, &in); err != nil || in.RefreshToken != "" {
		return in.RefreshToken, false, err
	}
	cookie, err := c.Cookie(refreshCookie)
	if err != nil || cookie.Value == "" {
		return "", false, nil
	}
	return cookie.Value, true, s.sameSite(c)
}

func (s *Server) answerTokens(c echo.Context, t auth.Tokens, cookie bool) error {
	out := tokens{AccessToken: t.Access, TokenType: "Bearer", ExpiresIn: int(t.ExpiresIn / time.Second)}
	if cookie {
		s.setCookie(c, t.Refresh, t.RefreshExpiresAt)
	} else {
		out.RefreshToken = t.Refresh
	}
	return c.JSON(http.StatusOK, out)
}

func (s *Server) setCookie(c echo.Context, value string, until time.Time) {
	c.SetCookie(&http.Cookie{ //nolint:gosec // Secure is set iff the public address is https: on http no browser would keep it
		Name: refreshCookie, Value: value, Expires: until,
		Path: base + "/auth", HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: strings.HasPrefix(s.PublicURL, "https:"),
	})
}

// sameSite refuses what another site made a browser send: a request with an
// Origin that is neither ours nor on the list. What a browser calls same-origin
// is: no page can say that of itself. Programs send neither header; no site can make them call.
func (s *Server) sameSite(c echo.Context) error {
	r := c.Request()
	origin, site := r.Header.Get("Origin"), r.Header.Get("Sec-Fetch-Site")
	ours := slices.Contains(s.CORSOrigins, origin)
	if u, err := url.Parse(origin); err == nil && u.Host != "" {
		public, err := url.Parse(s.PublicURL)
		here := u.Host == r.Host || err == nil && u.Host == public.Host
		// Whoever sits on the line can write pages of the same host without TLS.
		ours = ours || here && (u.Scheme == "https" || !strings.HasPrefix(s.PublicURL, "https:"))
	}
	if ours || site == "same-origin" || origin == "" && site == "" {
		return nil
	}
	return model.E(model.Forbidden, "this call must come from Postrider's own pages")
}

// logout ends this session.
//
//	@Summary		Sign out
//	@Description	Ends the session of the access token, of the refresh token in the body, or of the cookie. Its access tokens end with it.
//	@Tags			accounts
//	@Security		Bearer
//	@Param			body	body	refreshRequest	false	"a refresh token, instead of the access token"
//	@Success		204
//	@Failure		400	{object}	problem
//	@Failure		401	{object}	problem
//	@Failure		403	{object}	problem	"by cookie: asked by another site"
//	@Failure		413	{object}	problem
//	@Failure		415	{object}	problem
//	@Failure		422	{object}	problem
//	@Failure		503	{object}	problem
//	@Router			/auth/logout [post]
func (s *Server) logout(c echo.Context) error {
	ctx := c.Request().Context()
	signedIn := s.signedIn(c)
	if signedIn != nil && !model.IsKind(signedIn, model.Unauthenticated) {
		return signedIn
	}
	token, byCookie, err := s.refreshToken(c)
	if err != nil {
		return err
	}
	if byCookie {
		s.setCookie(c, "", time.Unix(1, 0))
	}
	if signedIn == nil {
		err = s.Store.EndSession(ctx, userOf(c).ID, sessionOf(c))
		if model.IsKind(err, model.NotFound) { // a second tab was quicker
			err = nil
		}
	}
	if err == nil && (signedIn != nil || token != "") {
		err = s.Auth.EndByRefresh(ctx, token)
		if signedIn == nil && model.IsKind(err, model.Unauthenticated) { // most often the same session
			err = nil
		}
	}
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// logoutAll ends all sessions of the account.
//
//	@Summary	Sign out everywhere
//	@Tags		accounts
//	@Security	Bearer
//	@Success	204
//	@Failure	401	{object}	problem
//	@Failure	403	{object}	problem	"by an API key without the scope"
//	@Failure	503	{object}	problem
//	@Router		/auth/logout-all [post]
func (s *Server) logoutAll(c echo.Context) error {
	if err := s.Store.EndSessions(c.Request().Context(), userOf(c).ID); err != nil {
		return err
	}
	s.setCookie(c, "", time.Unix(1, 0))
	return c.NoContent(http.StatusNoContent)
}
