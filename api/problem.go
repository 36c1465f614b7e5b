package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/model"
)

// The kinds that only HTTP knows, beside those of model.
const (
	malformed        model.Kind = "malformed"
	methodNotAllowed model.Kind = "method_not_allowed"
	tooLarge         model.Kind = "too_large"
	unsupportedMedia model.Kind = "unsupported_media_type"
	internal         model.Kind = "internal"
)

// statuses is the one place that knows the status of an error.
var statuses = map[model.Kind]int{
	malformed:                http.StatusBadRequest,
	model.Unauthenticated:    http.StatusUnauthorized,
	model.Forbidden:          http.StatusForbidden,
	model.NotFound:           http.StatusNotFound,
	methodNotAllowed:         http.StatusMethodNotAllowed,
	model.Conflict:           http.StatusConflict,
	model.PreconditionFailed: http.StatusPreconditionFailed,
	tooLarge:                 http.StatusRequestEntityTooLarge,
	unsupportedMedia:         http.StatusUnsupportedMediaType,
	model.Invalid:            http.StatusUnprocessableEntity,
	model.TooMany:            http.StatusTooManyRequests,
	internal:                 http.StatusInternalServerError,
	model.Unavailable:        http.StatusServiceUnavailable,
}

// problem is the body of every error (RFC 9457 §3.1).
type problem struct {
	Type      string       `json:"type" validate:"required" example:"/problems/invalid"`
	Title     string       `json:"title" validate:"required" example:"Some fields are not valid"`
	Status    int          `json:"status" validate:"required" example:"422"`
	Detail    string       `json:"detail" validate:"required" example:"some fields are not valid"`
	Instance  string       `json:"instance" validate:"required" example:"/api/v1/clients"`
	RequestID string       `json:"request_id" validate:"required" example:"5f1c2d3e4a5b6c7d8e9fa0b1"`
	Errors    []fieldError `json:"errors,omitempty"`
} //	@name	Problem

type fieldError struct {
	Field   string `json:"field" validate:"required" example:"audience.client_ids"`
	Code    string `json:"code" validate:"required" example:"unknown"`
	Message string `json:"message" validate:"required" example:"there is no such client, or it is not yours"`
} //	@name	FieldError

// kindOf finds the expected error in err, or makes one for what Echo, the
// request's end and all surprises say.
func kindOf(err error) *model.Error {
	var known *model.Error
	var he *echo.HTTPError
	var big *http.MaxBytesError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &big):
		return &model.Error{Kind: tooLarge, Message: "the body is larger than 1 MB"}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &model.Error{Kind: model.Unavailable, Message: "it took too long"}
	case errors.As(err, &he):
		for kind, status := range statuses {
			if status == he.Code {
				return &model.Error{Kind: kind}
			}
		}
	}
	return &model.Error{Kind: internal}
}

// fail answers with a problem. It is Echo's error handler; nothing else writes
// an error.
func (s *Server) fail(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	e := kindOf(err)
	status, known := statuses[e.Kind]
	if !known {
		status, e = http.StatusInternalServerError, &model.Error{Kind: internal}
	}
	if e.Kind == model.Forbidden {
		s.auditDenial(c)
	}
	words := language(c)
	p := problem{
		Type:      "/problems/" + string(e.Kind),
		Title:     words.title(e.Kind),
		Status:    status,
		Detail:    words.detail(e),
		Instance:  c.Request().URL.Path,
		RequestID: requestID(c),
	}
	for _, f := range e.Fields {
		p.Errors = append(p.Errors, fieldError{Field: f.Field, Code: f.Code, Message: words.field(f)})
	}
	h := c.Response().Header()
	h.Set("Content-Language", string(words))
	h.Add("Vary", "Accept-Language")
	h.Del("ETag")
	switch e.Kind {
	case model.Unauthenticated:
		h.Set(echo.HeaderWWWAuthenticate, `Bearer realm="postrider"`)
	case model.TooMany, model.Unavailable:
		wait := e.Wait
		if wait == 0 {
			wait = 5 * time.Second
		}
		h.Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	}
	h.Set(echo.HeaderContentType, "application/problem+json")
	c.Response().WriteHeader(status)
	if c.Request().Method != http.MethodHead {
		_ = c.Echo().JSONSerializer.Serialize(c, p, "") // the connection is gone if this fails
	}
}

// notFound is the answer to an id that cannot be one; it equals the store's.
func notFound() error {
	return &model.Error{Kind: model.NotFound, Message: "there is no such thing, or it is not yours"}
}

// panicked is what a handler's panic becomes.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v\n%s", p.value, p.stack) }
