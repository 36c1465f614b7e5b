package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/api"
	"github.com/postrider/postrider/pkg/auth"
	"github.com/postrider/postrider/pkg/limit"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

func confirming(d *api.Deps) { d.ConfirmEmail = true }

// letters writes the mails about accounts that wait, as a worker does, and
// answers those that would be sent.
func (h *harness) letters(t *testing.T) []*model.SystemMail {
	t.Helper()
	ctx := context.Background()
	ids, err := h.store.DueSystemMails(ctx, 100)
	require.NoError(t, err)
	var out []*model.SystemMail
	for _, id := range ids {
		m, err := h.store.TakeSystemMail(ctx, id)
		require.NoError(t, err)
		require.Empty(t, m.Subject+m.Text+m.HTML, "nothing of it is kept")
		some, err := auth.Letters{Service: h.auth, PublicURL: "http://localhost:8080"}.Write(ctx, m)
		require.NoError(t, err)
		now := time.Now()
		m.SentAt = &now
		require.NoError(t, h.store.SettleSystemMail(ctx, m))
		if some {
			out = append(out, m)
		}
	}
	return out
}

// letter demands that one mail is sent, of a kind and to an address.
func (h *harness) letter(t *testing.T, to, subject string) *model.SystemMail {
	t.Helper()
	all := h.letters(t)
	require.Len(t, all, 1)
	require.Equal(t, to, all[0].ToEmail)
	require.Equal(t, subject, all[0].Subject)
	return all[0]
}

// audited demands one event about an account in the audit log.
func (h *harness) audited(t *testing.T, root *caller, action model.AuditAction, email string) {
	t.Helper()
	list, err := h.store.AuditEvents(context.Background(), root.user.Viewer(), store.AuditFilter{Action: action}, store.Page{})
	require.NoError(t, err)
	require.Len(t, list.Items, 1)
	require.Equal(t, email, list.Items[0].ObjectName)
}

var tokenIn = regexp.MustCompile(`http://localhost:8080/(confirm|reset)\?token=([\w-]+)`)

func tokenOf(t *testing.T, m *model.SystemMail) string {
	t.Helper()
	found := tokenIn.FindStringSubmatch(m.Text)
	require.NotNil(t, found, m.Text)
	require.Contains(t, m.HTML, found[0])
	return found[2]
}

// same demands that two answers differ in nothing that tells.
func same(t *testing.T, a, b *answer) {
	t.Helper()
	require.Equal(t, a.status, b.status)
	strip := func(x *answer) (map[string]any, http.Header) {
		body := map[string]any{}
		require.NoError(t, json.Unmarshal(x.body, &body))
		delete(body, "email")
		delete(body, "request_id")
		head := x.header.Clone()
		head.Del("X-Request-Id")
		return body, head
	}
	bodyA, headA := strip(a)
	bodyB, headB := strip(b)
	require.Equal(t, bodyA, bodyB)
	require.Equal(t, headA, headB)
}

func register(email string) fields {
	return fields{"email": email, "password": password, "full_name": "Anna", "locale": "en"}
}

func TestAnAddressIsConfirmed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		anna := h.anonymous()
		asked := anna.do(t, "POST", "/auth/register", register(" Anna@Example.com")).require(t, 202)
		require.JSONEq(t, `{"email":"anna@example.com"}`, string(asked.body))
		in := fields{"email": "anna@example.com", "password": password}
		refused := anna.do(t, "POST", "/auth/login", in)
		require.Contains(t, refused.problem(t, 401, "unauthenticated").Detail, "not confirmed yet")
		same(t, refused, anna.do(t, "POST", "/auth/login", fields{"email": "nobody@example.com", "password": password}))

		mail := h.letter(t, "anna@example.com", "Confirm your address")
		require.Empty(t, mail.ToName, "strangers must not write into mails")
		token := tokenOf(t, mail)
		done := anna.do(t, "POST", "/auth/confirm", fields{"token": token}).require(t, 200)
		require.JSONEq(t, `{"email":"anna@example.com","choose_password":false}`, string(done.body))
		anna.do(t, "POST", "/auth/login", in).require(t, 200)
		anna.do(t, "POST", "/auth/confirm", fields{"token": token}).fields(t, "token:expired")

		// the same answer for an address that has an account, and another mail
		same(t, asked, anna.do(t, "POST", "/auth/register", register("anna@example.com")))
		require.NotContains(t, h.letter(t, "anna@example.com", "You have an account already").Text, "token")
		anna.do(t, "POST", "/auth/login", in).require(t, 200)
		root := h.superuser(t)
		require.Contains(t, string(root.do(t, "GET", "/users?with_total=true", nil).require(t, 200).body), `"total":2`)
	}, confirming)
}

func TestTheMailAboutARegistrationIsSentAgain(t *testing.T) {
	t.Parallel()
	h := one(t, confirming)
	anna := h.anonymous()
	anna.do(t, "POST", "/auth/register", fields{"email": "anna@example.com", "password": password, "locale": "ru", "timezone": "Europe/Moscow"}).require(t, 202)
	first := tokenOf(t, h.letter(t, "anna@example.com", "Подтвердите адрес"))
	known := anna.do(t, "POST", "/auth/confirm/resend", fields{"email": "anna@example.com"}).require(t, 202)
	again := h.letter(t, "anna@example.com", "Подтвердите адрес")
	require.Contains(t, again.Text, "(Europe/Moscow)")
	same(t, known, anna.do(t, "POST", "/auth/confirm/resend", fields{"email": "nobody@example.com"}))
	require.Empty(t, h.letters(t))
	anna.do(t, "POST", "/auth/confirm", fields{"token": tokenOf(t, again)}).require(t, 200)
	anna.do(t, "POST", "/auth/confirm", fields{"token": first}).fields(t, "token:expired")
	anna.do(t, "POST", "/auth/confirm/resend", fields{"email": "no address"}).fields(t, "email:invalid_email")
}

// TestTheReaderOfTheMailboxChoosesThePassword: of several registrations of an
// address nobody can tell which is its owner's, whichever link is taken. So none
// of their passwords counts, and nothing else of a stranger either.
func TestTheReaderOfTheMailboxChoosesThePassword(t *testing.T) {
	t.Parallel()
	const strangers = "the password of a stranger"
	links := map[string]func(*harness, *caller, string, string) string{
		"their own":    func(_ *harness, _ *caller, mine, _ string) string { return mine },
		"the stranger": func(_ *harness, _ *caller, _, theirs string) string { return theirs },
		"sent again": func(h *harness, anybody *caller, _, _ string) string {
			anybody.do(t, "POST", "/auth/confirm/resend", fields{"email": "anna@example.com"}).require(t, 202)
			return tokenOf(t, h.letter(t, "anna@example.com", "Confirm your address"))
		},
	}
	for name, link := range links {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, h *harness) {
				anybody := h.anonymous()
				anybody.do(t, "POST", "/auth/register", register("anna@example.com")).require(t, 202)
				mine := tokenOf(t, h.letter(t, "anna@example.com", "Confirm your address"))
				anybody.do(t, "POST", "/auth/register", fields{"email": "anna@example.com", "password": strangers, "full_name": "Buy at evil.example"}).require(t, 202)
				theirs := tokenOf(t, h.letter(t, "anna@example.com", "Confirm your address"))

				done := anybody.do(t, "POST", "/auth/confirm", fields{"token": link(h, anybody, mine, theirs)}).require(t, 200)
				require.JSONEq(t, `{"email":"anna@example.com","choose_password":true}`, string(done.body))
				for _, token := range []string{mine, theirs} {
					anybody.do(t, "POST", "/auth/confirm", fields{"token": token}).fields(t, "token:expired")
				}
				for _, known := range []string{password, strangers} {
					anybody.do(t, "POST", "/auth/login", fields{"email": "anna@example.com", "password": known}).problem(t, 401, "unauthenticated")
				}
				mail := h.letter(t, "anna@example.com", "Choose a new password")
				require.Empty(t, mail.ToName, "strangers must not write into mails")
				anybody.do(t, "POST", "/auth/password/reset", fields{"token": tokenOf(t, mail), "password": "what the owner chose"}).require(t, 200)
				anybody.do(t, "POST", "/auth/login", fields{"email": "anna@example.com", "password": "what the owner chose"}).require(t, 200)
			}, confirming)
		})
	}
}

// TestAnOldRegistrationSpoilsNothing: one that nobody can confirm any more does
// not count.
func TestAnOldRegistrationSpoilsNothing(t *testing.T) {
	t.Parallel()
	h := one(t, confirming)
	anybody := h.anonymous()
	anybody.do(t, "POST", "/auth/register", fields{"email": "anna@example.com", "password": "the password of a stranger"}).require(t, 202)
	h.letters(t)
	h.store.MoveClock(store.RegistrationLife + time.Second)
	anybody.do(t, "POST", "/auth/register", register("anna@example.com")).require(t, 202)
	token := tokenOf(t, h.letter(t, "anna@example.com", "Confirm your address"))
	done := anybody.do(t, "POST", "/auth/confirm", fields{"token": token}).require(t, 200)
	require.JSONEq(t, `{"email":"anna@example.com","choose_password":false}`, string(done.body))
	anybody.do(t, "POST", "/auth/login", fields{"email": "anna@example.com", "password": password}).require(t, 200)
}

func TestTwentyConfirmationsMakeOneAccount(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		anybody := h.anonymous()
		anybody.do(t, "POST", "/auth/register", register("anna@example.com")).require(t, 202)
		token := tokenOf(t, h.letter(t, "anna@example.com", "Confirm your address"))
		require.Equal(t, 1, wins(20, func() bool {
			return anybody.do(t, "POST", "/auth/confirm", fields{"token": token}).status == 200
		}))
	}, confirming)
}

// wins counts how many of n calls at once succeed.
func wins(n int, call func() bool) int {
	var wg sync.WaitGroup
	won := make([]bool, n)
	for i := range won {
		wg.Go(func() { won[i] = call() })
	}
	wg.Wait()
	count := 0
	for _, w := range won {
		if w {
			count++
		}
	}
	return count
}

func TestAForgottenPassword(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		anna, boris, root, anybody := h.user(t), h.user(t), h.superuser(t), h.anonymous()
		h.letters(t)
		root.do(t, "PATCH", fmt.Sprintf("/users/%d", boris.user.ID), fields{"is_active": false}).require(t, 200)
		known := anybody.do(t, "POST", "/auth/password/forgot", fields{"email": strings.ToUpper(anna.user.Email)}).require(t, 202)
		for _, email := range []string{"nobody@example.com", boris.user.Email} {
			same(t, known, anybody.do(t, "POST", "/auth/password/forgot", fields{"email": email}))
		}
		anybody.do(t, "POST", "/auth/password/forgot", fields{"email": ""}).fields(t, "email:required")
		token := tokenOf(t, h.letter(t, anna.user.Email, "Choose a new password"))
		anybody.do(t, "POST", "/auth/password/forgot", fields{"email": anna.user.Email}).require(t, 202)
		other := tokenOf(t, h.letter(t, anna.user.Email, "Choose a new password"))
		anna.do(t, "GET", "/me", nil).require(t, 200)

		reset := func(token, password string) *answer {
			return anybody.do(t, "POST", "/auth/password/reset", fields{"token": token, "password": password})
		}
		const next = "quite another password"
		reset("", "short").fields(t, "token:required", "password:too_short")
		reset(token, anna.user.Email).fields(t, "password:too_common")
		reset(token+"A", next).fields(t, "token:expired")
		reset(token[:20]+"AAAA"+token[24:], next).fields(t, "token:expired")
		anybody.do(t, "POST", "/auth/confirm", fields{"token": token}).fields(t, "token:expired") // for something else
		require.Equal(t, 1, wins(20, func() bool { return reset(token, next).status == 200 }), "it works once")
		reset(other, "a third long password").fields(t, "token:expired") // the older links end with it
		anna.do(t, "GET", "/me", nil).problem(t, 401, "unauthenticated")
		anybody.do(t, "POST", "/auth/login", fields{"email": anna.user.Email, "password": password}).problem(t, 401, "unauthenticated")
		anybody.do(t, "POST", "/auth/login", fields{"email": anna.user.Email, "password": next}).require(t, 200)
		h.letter(t, anna.user.Email, "Your password was changed")
		h.audited(t, root, model.AuditPasswordReset, anna.user.Email)
	})
}

func TestLinksOfMailsGrowOld(t *testing.T) {
	t.Parallel()
	h := one(t, confirming)
	anna, anybody := h.user(t), h.anonymous()
	h.letters(t)
	anybody.do(t, "POST", "/auth/password/forgot", fields{"email": anna.user.Email}).require(t, 202)
	reset := tokenOf(t, h.letter(t, anna.user.Email, "Choose a new password"))
	anybody.do(t, "POST", "/auth/register", register("new@example.com")).require(t, 202)
	confirm := tokenOf(t, h.letter(t, "new@example.com", "Confirm your address"))
	h.store.MoveClock(auth.ResetLife + time.Minute)
	anybody.do(t, "POST", "/auth/password/reset", fields{"token": reset, "password": "quite another password"}).fields(t, "token:expired")
	h.store.MoveClock(store.RegistrationLife)
	anybody.do(t, "POST", "/auth/confirm", fields{"token": confirm}).fields(t, "token:expired")
	anybody.do(t, "POST", "/auth/confirm/resend", fields{"email": "new@example.com"}).require(t, 202)
	require.Empty(t, h.letters(t))
}

// TestABlockedAccountIsNotReset: a link that was sent before the block.
func TestABlockedAccountIsNotReset(t *testing.T) {
	t.Parallel()
	h := one(t)
	anna, root := h.user(t), h.superuser(t)
	h.letters(t)
	h.anonymous().do(t, "POST", "/auth/password/forgot", fields{"email": anna.user.Email}).require(t, 202)
	token := tokenOf(t, h.letter(t, anna.user.Email, "Choose a new password"))
	root.do(t, "PATCH", fmt.Sprintf("/users/%d", anna.user.ID), fields{"is_active": false}).require(t, 200)
	h.anonymous().do(t, "POST", "/auth/password/reset", fields{"token": token, "password": "quite another password"}).fields(t, "token:expired")
}

// TestAStolenRefreshToken: its family ends, its owner gets a mail, and the audit
// log an event.
func TestAStolenRefreshToken(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		anna, root := h.user(t), h.superuser(t)
		var first, second, third pair
		anna.do(t, "POST", "/auth/login", fields{"email": anna.user.Email, "password": password}, header{"User-Agent", "Anna's <browser>"}).require(t, 200).json(t, &first)
		anna.do(t, "POST", "/auth/refresh", fields{"refresh_token": first.RefreshToken}).require(t, 200).json(t, &second)
		anna.do(t, "POST", "/auth/refresh", fields{"refresh_token": first.RefreshToken}).require(t, 200) // a lost answer
		anna.do(t, "POST", "/auth/refresh", fields{"refresh_token": second.RefreshToken}).require(t, 200).json(t, &third)
		h.letters(t)
		anna.do(t, "POST", "/auth/refresh", fields{"refresh_token": first.RefreshToken}).problem(t, 401, "unauthenticated")
		mail := h.letter(t, anna.user.Email, "A session of yours was ended")
		require.Contains(t, mail.Text, "Anna's <browser>")
		require.Contains(t, mail.HTML, "Anna&#39;s &lt;browser&gt;")
		anna.token = third.AccessToken
		anna.do(t, "GET", "/me", nil).problem(t, 401, "unauthenticated")
		anna.do(t, "POST", "/auth/refresh", fields{"refresh_token": third.RefreshToken}).problem(t, 401, "unauthenticated")
		require.Empty(t, h.letters(t), "once")
		h.audited(t, root, model.AuditFamilyRevoked, anna.user.Email)
	})
}

// TestThePredecessorIsStolenAfterItsGrace: the direct predecessor is answered
// for ten seconds and no longer.
func TestThePredecessorIsStolenAfterItsGrace(t *testing.T) {
	t.Parallel()
	h := one(t)
	anna := h.user(t)
	var first, second pair
	anna.do(t, "POST", "/auth/login", fields{"email": anna.user.Email, "password": password}).require(t, 200).json(t, &first)
	anna.do(t, "POST", "/auth/refresh", fields{"refresh_token": first.RefreshToken}).require(t, 200).json(t, &second)
	h.store.MoveClock(store.RefreshGrace + time.Second)
	anna.do(t, "POST", "/auth/refresh", fields{"refresh_token": first.RefreshToken}).problem(t, 401, "unauthenticated")
	anna.do(t, "POST", "/auth/refresh", fields{"refresh_token": second.RefreshToken}).problem(t, 401, "unauthenticated")
}

func TestAPasswordChangeIsToldByMail(t *testing.T) {
	t.Parallel()
	h := one(t)
	anna := h.user(t)
	h.letters(t)
	anna.do(t, "POST", "/me/password", fields{"current_password": password, "new_password": "quite another password"}).require(t, 204)
	h.letter(t, anna.user.Email, "Your password was changed")
}

func TestRegistrationSwitchedOff(t *testing.T) {
	t.Parallel()
	h := one(t, confirming, func(d *api.Deps) { d.Registration = false })
	h.anonymous().do(t, "POST", "/auth/register", register("anna@example.com")).problem(t, 403, "forbidden")
	require.Empty(t, h.letters(t))
}

func limited(d *api.Deps) { d.Limiter = limit.New(nil, slog.New(slog.DiscardHandler)) }

// until calls until it is told that this was too often, and answers after how
// many calls.
func until(t *testing.T, most int, want int, call func() *answer) int {
	t.Helper()
	for n := range most {
		a := call()
		if a.status == 429 {
			a.problem(t, 429, "too_many")
			require.Regexp(t, `^[1-9]\d*$`, a.header.Get("Retry-After"))
			return n
		}
		a.require(t, want)
	}
	require.Fail(t, "there is no limit")
	return 0
}

// from is a call from an address, by a proxy that is believed.
func from(address string) header { return header{"X-Forwarded-For", address} }

func behindAProxy(d *api.Deps) { d.TrustedProxies = proxies("192.0.2.1/32") } // httptest's peer

func TestSignInsAreLimited(t *testing.T) {
	t.Parallel()
	h := one(t, limited, behindAProxy)
	anna, anybody := h.user(t), h.anonymous()
	try := func(email, password, address string) *answer {
		return anybody.do(t, "POST", "/auth/login", fields{"email": email, "password": password}, from(address))
	}
	for range 12 {
		try(anna.user.Email, password, "203.0.113.1").require(t, 200) // of what guesses are counted by, success costs nothing
	}
	known := until(t, 20, 401, func() *answer { return try(anna.user.Email, "a guess", "203.0.113.1") })
	require.Equal(t, known, until(t, 20, 401, func() *answer { return try("nobody@example.com", "a guess", "203.0.113.1") }), "unknown accounts have the same limit")
	require.Equal(t, 429, try(anna.user.Email, password, "203.0.113.1").status, "also for the right password, else guessing could go on")
	try(anna.user.Email, password, "203.0.113.2").require(t, 200) // elsewhere its owner still gets in
	require.Equal(t, 429, try(strings.ToUpper(anna.user.Email), "a guess", "203.0.113.1").status)

	// who signs in without end is told to stop, but for want of a hash of their own
	api.Spend(h.api.Limiter, "all sign in as "+anna.user.Email+" from 203.0.113.9", api.AllSignInsOfBoth)
	try(anna.user.Email, password, "203.0.113.9").require(t, 200)
	require.Equal(t, 429, try(anna.user.Email, password, "203.0.113.9").status)
	try(anna.user.Email, password, "203.0.113.8").require(t, 200)
	api.Spend(h.api.Limiter, "all sign ins from 203.0.113.7", api.AllSignInsOfAddress)
	try(anna.user.Email, password, "203.0.113.7").require(t, 200)
	require.Equal(t, 429, try("z@example.com", password, "203.0.113.7").status)

	// one address, many accounts
	api.Spend(h.api.Limiter, "sign in from 2001:db8::/64", api.SignInsOfAddress)
	try("x@example.com", "a guess", "2001:db8::1").require(t, 401)
	require.Equal(t, 429, try("y@example.com", "a guess", "2001:db8::2").status, "an IPv6 customer is one address")
	// one account, many addresses
	api.Spend(h.api.Limiter, "sign in as victim@example.com", api.SignInsOfAccount)
	try("victim@example.com", "a guess", "198.51.100.1").require(t, 401)
	require.Equal(t, 429, try("victim@example.com", "a guess", "198.51.100.2").status)
}

// TestASignInWithoutAnAnswerForgivesNoGuess: one that fails for want of a
// database, or of a turn to hash, costs nothing and gives nothing back.
func TestASignInWithoutAnAnswerForgivesNoGuess(t *testing.T) {
	t.Parallel()
	h := one(t, limited)
	anna := h.user(t)
	guess := func() *answer {
		return h.anonymous().do(t, "POST", "/auth/login", fields{"email": anna.user.Email, "password": "a guess"})
	}
	for range 6 {
		guess().require(t, 401)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	for range 20 {
		r := httptest.NewRequestWithContext(gone, "POST", "/api/v1/auth/login", strings.NewReader(fmt.Sprintf(`{"email":%q,"password":"a guess"}`, anna.user.Email)))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.api.ServeHTTP(w, r)
		require.GreaterOrEqual(t, w.Code, 499, "%s", w.Body)
	}
	require.Equal(t, 4, until(t, 20, 401, guess))
}

// TestAForgedAddressHasNoLimitOfItsOwn: X-Forwarded-For of a stranger changes
// nothing.
func TestAForgedAddressHasNoLimitOfItsOwn(t *testing.T) {
	t.Parallel()
	h := one(t, limited)
	api.Spend(h.api.Limiter, "sign in from 192.0.2.1", api.SignInsOfAddress)
	in := fields{"email": "nobody@example.com", "password": "a guess"}
	h.anonymous().do(t, "POST", "/auth/login", in, from("203.0.113.1")).require(t, 401)
	h.anonymous().do(t, "POST", "/auth/login", in, from("203.0.113.2")).require(t, 429)
}

func TestMailsToStrangersAreLimited(t *testing.T) {
	t.Parallel()
	h := one(t, limited, behindAProxy, confirming)
	anna, anybody := h.user(t), h.anonymous()
	n := 0
	call := func(path, email string) func() *answer {
		return func() *answer {
			n++
			return anybody.do(t, "POST", path, register(email), from(fmt.Sprintf("203.0.113.%d", n)))
		}
	}
	forgot := func(email string) func() *answer {
		return func() *answer {
			n++
			return anybody.do(t, "POST", "/auth/password/forgot", fields{"email": email}, from(fmt.Sprintf("203.0.113.%d", n)))
		}
	}
	known := until(t, 20, 202, forgot(anna.user.Email))
	require.Equal(t, known, until(t, 20, 202, forgot("nobody@example.com")))
	require.Equal(t, 429, call("/auth/register", anna.user.Email)().status, "one limit for all mails to an address")
	require.Positive(t, until(t, 20, 202, call("/auth/register", "new@example.com")))

	i := 0
	require.Positive(t, until(t, 100, 202, func() *answer { // one address, many mails
		i++
		return anybody.do(t, "POST", "/auth/password/forgot", fields{"email": fmt.Sprintf("u%d@example.com", i)}, from("198.51.100.7"))
	}))
	require.Positive(t, until(t, 100, 422, func() *answer {
		return anybody.do(t, "POST", "/auth/password/reset", fields{"token": "x", "password": password}, from("198.51.100.8"))
	}))
	require.Positive(t, until(t, 100, 422, func() *answer {
		return anybody.do(t, "POST", "/auth/confirm", fields{"token": "x"}, from("198.51.100.9"))
	}))
}

func TestRegistrationsAreLimited(t *testing.T) {
	t.Parallel()
	h := one(t, limited)
	anybody := h.anonymous()
	api.Spend(h.api.Limiter, "registrations from 192.0.2.1", api.RegistersOfAddress)
	anybody.do(t, "POST", "/auth/register", register("anna@example.com")).require(t, 201)
	anybody.do(t, "POST", "/auth/register", register("anna@example.com")).problem(t, 429, "too_many")
	anybody.do(t, "POST", "/auth/register", fields{"email": "x"}).require(t, 422) // mistakes cost nothing
}

// TestRegistrationsOfOneAddressAreLimited: wherever they come from, and alike
// whether there is such an account or not.
func TestRegistrationsOfOneAddressAreLimited(t *testing.T) {
	t.Parallel()
	h := one(t, limited, behindAProxy)
	anna, anybody, n := h.user(t), h.anonymous(), 0
	tries := func(email string) (statuses []int) {
		t.Helper()
		for range 20 {
			n++
			a := anybody.do(t, "POST", "/auth/register", register(email), from(fmt.Sprintf("203.0.113.%d", n)))
			if statuses = append(statuses, a.status); a.status == 429 {
				a.problem(t, 429, "too_many")
				break
			}
		}
		return statuses
	}
	known, unknown := tries(anna.user.Email), tries("new@example.com")
	require.Equal(t, []int{409, 409, 409, 409, 409, 429}, known)
	require.Equal(t, []int{201, 409, 409, 409, 409, 429}, unknown)
	require.Equal(t, []int{429}, tries("NEW@example.com"))
	require.Equal(t, 201, tries("another@example.com")[0], "others are not concerned")
}

func TestGuessingTheCurrentPasswordIsLimited(t *testing.T) {
	t.Parallel()
	h := one(t, limited)
	anna := h.user(t)
	require.Positive(t, until(t, 20, 422, func() *answer {
		return anna.do(t, "POST", "/me/password", fields{"current_password": "a guess", "new_password": "quite another password"})
	}))
}

// TestNothingIsToldOfACurrentPasswordThatWasNotCounted: with another mistake
// beside it a right one and a wrong one are answered alike, and cost nothing.
func TestNothingIsToldOfACurrentPasswordThatWasNotCounted(t *testing.T) {
	t.Parallel()
	h := one(t, limited)
	anna := h.user(t)
	for _, guess := range []string{password, "a guess"} {
		for range 15 {
			anna.do(t, "POST", "/me/password", fields{"current_password": guess, "new_password": "quite another password", "x": 1}).
				fields(t, "x:unknown_field")
		}
		anna.do(t, "POST", "/me/password", fields{"current_password": guess, "new_password": 7}).fields(t, "new_password:wrong_type")
		anna.do(t, "POST", "/me/password", fields{"current_password": guess}).fields(t, "new_password:required")
		anna.do(t, "POST", "/me/password", fields{"current_password": guess, "new_password": "12345678"}).fields(t, "new_password:too_common")
	}
	anna.do(t, "POST", "/me/password", fields{"current_password": "a guess", "new_password": "quite another password"}).
		fields(t, "current_password:wrong")
	anna.do(t, "POST", "/me/password", fields{"current_password": password, "new_password": "quite another password"}).require(t, 204)
}

func TestLimitsAreSwitchedOff(t *testing.T) {
	t.Parallel()
	h := one(t)
	for range 15 {
		h.anonymous().do(t, "POST", "/auth/login", fields{"email": "nobody@example.com", "password": "a guess"}).problem(t, 401, "unauthenticated")
	}
}

// TestTheDatabaseHoldsNothingUsable: whoever reads it can neither confirm nor
// reset.
func TestTheDatabaseHoldsNothingUsable(t *testing.T) {
	t.Parallel()
	h := one(t, confirming)
	anna, anybody := h.user(t), h.anonymous()
	h.letters(t)
	anybody.do(t, "POST", "/auth/register", register("new@example.com")).require(t, 202)
	anybody.do(t, "POST", "/auth/password/forgot", fields{"email": anna.user.Email}).require(t, 202)
	mails := h.letters(t)
	require.Len(t, mails, 2)
	ctx := context.Background()
	for _, m := range mails {
		token := tokenOf(t, m)
		r, err := h.store.LastRegistration(ctx, "new@example.com")
		require.NoError(t, err)
		u, err := h.store.User(ctx, anna.user.ID)
		require.NoError(t, err)
		kept := fmt.Sprintf("%+v %+v", *r, *u)
		require.NotContains(t, kept, token)
		require.NotContains(t, kept, token[22:]) // its secret part
		require.NotContains(t, h.log.String(), token)
		_, err = url.ParseQuery(token)
		require.NoError(t, err)
	}
	ids, err := h.store.DueSystemMails(ctx, 10)
	require.NoError(t, err)
	require.Empty(t, ids)
}
