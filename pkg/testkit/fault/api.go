package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

var secretKey = "Zp4sVb9kQx2wNf7hTc6yMd1gJr8aLu3eOi5nXoRtHEU="

const (
	userEmail = "anna@example.com"
	password  = "correct horse 9"
)

func flushAll(addr string) error {
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.WriteString(c, "FLUSHALL\r\n"); err != nil {
		return err
	}
	answer := make([]byte, 16)
	n, err := c.Read(answer)
	if err == nil && !strings.HasPrefix(string(answer[:n]), "+OK") {
		err = fmt.Errorf("the answer to FLUSHALL is %q", answer[:n])
	}
	return err
}

// awaitAPI waits until the API takes requests and its database is there.
func (w *world) awaitAPI() {
	w.poll(60*time.Second, "API", func() bool {
		res, err := http.Get(w.base + "/readyz")
		if err != nil {
			return false
		}
		defer res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
}

// call asks the API and remembers what it answered with.
func (w *world) call(method, path string, body any) (int, []byte, error) {
	var in io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return 0, nil, err
		}
		in = bytes.NewReader(raw)
	}
	ctx, cancel := context.WithTimeout(w.ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, w.base+"/api/v1"+path, in)
	if err != nil {
		return 0, nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if w.token != "" {
		req.Header.Set("Authorization", "Bearer "+w.token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	w.mu.Lock()
	w.codes[res.StatusCode]++
	w.mu.Unlock()
	return res.StatusCode, raw, err
}

// demand calls, holds the status and reads the answer into out.
func (w *world) demand(status int, method, path string, body, out any) {
	got, raw, err := w.call(method, path, body)
	w.must(err, "%s %s", method, path)
	if got != status {
		w.must(fmt.Errorf("%d and not %d: %s", got, status, raw), "%s %s", method, path)
	}
	if out != nil {
		w.must(json.Unmarshal(raw, out), "%s %s", method, path)
	}
}

// register makes the user and signs in.
func (w *world) register() {
	w.demand(http.StatusCreated, "POST", "/auth/register", map[string]any{"email": userEmail, "password": password}, nil)
	var tokens struct {
		AccessToken string `json:"access_token"`
	}
	w.demand(http.StatusOK, "POST", "/auth/login", map[string]any{"email": userEmail, "password": password}, &tokens)
	w.token = tokens.AccessToken
}

// mailing is what the API tells of one.
type mailing struct {
	ID        int64  `json:"id"`
	Status    string `json:"status"`
	Reason    string `json:"reason"`
	LastRunID *int64 `json:"last_run_id"`
}

// report is what the API tells of a run.
type report struct {
	RunID      int64          `json:"run_id"`
	Status     string         `json:"status"`
	Reason     string         `json:"reason"`
	PlannedAt  time.Time      `json:"planned_at"`
	StartedAt  time.Time      `json:"started_at"`
	FinishedAt time.Time      `json:"finished_at"`
	Counts     map[string]int `json:"counts"`
}

// mail makes a message and a mailing of it to all clients; settings are added
// to its body.
func (w *world) mail(settings map[string]any) *mailing {
	var message struct {
		ID int64 `json:"id"`
	}
	w.demand(http.StatusCreated, "POST", "/messages", map[string]any{
		"name": "News", "subject": "News for {{ client.full_name }}",
		"html": "<p>Dear {{ client.full_name }} of {{ client.attributes.city }},</p>" + strings.Repeat("<p>there is something new in our shop.</p>\n", 20),
	}, &message)
	body := map[string]any{"name": "News", "message_id": message.ID, "audience": map[string]any{"all": true}}
	for k, v := range settings {
		body[k] = v
	}
	m := &mailing{}
	w.demand(http.StatusCreated, "POST", "/mailings", body, m)
	return m
}

// act asks for a change of a mailing and answers when it was answered.
func (w *world) act(m *mailing, action string) time.Time {
	w.demand(http.StatusAccepted, "POST", fmt.Sprintf("/mailings/%d/%s", m.ID, action), nil, m)
	return time.Now()
}

// look reads a mailing again; an API or database that is away leaves it as it was.
func (w *world) look(m *mailing) {
	if code, raw, err := w.call("GET", fmt.Sprintf("/mailings/%d", m.ID), nil); err == nil && code == http.StatusOK {
		_ = json.Unmarshal(raw, m)
	}
}

// until waits for a mailing to come to one of some statuses.
func (w *world) until(limit time.Duration, m *mailing, statuses ...string) *mailing {
	w.poll(limit, fmt.Sprintf("status %v of the mailing", statuses), func() bool {
		w.look(m)
		for _, s := range statuses {
			if m.Status == s {
				return true
			}
		}
		return false
	})
	return m
}

// untilReason waits for a mailing to say why it waits.
func (w *world) untilReason(limit time.Duration, m *mailing, reason string) {
	w.poll(limit, "reason "+reason, func() bool {
		w.look(m)
		return m.Reason == reason
	})
}

// report reads the report of a mailing's last run.
func (w *world) report(m *mailing) report {
	w.look(m)
	if m.LastRunID == nil {
		w.must(fmt.Errorf("its status is %s", m.Status), "the mailing has no run")
	}
	var r report
	w.demand(http.StatusOK, "GET", fmt.Sprintf("/reports/%d", *m.LastRunID), nil, &r)
	return r
}
