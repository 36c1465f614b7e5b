package api

import (
	"context"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// maxPassword is how long the password of a transport may be, in characters.
const maxPassword = 255

// checkWithin is how long the try of a transport may take.
const checkWithin = 15 * time.Second

type transportLimits struct {
	PerSecond *int `json:"per_second" extensions:"x-nullable" example:"10"`
	PerMinute *int `json:"per_minute" extensions:"x-nullable"`
	PerHour   *int `json:"per_hour" extensions:"x-nullable"`
	PerDay    *int `json:"per_day" extensions:"x-nullable" example:"50000"`
} //	@name	TransportLimits

// transportState is where a way out stands. Resting: it was in trouble, and no
// mail goes by it for now. Unusable: its password was encrypted under another
// secret key.
type transportState string

const (
	stateOK       transportState = "ok"
	stateResting  transportState = "resting"
	stateUnusable transportState = "unusable"
)

// transport is what users see of a way out: its id and its name. The rest is
// for superusers.
type transport struct {
	ID   int64  `json:"id" validate:"required" example:"2"`
	Name string `json:"name" validate:"required" example:"The provider"`
	*transportSettings
} //	@name	Transport

type transportSettings struct {
	Host        string          `json:"host" example:"smtp.example.com"`
	Port        int             `json:"port" example:"587"`
	TLS         model.TLSMode   `json:"tls" swaggertype:"string" enums:"required,optional,none,implicit"`
	Username    string          `json:"username" example:"postrider"`
	HasPassword bool            `json:"has_password"`
	Bounce      string          `json:"bounce" example:"bounces@example.com"` // envelope sender; the mail's own where empty
	Connections int             `json:"connections" example:"10"`
	Limits      transportLimits `json:"limits"`
	Enabled     bool            `json:"enabled"`
	Order       int             `json:"order" example:"1"`
	State       transportState  `json:"state" swaggertype:"string" enums:"ok,resting,unusable"`
	Until       *time.Time      `json:"until" extensions:"x-nullable"`
	Reason      string          `json:"reason" example:"connection"` // connection, auth, password_unreadable, or empty
	Answer      string          `json:"answer"`                      // what the server said
	CreatedAt   time.Time       `json:"created_at"`
	UpdatedAt   time.Time       `json:"updated_at"`
}

// transportList is the body of the list, which ends with what is tried last.
type transportList struct {
	Items      []transport       `json:"items" validate:"required"`
	NextCursor *string           `json:"next_cursor" validate:"required" extensions:"x-nullable"`
	Total      *int64            `json:"total,omitempty"`
	Default    *DefaultTransport `json:"default,omitempty"` // that of the settings, for superusers; absent where there is none
} //	@name	TransportList

// DefaultTransport is the way out that the settings name.
type DefaultTransport struct {
	Host string `json:"host" validate:"required" example:"smtp.example.com"`
	Port int    `json:"port" validate:"required" example:"587"`
} //	@name	DefaultTransport

type transportRequest struct {
	Name        string           `json:"name" validate:"required" example:"The provider"`
	Host        string           `json:"host" validate:"required" example:"smtp.example.com"`
	Port        *int             `json:"port" extensions:"x-nullable" example:"587"`
	TLS         model.TLSMode    `json:"tls" swaggertype:"string" enums:"required,optional,none,implicit"`
	Username    string           `json:"username" example:"postrider"`
	Password    *string          `json:"password" extensions:"x-nullable"`
	Bounce      string           `json:"bounce" example:"bounces@example.com"`
	Connections int              `json:"connections" default:"10"`
	Limits      *transportLimits `json:"limits" extensions:"x-nullable"`
	Enabled     bool             `json:"enabled" default:"true"`
	Order       int              `json:"order" default:"0"`
} //	@name	TransportRequest

// kept stands in a request for the password that is there.
var kept = new(string)

// transportRequestOf is the body that would change nothing.
func transportRequestOf(t *model.Transport) transportRequest {
	limits, port := transportLimits(t.Limits), t.Port // a copy: apply writes to t
	in := transportRequest{
		Name: t.Name, Host: t.Host, Port: &port, TLS: t.TLS, Username: t.Username, Bounce: t.Bounce,
		Connections: t.Connections, Limits: &limits, Enabled: t.Enabled, Order: t.Position,
	}
	if t.PasswordSealed != "" {
		in.Password = kept
	}
	return in
}

// apply puts the settings into a transport, but for the password.
func (in *transportRequest) apply(t *model.Transport) {
	if in.TLS == "" {
		in.TLS = model.DefaultTLS(in.Host)
	}
	t.Name, t.Host, t.TLS = in.Name, in.Host, in.TLS
	t.Port = model.DefaultPort(in.TLS)
	if in.Port != nil {
		t.Port = *in.Port
	}
	t.Username, t.Bounce, t.Connections, t.Limits = in.Username, in.Bounce, in.Connections, model.Limits{}
	if in.Limits != nil {
		t.Limits = model.Limits(*in.Limits)
	}
	t.Enabled, t.Position = in.Enabled, in.Order
}

// bindTransport reads the body into a transport and tells all that is wrong
// with it.
func (s *Server) bindTransport(c echo.Context, in transportRequest, t *model.Transport) error {
	before := *t
	err := bindAnd(c, &in, func() error {
		in.apply(t)
		var bad model.Fields
		switch {
		case in.Password == nil, in.Password != kept && *in.Password == "":
			in.Password = nil
		case in.Username == "":
			bad.Add("username", "required", "a password needs a user name")
		case in.Password == kept && (!strings.EqualFold(before.Host, t.Host) || before.Port != t.Port || t.TLS.Weaker(before.TLS)):
			// else whoever may change a transport could have its password sent to a server of theirs, or in clear text
			bad.Add("password", "required", "give the password again: the one that is kept is for the server, the port and the protection it was given for")
		case utf8.RuneCountInString(*in.Password) > maxPassword:
			bad.Add("password", "too_long", "must be at most %d characters long", maxPassword)
		case strings.ContainsFunc(*in.Password, unicode.IsControl):
			bad.Add("password", "control_character", "must not contain control characters")
		}
		return model.Together(bad.Err(), store.CheckTransport(t))
	})
	if err != nil {
		return err
	}
	switch in.Password {
	case nil:
		t.PasswordSealed = ""
	case kept:
		if t.TLS == before.TLS {
			break
		}
		if password, err := s.Sealer.OpenPassword(&before); err == nil { // one that cannot be read stays so
			t.PasswordSealed = s.Sealer.SealPassword(t, password)
		}
	default:
		t.PasswordSealed = s.Sealer.SealPassword(t, *in.Password)
	}
	return nil
}

// transportOf shows a way out to a superuser.
func (s *Server) transportOf(t *model.Transport, breakers map[string]model.Breaker) transport {
	out := transport{ID: t.ID, Name: t.Name, transportSettings: &transportSettings{
		Host: t.Host, Port: t.Port, TLS: t.TLS, Username: t.Username, HasPassword: t.PasswordSealed != "", Bounce: t.Bounce,
		Connections: t.Connections, Limits: transportLimits(t.Limits), Enabled: t.Enabled, Order: t.Position,
		State: stateOK, CreatedAt: t.CreatedAt, UpdatedAt: t.UpdatedAt,
	}}
	if b, known := breakers[store.TransportKey(t.ID)]; known && !b.Proven {
		out.State, out.Until, out.Reason, out.Answer = stateResting, &b.Until, b.Reason, b.Answer
	}
	if _, err := s.passwordOf(t); err != nil {
		out.State, out.Until, out.Reason, out.Answer = stateUnusable, nil, "password_unreadable", err.Error()
	}
	return out
}

func (s *Server) passwordOf(t *model.Transport) (string, error) {
	if t.PasswordSealed == "" {
		return "", nil
	}
	return s.Sealer.OpenPassword(t)
}

// answerTransport answers one way out as it stands.
func (s *Server) answerTransport(c echo.Context, status int, t *model.Transport) error {
	breakers, err := s.Store.Breakers(c.Request().Context())
	if err != nil {
		return err
	}
	setETag(c, t.Version)
	return c.JSON(status, s.transportOf(t, breakers))
}

func (s *Server) pathTransport(c echo.Context) (*model.Transport, error) {
	id, err := idOf(c, "id")
	if err != nil {
		return nil, err
	}
	return s.Store.Transport(c.Request().Context(), id)
}

// transports lists the ways out of the installation.
//
//	@Summary		The transports
//	@Description	In the order in which they are tried. Users see the id and the name of those that are enabled and may choose one for a mailing; superusers see all of all, but no password, and in default the server of the settings (POSTRIDER_SMTP_URL), which is tried after all of them.
//	@Tags			transports
//	@Security		Bearer
//	@Param			limit		query		int		false	"1 … 200, default 50"
//	@Param			cursor		query		string	false	"next_cursor of the page before"
//	@Param			sort		query		string	false	"id, name, order (default); - before it for descending"
//	@Param			with_total	query		bool	false	"count all"
//	@Success		200			{object}	transportList
//	@Failure		401			{object}	problem
//	@Failure		403			{object}	problem	"by an API key without the scope"
//	@Failure		422			{object}	problem
//	@Failure		503			{object}	problem
//	@Router			/transports [get]
func (s *Server) transports(c echo.Context) error {
	q, all := queryOf(c, pageNames()...), viewerOf(c).Superuser
	page, err := s.Store.Transports(c.Request().Context(), !all, q.page())
	if err != nil {
		return err
	}
	if !all {
		return c.JSON(http.StatusOK, transportListOf(page, func(t *model.Transport) transport { return transport{ID: t.ID, Name: t.Name} }))
	}
	breakers, err := s.Store.Breakers(c.Request().Context())
	if err != nil {
		return err
	}
	out := transportListOf(page, func(t *model.Transport) transport { return s.transportOf(t, breakers) })
	out.Default = s.DefaultTransport
	return c.JSON(http.StatusOK, out)
}

func transportListOf(page store.List[model.Transport], item func(*model.Transport) transport) transportList {
	l := listOf(page, item)
	return transportList{Items: l.Items, NextCursor: l.NextCursor, Total: l.Total}
}

// transport shows one way out.
//
//	@Summary	One transport
//	@Tags		transports
//	@Security	Bearer
//	@Param		id	path		int	true	"the transport"
//	@Success	200	{object}	transport
//	@Failure	401	{object}	problem
//	@Failure	403	{object}	problem
//	@Failure	404	{object}	problem
//	@Failure	503	{object}	problem
//	@Router		/transports/{id} [get]
func (s *Server) transport(c echo.Context) error {
	t, err := s.pathTransport(c)
	if err != nil {
		return err
	}
	return s.answerTransport(c, http.StatusOK, t)
}

// createTransport makes a way out.
//
//	@Summary		Make a transport
//	@Description	Workers use it within two seconds. Without tls it is required, on loopback optional; without port it is 25, with implicit TLS 465.
//	@Tags			transports
//	@Security		Bearer
//	@Param			body			body		transportRequest	true	"the transport"
//	@Param			Idempotency-Key	header		string				false	"makes a repeat within 24 hours answer the same and make nothing more"	maxlength(255)
//	@Success		201				{object}	transport
//	@Failure		400				{object}	problem
//	@Failure		401				{object}	problem
//	@Failure		403				{object}	problem
//	@Failure		409				{object}	problem	"the name is taken"
//	@Failure		413				{object}	problem
//	@Failure		415				{object}	problem
//	@Failure		422				{object}	problem
//	@Failure		503				{object}	problem
//	@Router			/transports [post]
func (s *Server) createTransport(c echo.Context) error {
	in := transportRequest{Connections: 10, Enabled: true}
	var t model.Transport
	if err := s.bindTransport(c, in, &t); err != nil {
		return err
	}
	if err := s.Store.CreateTransport(c.Request().Context(), &t); err != nil {
		return err
	}
	return s.answerTransport(c, http.StatusCreated, &t)
}

// updateTransport changes a way out.
//
//	@Summary		Change a transport
//	@Description	Workers use it as it is now within two seconds; mails on the wire end as they began. A password that is absent stays, null or an empty one clears it; with another host or port, or a weaker tls, it must be given again. What was known of its troubles is forgotten.
//	@Tags			transports
//	@Security		Bearer
//	@Param			id			path		int					true	"the transport"
//	@Param			If-Match	header		string				false	"the ETag that was read"
//	@Param			body		body		transportRequest	true	"what changes"
//	@Success		200			{object}	transport
//	@Failure		400			{object}	problem
//	@Failure		401			{object}	problem
//	@Failure		403			{object}	problem
//	@Failure		404			{object}	problem
//	@Failure		409			{object}	problem	"the name is taken"
//	@Failure		412			{object}	problem
//	@Failure		413			{object}	problem
//	@Failure		415			{object}	problem
//	@Failure		422			{object}	problem
//	@Failure		503			{object}	problem
//	@Router			/transports/{id} [patch]
func (s *Server) updateTransport(c echo.Context) error {
	t, err := s.pathTransport(c)
	if err != nil {
		return err
	}
	t, err = s.Store.ChangeTransport(c.Request().Context(), t.ID, ifMatch(c), func(t *model.Transport) error {
		return s.bindTransport(c, transportRequestOf(t), t)
	})
	if err != nil {
		return err
	}
	return s.answerTransport(c, http.StatusOK, t)
}

// deleteTransport removes a way out.
//
//	@Summary		Delete a transport
//	@Description	Mails on the wire end; reports keep its name. One that an unfinished mailing has chosen stays: disable it.
//	@Tags			transports
//	@Security		Bearer
//	@Param			id			path	int		true	"the transport"
//	@Param			If-Match	header	string	false	"the ETag that was read"
//	@Success		204
//	@Failure		401	{object}	problem
//	@Failure		403	{object}	problem
//	@Failure		404	{object}	problem
//	@Failure		409	{object}	problem	"an unfinished mailing has chosen it"
//	@Failure		412	{object}	problem
//	@Failure		503	{object}	problem
//	@Router			/transports/{id} [delete]
func (s *Server) deleteTransport(c echo.Context) error {
	id, err := idOf(c, "id")
	if err != nil {
		return err
	}
	if err := s.Store.DeleteTransport(c.Request().Context(), id, ifMatch(c)); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

type transportCheck struct {
	OK         bool        `json:"ok" validate:"required"`
	Phase      model.Phase `json:"phase" validate:"required" swaggertype:"string" enums:"connect,ehlo,starttls,auth"` // the last step that was tried
	Code       int         `json:"code" validate:"required" example:"235"`                                            // of the last reply, 0 when none came
	Enhanced   string      `json:"enhanced" validate:"required" example:"2.7.0"`
	Response   string      `json:"response" validate:"required" example:"Authentication successful"`
	Extensions []string    `json:"extensions" validate:"required" example:"PIPELINING"`
	TLS        string      `json:"tls" validate:"required" example:"TLS 1.3"` // empty in clear text
	DurationMS int64       `json:"duration_ms" validate:"required" example:"120"`
} //	@name	TransportCheck

// checkTransport tries a way out.
//
//	@Summary		Try a transport
//	@Description	Connects, secures, greets, logs in and leaves, within 15 seconds; sends no mail. The answer is 200 also when the server refuses: then ok is false and response says why. A server that works ends the rest of its transport.
//	@Tags			transports
//	@Security		Bearer
//	@Param			id	path		int	true	"the transport"
//	@Success		200	{object}	transportCheck
//	@Failure		400	{object}	problem
//	@Failure		401	{object}	problem
//	@Failure		403	{object}	problem
//	@Failure		404	{object}	problem
//	@Failure		409	{object}	problem	"its password cannot be read"
//	@Failure		413	{object}	problem
//	@Failure		415	{object}	problem
//	@Failure		422	{object}	problem
//	@Failure		503	{object}	problem
//	@Router			/transports/{id}/check [post]
func (s *Server) checkTransport(c echo.Context) error {
	t, err := s.pathTransport(c)
	if err != nil {
		return err
	}
	if err := bind(c, &struct{}{}); err != nil {
		return err
	}
	password, err := s.passwordOf(t)
	if err != nil {
		return model.E(model.Conflict, "the password of this transport was encrypted with another secret key; give it again")
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), checkWithin)
	defer cancel()
	out := s.CheckTransport(ctx, t, password)
	if out.OK {
		if err := s.Store.CloseBreaker(c.Request().Context(), store.TransportKey(t.ID), true); err != nil {
			return err
		}
	}
	return c.JSON(http.StatusOK, transportCheck{
		OK: out.OK, Phase: out.Phase, Code: out.Code, Enhanced: out.Enhanced, Response: out.Response,
		Extensions: append([]string{}, out.Extensions...), TLS: out.TLS, DurationMS: out.Took.Milliseconds(),
	})
}
