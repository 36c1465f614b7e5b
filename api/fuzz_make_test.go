package api_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// often is true so many times of a hundred.
func (f *fuzz) often(percent int) bool { return f.IntN(100) < percent }

func pick[T any](f *fuzz, from ...T) T { return from[f.IntN(len(from))] }

// request makes a request of an operation: most are of the announced form, and
// most of the others are wrong in one thing.
func (f *fuzz) request(op operation) (*http.Request, []byte) {
	path, query := op.path, url.Values{}
	params := op.Parameters
	for _, p := range params {
		switch {
		case p.Value.In == "path":
			path = strings.ReplaceAll(path, "{"+p.Value.Name+"}", url.PathEscape(f.pathValue()))
		case p.Value.In == "query" && f.often(30):
			query.Add(p.Value.Name, f.queryValue(p.Value))
		}
	}
	if f.often(4) {
		query.Add(pick(f, "x", "limit", "sort", "ид", "owner_id[]"), pick(f, "", "1", "-1", "x", "%00"))
	}
	method := op.method
	if f.often(3) {
		method = pick(f, "HEAD", "PUT", "OPTIONS", "DELETE", "TRACE")
	}
	if encoded := query.Encode(); encoded != "" {
		path += "?" + encoded
	} else if f.often(1) {
		path += "?%zz=1&a;b"
	}
	var body []byte
	if op.RequestBody != nil && !f.often(3) {
		media := op.RequestBody.Value.Content["application/json"]
		if media != nil {
			body = f.body(media.Schema.Value)
		}
	}
	r := httptest.NewRequest(method, "http://localhost:8080"+strings.ReplaceAll(path, " ", "+"), strings.NewReader(string(body)))
	if len(body) > 0 {
		r.Header.Set("Content-Type", "application/json")
	}
	f.headers(r)
	return r, body
}

func (f *fuzz) headers(r *http.Request) {
	for _, h := range []struct {
		percent int
		name    string
		values  []string
	}{
		{3, "Content-Type", []string{"text/plain", "application/json; charset=latin1", "x", "multipart/form-data; boundary=x", "application/json"}},
		{2, "Content-Encoding", []string{"gzip", "identity", "x"}},
		{15, "If-Match", []string{`"1"`, `"2"`, `*`, `W/"1"`, `"x"`, `1`, `"1", "2"`, `"99999999999999999999"`}},
		{25, "Idempotency-Key", []string{"a", "b", "c", fmt.Sprint(f.IntN(50)), strings.Repeat("k", 255), strings.Repeat("k", 256), "ключ"}},
		{15, "Accept", []string{"text/csv", "*/*", "text/event-stream", "application/json;q=0", "x/y", "text/csv;q=0.5, application/json"}},
		{30, "Accept-Language", []string{"ru", "en", "de", "ru;q=0.1, en", "*", "x;q=y"}},
		{10, "Origin", []string{"http://localhost:8080", "https://evil.example", "null"}},
		{5, "X-Request-ID", []string{"abcdefgh-1", "x", strings.Repeat("y", 65)}},
		{5, "Cookie", []string{"postrider_refresh=" + pick(f, f.tokens...), "a=b; ;=", "postrider_refresh="}},
		{5, "Last-Event-ID", []string{"1", "x", "-1", fmt.Sprint(time.Now().UnixMicro()), "99999999999999999999"}},
	} {
		if f.often(h.percent) {
			r.Header.Set(h.name, pick(f, h.values...))
		}
	}
}

func (f *fuzz) id() int64 {
	if len(f.ids) > 0 && f.often(60) {
		return pick(f, f.ids...)
	}
	if f.often(75) {
		return int64(1 + f.IntN(8))
	}
	return pick(f, int64(0), -1, 999999999, math.MaxInt64, math.MinInt64)
}

func (f *fuzz) pathValue() string {
	if f.often(88) {
		return fmt.Sprint(f.id())
	}
	return pick(f, "x", "1.5", "+1", "1e3", "99999999999999999999", "%", "ы", "..", "1 ", "null", strings.Repeat("9", 3000))
}

func (f *fuzz) queryValue(p *openapi3.Parameter) string {
	switch {
	case f.often(12):
		return f.text()
	case p.Name == "cursor":
		return pick(f, f.cursors...)
	case strings.HasSuffix(p.Name, "_id"):
		return fmt.Sprint(f.id())
	}
	value, err := json.Marshal(f.value(p.Name, p.Schema.Value, 0))
	if err != nil {
		return "x"
	}
	return strings.Trim(string(value), `"`)
}

// body is the JSON of a value of a schema, whole or spoilt.
func (f *fuzz) body(s *openapi3.Schema) []byte {
	raw, err := json.Marshal(f.value("", s, 0))
	if err != nil || f.often(95) {
		return raw
	}
	switch f.IntN(8) {
	case 0:
		return raw[:f.IntN(len(raw)+1)]
	case 1:
		return append(raw, raw...)
	case 2:
		return []byte(pick(f, "null", "[]", `""`, "1", "true", "{}", " ", "\x00", "{\"a\":1,\"a\":2}", `{"":""}`, "{\"\u0000\":1}"))
	case 3:
		return []byte(strings.Repeat("[", 5000) + strings.Repeat("]", 5000))
	case 4:
		return []byte(`{"name":"` + strings.Repeat("a", 1<<20) + `"}`)
	case 5:
		raw[f.IntN(len(raw))] ^= byte(1 << f.IntN(8))
		return raw
	case 6:
		return []byte(`{"email":"` + "\xff\xfe" + `"}`)
	}
	return []byte(strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40))
}

// value is of a schema nine times of ten.
func (f *fuzz) value(name string, s *openapi3.Schema, depth int) any {
	if f.often(2) && name != "" {
		return pick[any](f, nil, true, 0, -1, 1.5, 1e300, "", "x", []any{}, []any{nil}, map[string]any{}, map[string]any{"a": 1}, f.text())
	}
	if known, is := f.known(name); is && f.often(97) {
		return known
	}
	if len(s.AllOf) == 1 {
		s = s.AllOf[0].Value
	}
	if s.Nullable && f.often(30) {
		return nil
	}
	if len(s.Enum) > 0 && f.often(90) {
		return pick(f, s.Enum...)
	}
	switch {
	case s.Type.Is("boolean"):
		return f.often(50)
	case s.Type.Is("integer"), s.Type.Is("number"):
		return pick[any](f, 1, 2, 5, 10, 60, 200, 0, -1, math.MaxInt32, math.MaxInt64, f.id(), 1.5, json.Number("1e2"), json.Number("99999999999999999999"))
	case s.Type.Is("array"):
		list := []any{}
		for range pick(f, 0, 1, 1, 2, 3, 3, 60, 600) {
			list = append(list, f.value(strings.TrimSuffix(name, "s"), s.Items.Value, depth+1))
		}
		return list
	case s.Type.Is("object") || len(s.Properties) > 0:
		return f.object(name, s, depth)
	}
	return f.text()
}

func (f *fuzz) object(name string, s *openapi3.Schema, depth int) any {
	out := map[string]any{}
	names := make([]string, 0, len(s.Properties))
	for n := range s.Properties {
		names = append(names, n)
	}
	slices.Sort(names) // the same seed asks the same
	for _, n := range names {
		if f.often(97) && slices.Contains(s.Required, n) || f.often(40) {
			out[n] = f.value(n, s.Properties[n].Value, depth+1)
		}
	}
	if f.often(3) {
		out[pick(f, "id", "owner_id", "x", "", "Email", "is_superuser", "a\u0000b", strings.Repeat("k", 500))] = 1
	}
	if len(s.Properties) == 0 && depth < 4 {
		for range f.IntN(4) {
			out[pick(f, "city", "имя", "a b", "x", strings.Repeat("n", 80))] = pick[any](f, "Pskov", 1, 1.5, true, nil, f.text(), map[string]any{"a": 1}, []any{1})
		}
	}
	return out
}

// known are fields for which a schema says too little to get anywhere.
func (f *fuzz) known(name string) (any, bool) {
	day := time.Duration(f.IntN(2000)-200) * time.Hour
	switch name {
	case "email", "to", "reply_to", "from_email":
		return pick(f, fmt.Sprintf("c%d@example.com", f.IntN(500)), "postrider@example.com", "Anna@Example.COM", "a@b", "a b@example.com", "почта@пример.рф",
			"<x@example.com>", strings.Repeat("a", 65)+"@example.com", "a@"+strings.Repeat("b", 300)+".com", "a@example.com\r\nBcc: x@y.z", ""), true
	case "password", "new_password", "old_password", "current_password":
		return pick(f, password, password, "short", strings.Repeat("p", 1025), "password1", ""), true
	case "refresh_token", "token":
		return pick(f, f.tokens...), true
	case "message_id", "client_id", "transport_id", "client_ids", "ids", "delivery_ids", "except_ids", "exclude_client_ids":
		if strings.HasSuffix(name, "s") {
			return []any{f.id(), f.id()}, f.often(80)
		}
		return f.id(), true
	case "client_i", "id":
		return f.id(), true
	case "timezone":
		return pick(f, "Europe/Moscow", "UTC", "America/New_York", "Local", "Mars/Base", ""), true
	case "locale":
		return pick(f, "ru", "en", "pt-BR", "x", ""), true
	case "start_at", "end_at", "until", "expires_at", "from_at", "to_at":
		return pick(f, time.Now().Add(day).Format(time.RFC3339), time.Now().Add(day).UTC().Format(time.RFC3339Nano), "2026-12-01", "2026-12-01T10:00:00", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "x"), true
	case "from", "to_time":
		return pick(f, "09:00", "18:00", "24:00", "9:00", time.Now().Add(day).Format(time.RFC3339)), true
	case "cron":
		return pick(f, "0 9 * * 1", "*/5 * * * *", "0 0 31 2 *", "@every 1s", "* * * * * *", "x", ""), true
	case "subject", "html", "text":
		return pick(f, "Hello {{ client.full_name }}", "<p>{{ client.attributes.city }}</p>", "{% for i in (1..1000000000) %}x{% endfor %}", "{{", "{% if %}",
			"{{ 'x' | append: 'y' }}", strings.Repeat("x", 600), "a\r\nb", "<script>{{ client.email }}</script>", f.text()), true
	case "permission":
		return pick(f, "clients.view_all", "users.block", "mailings.stop_all", "x"), true
	case "group":
		return pick(f, "manager", "x"), true
	case "host":
		return pick(f, "mail.example.com", "127.0.0.1", "x y", "a:25", "", strings.Repeat("h", 300)), true
	}
	return nil, false
}

func (f *fuzz) text() string {
	return pick(f, "", "x", "Anna", "Привет", "a\u0000b", "a\nb", "\u202e\u2066", "💌", "%", "_", `\`, `'`, `"`, `<b>`, "{{ x }}", "../..", "0", "null", "=1+1",
		strings.Repeat("y", 65), strings.Repeat("я", 201), strings.Repeat("z", 501), strings.Repeat("w", 20_000), "e\u0301", "\ufeff", "\ufffd")
}
