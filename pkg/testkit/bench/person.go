package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// html is a body of two kilobytes with six placeholders.
var html = `<html><body>
<h1>Good news, {{ client.full_name | default: "dear client" }}</h1>
<p>The shop in {{ client.attributes.city }} has {{ client.attributes.bonus }} points for you, on the plan {{ client.attributes.plan }}.</p>
` + strings.Repeat(`<p style="margin:0 0 16px;color:#1f2937">A paragraph like those that people write: two lines of text with a
<a href="https://shop.example.com/offers">link to what is offered</a> and nothing that would be special.</p>
`, 8) + `<p>We write to {{ client.email }}. <a href="{{ unsubscribe_url }}">Unsubscribe</a></p>
</body></html>`

// text is the same as Postrider would derive it from html.
var text = `Good news, {{ client.full_name | default: "dear client" }}

The shop in {{ client.attributes.city }} has {{ client.attributes.bonus }} points for you, on the plan {{ client.attributes.plan }}.

` + strings.Repeat(`A paragraph like those that people write: two lines of text with a link to what is offered <https://shop.example.com/offers> and nothing that would be special.

`, 8) + `We write to {{ client.email }}. Unsubscribe <{{ unsubscribe_url }}>
`

const password = "correct horse 9"

// person talks to an API as one user.
type person struct {
	base  string
	token string
	id    int64
}

func register(ctx context.Context, base, email string) (*person, error) {
	p := &person{base: base}
	var account struct {
		ID int64 `json:"id"`
	}
	err := p.call(ctx, http.MethodPost, "/auth/register", map[string]any{"email": email, "password": password}, &account)
	if err == nil {
		err = p.login(ctx, email)
	}
	if err == nil {
		err = p.call(ctx, http.MethodGet, "/me", nil, &account)
	}
	p.id = account.ID
	return p, err
}

func (p *person) login(ctx context.Context, email string) error {
	var tokens struct {
		AccessToken string `json:"access_token"`
	}
	err := p.call(ctx, http.MethodPost, "/auth/login", map[string]any{"email": email, "password": password}, &tokens)
	p.token = tokens.AccessToken
	return err
}

// call wants an answer of 2xx and reads it into out.
func (p *person) call(ctx context.Context, method, path string, body, out any) error {
	status, raw, err := p.answer(ctx, method, path, body)
	if err != nil {
		return err
	}
	if status/100 != 2 {
		return fmt.Errorf("%s %s: %d: %s", method, path, status, raw)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(raw, out)
}

func (p *person) answer(ctx context.Context, method, path string, body any) (status int, raw []byte, err error) {
	var in io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return 0, nil, err
		}
		in = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, p.base+"/api/v1"+path, in)
	if err != nil {
		return 0, nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if p.token != "" {
		req.Header.Set("Authorization", "Bearer "+p.token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	raw, err = io.ReadAll(res.Body)
	return res.StatusCode, raw, err
}

// mail starts a mailing to all clients and answers its run.
func (p *person) mail(ctx context.Context, messageID int64) (run int64, err error) {
	var m struct {
		LastRunID *int64 `json:"last_run_id"`
	}
	err = p.call(ctx, http.MethodPost, "/mailings", map[string]any{
		"name": "News", "message_id": messageID, "audience": map[string]any{"all": true},
	}, &m)
	if err == nil && m.LastRunID == nil {
		err = fmt.Errorf("the mailing did not start")
	}
	if err != nil {
		return 0, err
	}
	return *m.LastRunID, nil
}

func (p *person) message(ctx context.Context) (int64, error) {
	var m struct {
		ID int64 `json:"id"`
	}
	err := p.call(ctx, http.MethodPost, "/messages", map[string]any{
		"name": "News", "subject": "News for {{ client.full_name }}", "html": html, "text": text,
	}, &m)
	return m.ID, err
}

type report struct {
	Status string           `json:"status"`
	Reason string           `json:"reason"`
	Counts map[string]int64 `json:"counts"`
}

func (p *person) report(ctx context.Context, run int64) (r report, err error) {
	err = p.call(ctx, http.MethodGet, fmt.Sprintf("/reports/%d", run), nil, &r)
	return r, err
}
