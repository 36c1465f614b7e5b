package api

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"hash"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

const (
	keyHeader      = "Idempotency-Key"
	replayedHeader = "Idempotency-Replayed"
	maxKey         = 255

	// firstWithin is when a request that has not answered is dead: later than
	// answerWithin, after which it can commit nothing.
	firstWithin = answerWithin + 5*time.Second
	keepWithin  = 3 * time.Second // for keeping the answer, also of a caller who has left
)

// waitFirst is how long a repeated call waits for the first, and how often it
// looks.
type waitFirst struct{ whole, look time.Duration }

// remake answers for what a call made whose answer was lost.
type remake func(c echo.Context, id int64) error

// onceOnly are the calls that take an Idempotency-Key: those that make
// something. Accounts and keys to them are not among them, as their answers
// hold secrets, which must not be kept.
func (s *Server) onceOnly() map[string]remake {
	tested := func(c echo.Context, id int64) error { return c.JSON(http.StatusAccepted, testSent{ID: id}) }
	mailing := func(status int) remake {
		return func(c echo.Context, id int64) error {
			m, err := s.Store.Mailing(c.Request().Context(), viewerOf(c), id)
			if err != nil {
				return err
			}
			return answerMailing(c, status, m)
		}
	}
	return map[string]remake{
		"/clients": func(c echo.Context, id int64) error {
			row, err := s.Store.Client(c.Request().Context(), viewerOf(c), id)
			if err != nil {
				return err
			}
			return created(c, "/clients/", row.ID, row.Version, clientOf(row))
		},
		"/suppressions": func(c echo.Context, id int64) error {
			row, err := s.Store.Suppression(c.Request().Context(), viewerOf(c), id)
			if err != nil {
				return err
			}
			return created(c, "/suppressions/", row.ID, 0, suppressionOf(row))
		},
		"/messages": func(c echo.Context, id int64) error {
			row, err := s.Store.Message(c.Request().Context(), viewerOf(c), id)
			if err != nil {
				return err
			}
			return created(c, "/messages/", row.ID, row.Version, messageOf(row))
		},
		"/messages/:id/test":      tested,
		"/mailings":               mailing(http.StatusCreated),
		"/mailings/:id/start":     mailing(http.StatusAccepted),
		"/mailings/:id/duplicate": mailing(http.StatusCreated),
		"/mailings/:id/test":      tested,
		"/reports/:run_id/retry": func(c echo.Context, id int64) error {
			return c.JSON(http.StatusAccepted, retryResponse{RunID: id})
		},
		"/groups": func(c echo.Context, id int64) error {
			g, err := s.Store.Group(c.Request().Context(), id)
			if err != nil {
				return err
			}
			setETag(c, g.Version)
			return c.JSON(http.StatusCreated, groupOf(g))
		},
		"/transports": func(c echo.Context, id int64) error {
			t, err := s.Store.Transport(c.Request().Context(), id)
			if err != nil {
				return err
			}
			return s.answerTransport(c, http.StatusCreated, t)
		},
	}
}

// once carries a call with an Idempotency-Key out one time: whoever sends the
// same again, to the same path as the same caller, is answered what the first one
// was, whatever happened to that answer. A caller is a user who signed in, or an
// API key: what a key was told is for no other, as that may carry fewer scopes. A body that cannot be read is the
// handler's to refuse, and leaves the key free.
func (s *Server) once(again remake, next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		keys := c.Request().Header.Values(keyHeader)
		if len(keys) == 0 {
			return next(c)
		}
		if err := checkKey(keys); err != nil {
			return err
		}
		body, err := bodyOf(c)
		if err != nil {
			return next(c)
		}
		r, err := s.receipt(c, keys[0], body)
		if err != nil {
			return err
		}
		if r.Answer != nil {
			return replay(c, r.Answer)
		}
		ctx := c.Request().Context()
		if r.MadeID != nil {
			c.Response().Header().Set(replayedHeader, "true")
			return s.recorded(c, r, func(c echo.Context) error { return again(c, *r.MadeID) })
		}
		c.SetRequest(c.Request().WithContext(store.WithReceipt(ctx, r)))
		return s.recorded(c, r, next)
	}
}

func checkKey(keys []string) error {
	var bad model.Fields
	key := keys[0]
	switch {
	case len(keys) > 1:
		bad.Add(keyHeader, "invalid", "give one key")
	case key == "":
		bad.Add(keyHeader, "required", "must not be empty")
	case len(key) > maxKey:
		bad.Add(keyHeader, "too_long", "must have at most %d characters", maxKey)
	}
	for _, b := range []byte(key) {
		if b < ' ' || b > '~' {
			bad.Add(keyHeader, "invalid", "may have Latin letters, digits and signs")
			break
		}
	}
	return bad.Err()
}

// receipt finds what is known of a call, once nobody else carries it out.
func (s *Server) receipt(c echo.Context, key string, body map[string]any) (*store.Receipt, error) {
	ctx := c.Request().Context()
	canonical, err := json.Marshal(body) // keys in order: spaces and order make no other body
	if err != nil {
		return nil, err
	}
	u := c.Request().URL
	hashes := s.bodyHashes(string(canonical), u.RawQuery)
	wanted := hashes[0]
	waited := time.NewTimer(s.wait.whole)
	defer waited.Stop()
	for {
		r, err := s.Store.OpenReceipt(ctx, userOf(c).ID, receiptName(u.Path, key, keyOf(c)), wanted, firstWithin)
		switch {
		case err != nil:
			return nil, err
		case r.BodyHash != wanted && slices.Contains(hashes, r.BodyHash): // of before the secret key was exchanged
			wanted = r.BodyHash
			continue
		case r.BodyHash != wanted:
			var bad model.Fields
			bad.Add(keyHeader, "other_body", "this key was used for another body; take a new one")
			return nil, bad.Err()
		case r.Mine || r.Answer != nil:
			return r, nil
		}
		select {
		case <-time.After(s.wait.look):
			if err := s.permit(c); err != nil {
				return nil, err
			}
		case <-waited.C:
			return nil, model.E(model.Conflict, "the first request with this Idempotency-Key is still being answered; try again soon")
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// receiptName tells the calls of a user apart, and those of their API keys from
// each other and from the user's own.
func receiptName(path, key string, by *model.APIKey) string {
	if by == nil {
		return digest(path, key)
	}
	return digest(path, key, strconv.FormatInt(by.ID, 10))
}

func digest(parts ...string) string { return sum(sha256.New(), parts) }

// bodyHashes are those of a body and its query under the present key and the
// former ones. Bodies hold passwords that can be guessed, so that a plain hash
// would give them away with the database.
func (s *Server) bodyHashes(parts ...string) []string {
	var out []string
	for _, key := range s.BodyKeys {
		out = append(out, sum(hmac.New(sha256.New, key), parts))
	}
	return out
}

func sum(h hash.Hash, parts []string) string {
	for _, p := range parts {
		part := sha256.Sum256([]byte(p))
		h.Write(part[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// keptHeaders are what an answer has of its own.
var keptHeaders = []string{echo.HeaderContentType, echo.HeaderLocation, "ETag", "Content-Language"}

func replay(c echo.Context, a *store.Answer) error {
	h := c.Response().Header()
	for name, value := range a.Header {
		h.Set(name, value)
	}
	h.Set(replayedHeader, "true")
	c.Response().WriteHeader(a.Status)
	_, err := c.Response().Write(a.Body)
	return err
}

// recorded answers a call and keeps the answer before it is sent. What may go
// well the next time is not kept: our own trouble, and being too early.
func (s *Server) recorded(c echo.Context, r *store.Receipt, handle echo.HandlerFunc) error {
	response := c.Response()
	out := response.Writer
	record := &recorder{header: out.Header()}
	response.Writer = record
	kept := false
	defer func() { // also when the handler panics
		response.Writer = out
		if !kept {
			s.settleReceipt(c, func(ctx context.Context) error { return s.Store.DropReceipt(ctx, r) })
		}
	}()
	err := handle(c)
	if err != nil {
		s.fail(err, c)
	}
	if record.status < 500 && record.status != http.StatusTooManyRequests {
		kept = true
		a := store.Answer{Status: record.status, Header: map[string]string{}, Body: record.body.Bytes()}
		for _, name := range keptHeaders {
			if value := out.Header().Get(name); value != "" {
				a.Header[name] = value
			}
		}
		s.settleReceipt(c, func(ctx context.Context) error { return s.Store.KeepAnswer(ctx, r, a) })
	}
	out.WriteHeader(record.status)
	_, _ = out.Write(record.body.Bytes()) // the connection is gone if this fails
	return err
}

// settleReceipt says what became of a call. If that fails the call has made one
// thing nonetheless, and who repeats it is told so later.
func (s *Server) settleReceipt(c echo.Context, settle func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request().Context()), keepWithin)
	defer cancel()
	if err := settle(ctx); err != nil {
		s.Log.WarnContext(ctx, "the answer to a call with an Idempotency-Key was not kept", "request_id", requestID(c), "error", err)
	}
}

// recorder holds an answer back.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }
