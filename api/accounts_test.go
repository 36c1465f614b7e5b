package api_test

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/api"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
	"github.com/postrider/postrider/pkg/testkit"
)

type account struct {
	ID          int64    `json:"id"`
	Email       string   `json:"email"`
	FullName    string   `json:"full_name"`
	Locale      string   `json:"locale"`
	Timezone    string   `json:"timezone"`
	IsActive    bool     `json:"is_active"`
	IsStaff     bool     `json:"is_staff"`
	IsSuperuser bool     `json:"is_superuser"`
	Groups      []string `json:"groups"`
	Permissions []string `json:"permissions"`
}

type pair struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"`
	RefreshToken string `json:"refresh_token"`
}

type fields = map[string]any

func TestFromRegistrationToSignOut(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		anna := h.anonymous()
		var made account
		anna.do(t, "POST", "/auth/register", fields{"email": " Anna@Example.COM", "password": password, "full_name": "Анна", "timezone": "Europe/Moscow"},
			header{"Accept-Language", "ru-RU,ru;q=0.9,en;q=0.8"}).require(t, 201).json(t, &made)
		require.Equal(t, account{
			ID: made.ID, Email: "anna@example.com", FullName: "Анна", Locale: "ru", Timezone: "Europe/Moscow",
			IsActive: true, Groups: []string{}, Permissions: []string{},
		}, made)

		var tokens pair
		anna.do(t, "POST", "/auth/login", fields{"email": "ANNA@example.com", "password": password}).require(t, 200).json(t, &tokens)
		require.Equal(t, "Bearer", tokens.TokenType)
		require.GreaterOrEqual(t, tokens.ExpiresIn, 900)
		anna.token = tokens.AccessToken
		var me account
		anna.do(t, "GET", "/me", nil).require(t, 200).json(t, &me)
		require.Equal(t, made, me)

		var next pair
		anna.do(t, "POST", "/auth/refresh", fields{"refresh_token": tokens.RefreshToken}).require(t, 200).json(t, &next)
		require.NotEqual(t, tokens.RefreshToken, next.RefreshToken)
		var again pair
		anna.do(t, "POST", "/auth/refresh", fields{"refresh_token": tokens.RefreshToken}).require(t, 200).json(t, &again)
		require.Equal(t, next.RefreshToken, again.RefreshToken, "a lost answer is given again")

		anna.do(t, "POST", "/auth/logout", nil).require(t, 204)
		anna.do(t, "GET", "/me", nil).problem(t, 401, "unauthenticated")
		anna.do(t, "POST", "/auth/refresh", fields{"refresh_token": next.RefreshToken}).problem(t, 401, "unauthenticated")
		anna.do(t, "POST", "/auth/logout", nil).problem(t, 401, "unauthenticated")
	})
}

func TestRegisterRefuses(t *testing.T) {
	t.Parallel()
	h := one(t)
	anybody := h.anonymous()
	body := func(more fields) fields {
		out := fields{"email": "new@example.com", "password": password}
		for k, v := range more {
			out[k] = v
		}
		return out
	}
	call := func(more fields) *answer { return anybody.do(t, "POST", "/auth/register", body(more)) }
	anybody.do(t, "POST", "/auth/register", nil).fields(t, "email:required", "password:required")
	call(fields{"email": "Anna <a@example.com>", "password": "short", "locale": "de", "timezone": "Moon/Base", "full_name": strings.Repeat("я", 201)}).
		fields(t, "email:invalid_email", "password:too_short", "locale:unknown", "timezone:unknown_timezone", "full_name:too_long")
	call(fields{"password": strings.Repeat("x", 1025)}).fields(t, "password:too_long")
	call(fields{"password": "Password123"}).fields(t, "password:too_common")
	call(fields{"password": "NEW@example.com"}).fields(t, "password:too_common")
	call(fields{"password": "        "}).fields(t, "password:too_common")
	call(fields{"password": "\u3000\u00a0      "}).fields(t, "password:too_common")
	call(fields{"password": " password123 "}).fields(t, "password:too_common")
	call(fields{"email": "Anna.Smirnova@example.com", "password": "anna.Smirnova"}).fields(t, "password:too_common")
	call(fields{"full_name": "A\r\nBcc: x"}).fields(t, "full_name:control_character")
	call(fields{"timezone": "Local"}).fields(t, "timezone:unknown_timezone")
	call(fields{"is_superuser": true, "id": 7, "groups": []string{"manager"}}).
		fields(t, "is_superuser:unknown_field", "id:unknown_field", "groups:unknown_field")
	call(nil).require(t, 201)
	call(nil).problem(t, 409, "conflict")
	call(fields{"password": strings.Repeat("many a horse ", 80)[:1024], "email": "long@example.com"}).require(t, 201)

	closed := one(t, func(d *api.Deps) { d.Registration = false })
	closed.anonymous().do(t, "POST", "/auth/register", body(nil)).problem(t, 403, "forbidden")
}

func TestLoginTellsNothing(t *testing.T) {
	t.Parallel()
	h := one(t)
	known := h.user(t)
	blocked := h.user(t)
	root := h.superuser(t)
	root.do(t, "PATCH", "/users/"+strconv.FormatInt(blocked.user.ID, 10), fields{"is_active": false}).require(t, 200)

	var first *problem
	for _, try := range []fields{
		{"email": known.user.Email, "password": "not the password"},
		{"email": "nobody@example.com", "password": password},
		{"email": "not an address", "password": password},
		{"email": blocked.user.Email, "password": password},
		{"email": known.user.Email, "password": strings.Repeat("x", 5000)},
	} {
		p := h.anonymous().do(t, "POST", "/auth/login", try).problem(t, 401, "unauthenticated")
		p.RequestID = ""
		if first == nil {
			first = &p
		}
		require.Equal(t, *first, p)
	}
	h.anonymous().do(t, "POST", "/auth/login", fields{}).fields(t, "email:required", "password:required")
	require.NotContains(t, h.log.String(), password)
}

func TestAccessTokensAreOursAndFresh(t *testing.T) {
	t.Parallel()
	h := one(t)
	anna := h.user(t)
	key := h.keys.Derive("access token")
	good := func() (jwt.MapClaims, map[string]any) {
		claims := jwt.MapClaims{}
		token, _, err := jwt.NewParser().ParseUnverified(anna.token, claims)
		require.NoError(t, err)
		return claims, token.Header
	}
	call := func(token string) *answer {
		return (&caller{h: h, token: token}).do(t, "GET", "/me", nil)
	}
	sign := func(method jwt.SigningMethod, key any, change func(claims jwt.MapClaims, head map[string]any)) string {
		claims, head := good()
		change(claims, head)
		token := jwt.NewWithClaims(method, claims)
		for k, v := range head {
			if k != "alg" {
				token.Header[k] = v
			}
		}
		out, err := token.SignedString(key)
		require.NoError(t, err)
		return out
	}
	same := func(jwt.MapClaims, map[string]any) {}
	call(sign(jwt.SigningMethodHS256, key, same)).require(t, 200)
	for name, token := range map[string]string{
		"alg none":       sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, same),
		"other alg":      sign(jwt.SigningMethodHS512, key, same),
		"other key":      sign(jwt.SigningMethodHS256, h.keys.Derive("refresh token"), same),
		"expired":        sign(jwt.SigningMethodHS256, key, func(c jwt.MapClaims, _ map[string]any) { c["exp"] = time.Now().Add(-time.Second).Unix() }),
		"no expiry":      sign(jwt.SigningMethodHS256, key, func(c jwt.MapClaims, _ map[string]any) { delete(c, "exp") }),
		"other issuer":   sign(jwt.SigningMethodHS256, key, func(c jwt.MapClaims, _ map[string]any) { c["iss"] = "else" }),
		"other audience": sign(jwt.SigningMethodHS256, key, func(c jwt.MapClaims, _ map[string]any) { c["aud"] = "else" }),
		"other type":     sign(jwt.SigningMethodHS256, key, func(_ jwt.MapClaims, h map[string]any) { h["typ"] = "JWT" }),
		"other kid":      sign(jwt.SigningMethodHS256, key, func(_ jwt.MapClaims, h map[string]any) { h["kid"] = "x" }),
		"other user":     sign(jwt.SigningMethodHS256, key, func(c jwt.MapClaims, _ map[string]any) { c["sub"] = "999" }),
		"no session":     sign(jwt.SigningMethodHS256, key, func(c jwt.MapClaims, _ map[string]any) { delete(c, "sid") }),
		"nothing":        "", "nonsense": "a.b.c", "huge": strings.Repeat("a", 60_000),
	} {
		a := call(token)
		require.Equal(t, 401, a.status, name)
		require.Contains(t, a.header.Get("WWW-Authenticate"), "Bearer")
	}
	(&caller{h: h}).do(t, "GET", "/me", nil, header{"Authorization", "Basic " + anna.token}).problem(t, 401, "unauthenticated")
}

func TestRefreshByTwentyTabsAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		var tokens pair
		anna := h.user(t)
		anna.do(t, "POST", "/auth/login", fields{"email": anna.user.Email, "password": password}).json(t, &tokens)
		got := make([]pair, 20)
		var wg sync.WaitGroup
		for i := range got {
			wg.Go(func() {
				anna.do(t, "POST", "/auth/refresh", fields{"refresh_token": tokens.RefreshToken}).require(t, 200).json(t, &got[i])
			})
		}
		wg.Wait()
		for _, p := range got {
			require.Equal(t, got[0].RefreshToken, p.RefreshToken)
		}
		anna.token = got[19].AccessToken
		anna.do(t, "GET", "/me", nil).require(t, 200)

		h.store.MoveClock(store.RefreshGrace + time.Second)
		anna.do(t, "POST", "/auth/refresh", fields{"refresh_token": tokens.RefreshToken}).problem(t, 401, "unauthenticated")
		anna.do(t, "POST", "/auth/refresh", fields{"refresh_token": got[0].RefreshToken}).problem(t, 401, "unauthenticated")
		anna.do(t, "GET", "/me", nil).problem(t, 401, "unauthenticated")
	})
}

func TestForgedRefreshTokensHarmNobody(t *testing.T) {
	t.Parallel()
	h := one(t)
	var tokens pair
	anna := h.user(t)
	anna.do(t, "POST", "/auth/login", fields{"email": anna.user.Email, "password": password}).json(t, &tokens)
	flip := []byte(tokens.RefreshToken)
	for i := range flip {
		forged := append([]byte(nil), flip...)
		forged[i] ^= 1
		anna.do(t, "POST", "/auth/refresh", fields{"refresh_token": string(forged)}).require(t, 401)
	}
	anna.do(t, "POST", "/auth/refresh", nil).problem(t, 401, "unauthenticated")
	anna.do(t, "POST", "/auth/refresh", fields{"refresh_token": tokens.RefreshToken}).require(t, 200)
}

func TestCookieFlow(t *testing.T) {
	t.Parallel()
	for _, public := range []string{"http://localhost:8080", "https://mail.example.com"} {
		h := one(t, func(d *api.Deps) { d.PublicURL, d.CORSOrigins = public, []string{"https://desk.example.com"} })
		anna := h.user(t)
		anna.token = ""
		same := header{"Sec-Fetch-Site", "same-origin"}
		cookieOf := func(a *answer) *http.Cookie {
			set := (&http.Response{Header: a.header}).Cookies()
			require.Len(t, set, 1)
			return set[0]
		}
		in := anna.do(t, "POST", "/auth/login", fields{"email": anna.user.Email, "password": password, "cookie": true}, same).require(t, 200)
		require.NotContains(t, in.object(t), "refresh_token")
		first := cookieOf(in)
		require.Equal(t, "/api/v1/auth", first.Path)
		require.True(t, first.HttpOnly)
		require.Equal(t, http.SameSiteStrictMode, first.SameSite)
		require.Equal(t, strings.HasPrefix(public, "https"), first.Secure)
		require.WithinDuration(t, time.Now().Add(store.SessionIdle), first.Expires, time.Hour)

		with := func(c *http.Cookie) header { return header{"Cookie", c.Name + "=" + c.Value} }
		for _, foreign := range []header{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Sec-Fetch-Site", "none"}, {"Origin", "https://evil.example"}, {"Origin", "null"}} {
			anna.do(t, "POST", "/auth/refresh", nil, with(first), foreign).problem(t, 403, "forbidden")
			anna.do(t, "POST", "/auth/logout", nil, with(first), foreign).problem(t, 403, "forbidden")
		}
		for _, foreign := range []header{{"Origin", "https://evil.example"}, {"Sec-Fetch-Site", "cross-site"}} {
			anna.do(t, "POST", "/auth/login", fields{"email": anna.user.Email, "password": password, "cookie": true}, foreign).problem(t, 403, "forbidden")
		}
		if strings.HasPrefix(public, "https") {
			anna.do(t, "POST", "/auth/refresh", nil, with(first), header{"Origin", "http://mail.example.com"}).problem(t, 403, "forbidden")
		}
		listed := cookieOf(anna.do(t, "POST", "/auth/refresh", nil, with(first), header{"Origin", "https://desk.example.com"}, header{"Sec-Fetch-Site", "same-site"}).require(t, 200))
		out := anna.do(t, "POST", "/auth/refresh", nil, with(listed), header{"Origin", public}).require(t, 200)
		second := cookieOf(out)
		require.NotEqual(t, first.Value, second.Value)
		require.NotContains(t, out.object(t), "refresh_token")

		gone := cookieOf(anna.do(t, "POST", "/auth/logout", nil, with(second), same).require(t, 204))
		require.Empty(t, gone.Value)
		require.True(t, gone.Expires.Before(time.Now()))
		dead := anna.do(t, "POST", "/auth/refresh", nil, with(second), same)
		dead.problem(t, 401, "unauthenticated")
		require.Empty(t, cookieOf(dead).Value, "a cookie that is worth nothing goes")
	}
}

func TestProfile(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		anna := h.user(t)
		tag := anna.do(t, "GET", "/me", nil).require(t, 200).header.Get("ETag")
		var me account
		changed := anna.do(t, "PATCH", "/me", fields{"full_name": "Анна", "timezone": "Asia/Tokyo"}, header{"If-Match", tag}).require(t, 200).json(t, &me)
		require.Equal(t, "Анна", me.FullName)
		require.Equal(t, "en", me.Locale, "what the body leaves out stays")
		require.NotEqual(t, tag, changed.header.Get("ETag"))
		anna.do(t, "PATCH", "/me", fields{"full_name": "Old"}, header{"If-Match", tag}).problem(t, 412, "precondition_failed")
		anna.do(t, "PATCH", "/me", fields{"full_name": "Old"}, header{"If-Match", `"x"`}).problem(t, 412, "precondition_failed")
		anna.do(t, "PATCH", "/me", fields{"full_name": nil}).require(t, 200).json(t, &me)
		require.Empty(t, me.FullName, "null clears")
		anna.do(t, "PATCH", "/me", fields{
			"id": 1, "email": "x@example.com", "is_staff": true, "is_superuser": true, "is_active": false,
			"groups": []string{"manager"}, "permissions": []string{}, "password": "x", "version": 1,
		}).fields(t, "id", "email", "is_staff", "is_superuser", "is_active", "groups", "permissions", "password", "version")
		anna.do(t, "PATCH", "/me", fields{"locale": "", "timezone": nil}).fields(t, "locale", "timezone")
		after := account{}
		anna.do(t, "GET", "/me", nil).json(t, &after)
		require.Equal(t, me, after)
	})
}

func TestUnconditionalChangesAllWin(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		anna := h.user(t)
		var wg sync.WaitGroup
		for i := range 5 {
			wg.Go(func() {
				anna.do(t, "PATCH", "/me", fields{"full_name": strconv.Itoa(i)}).require(t, 200)
			})
		}
		wg.Wait()
		u, err := h.store.User(context.Background(), anna.user.ID)
		require.NoError(t, err)
		require.EqualValues(t, 6, u.Version)
	})
}

func TestPasswordChangeEndsTheOtherSessions(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		there := h.user(t)
		here := &caller{h: h, user: there.user}
		var tokens pair
		here.do(t, "POST", "/auth/login", fields{"email": there.user.Email, "password": password}).json(t, &tokens)
		here.token = tokens.AccessToken

		here.do(t, "POST", "/me/password", fields{"current_password": "wrong wrong", "new_password": "12345678"}).
			fields(t, "new_password:too_common")
		here.do(t, "POST", "/me/password", fields{"current_password": "wrong wrong", "new_password": "another fine password"}).
			fields(t, "current_password:wrong")
		here.do(t, "POST", "/me/password", fields{"current_password": password, "new_password": "another fine password"}).require(t, 204)
		here.do(t, "GET", "/me", nil).require(t, 200)
		there.do(t, "GET", "/me", nil).problem(t, 401, "unauthenticated")
		h.anonymous().do(t, "POST", "/auth/login", fields{"email": here.user.Email, "password": password}).require(t, 401)
		h.anonymous().do(t, "POST", "/auth/login", fields{"email": here.user.Email, "password": "another fine password"}).require(t, 200)
	})
}

func TestSessions(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		here := h.user(t)
		other := h.user(t)
		var tokens pair
		here.do(t, "POST", "/auth/login", fields{"email": here.user.Email, "password": password}, header{"User-Agent", "Elsewhere\x01/1"}).json(t, &tokens)
		there := &caller{h: h, token: tokens.AccessToken}

		var page struct {
			Items []struct {
				ID        int64  `json:"id"`
				UserAgent string `json:"user_agent"`
				Current   bool   `json:"current"`
			} `json:"items"`
			NextCursor *string `json:"next_cursor"`
			Total      *int64  `json:"total"`
		}
		here.do(t, "GET", "/me/sessions?limit=1&with_total=true", nil).require(t, 200).json(t, &page)
		require.EqualValues(t, 2, *page.Total)
		require.Equal(t, "Elsewhere/1", page.Items[0].UserAgent)
		require.False(t, page.Items[0].Current)
		require.NotNil(t, page.NextCursor)

		path := "/me/sessions/" + strconv.FormatInt(page.Items[0].ID, 10)
		other.do(t, "DELETE", path, nil).problem(t, 404, "not_found")
		there.do(t, "GET", "/me", nil).require(t, 200)
		here.do(t, "DELETE", path, nil).require(t, 204)
		there.do(t, "GET", "/me", nil).problem(t, 401, "unauthenticated")
		here.do(t, "DELETE", path, nil).problem(t, 404, "not_found")

		here.do(t, "POST", "/auth/logout-all", nil).require(t, 204)
		here.do(t, "GET", "/me", nil).problem(t, 401, "unauthenticated")
		other.do(t, "GET", "/me", nil).require(t, 200)
	})
}

func TestCommandsLeaveWhatIsThere(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHarness(t, st)
		ctx := context.Background()
		created, err := h.auth.CreateSuperuser(ctx, "Admin@example.com", password)
		require.NoError(t, err)
		require.True(t, created)
		admin, err := st.UserByEmail(ctx, "admin@example.com")
		require.NoError(t, err)
		require.True(t, admin.IsSuperuser)

		created, err = h.auth.CreateSuperuser(ctx, "admin@example.com", "quite another password")
		require.NoError(t, err)
		require.False(t, created)
		again, err := st.UserByEmail(ctx, "admin@example.com")
		require.NoError(t, err)
		require.Equal(t, admin, again)

		plain := testkit.User(t, st)
		created, err = h.auth.CreateSuperuser(ctx, plain.Email, password)
		require.NoError(t, err)
		require.False(t, created)
		plain, err = st.User(ctx, plain.ID)
		require.NoError(t, err)
		require.False(t, plain.IsSuperuser)

		_, err = h.auth.CreateSuperuser(ctx, "x", "short")
		require.True(t, model.IsKind(err, model.Invalid), "%v", err)
		for _, first := range []bool{true, false} {
			created, err = h.auth.CreateManagers(ctx)
			require.NoError(t, err)
			require.Equal(t, first, created)
		}
	})
}
