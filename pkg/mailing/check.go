package mailing

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/postrider/postrider/pkg/address"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// Bounds of a mailing's settings.
const (
	maxName        = 200
	maxAudienceIDs = 100_000
	maxTags        = 200
	maxRate        = 1_000_000
	maxGrace       = 525_600 // a year of minutes
	maxAhead       = 10 * 365 * 24 * time.Hour
)

// check holds the settings against the rules, tells all breaches at once, and
// puts what was given into its one form.
func (s *Service) check(t *store.MailingTx, in *Input) error {
	var bad model.Fields
	in.Name = strings.TrimSpace(in.Name)
	checkLine(&bad, "name", in.Name, maxName)
	if in.Name == "" {
		bad.Add("name", "required", "a mailing needs a name")
	}
	if in.Timezone == "" {
		zone, err := t.OwnerTimezone()
		if err != nil {
			return err
		}
		in.Timezone = zone
	}
	if _, err := Zone(in.Timezone); err != nil {
		bad.Add("timezone", "invalid", "%s", err)
	}
	if err := s.checkReferences(t, &bad, in); err != nil {
		return err
	}
	checkTimes(&bad, in, t.Now)
	checkRepeat(&bad, in, t.Now)
	checkWindow(&bad, in.Window)
	s.checkSender(&bad, in)
	checkRate(&bad, in.RatePerMinute)
	if in.LatePolicy != model.LateSend && in.LatePolicy != model.LateSkip {
		bad.Add("late_policy", "invalid", "must be send or skip")
	}
	if in.LateGraceMinutes < 0 || in.LateGraceMinutes > maxGrace {
		bad.Add("late_grace_minutes", "out_of_range", "must be between 0 and %d", maxGrace)
	}
	if in.InDoubtPolicy != model.HoldInDoubt && in.InDoubtPolicy != model.ResendInDoubt {
		bad.Add("in_doubt_policy", "invalid", "must be hold or resend")
	}
	return model.Together(in.Breaches.Err(), bad.Err())
}

func (s *Service) checkReferences(t *store.MailingTx, bad *model.Fields, in *Input) error {
	if in.MessageID == 0 {
		bad.Add("message_id", "required", "a mailing needs a message")
	} else if own, err := t.OwnsMessage(in.MessageID); err != nil {
		return err
	} else if !own {
		bad.Add("message_id", "unknown", "there is no such message")
	}
	before := len(*bad)
	checkAudience(bad, in.Audience)
	if len(*bad) == before {
		for _, list := range []struct {
			field string
			ids   []int64
		}{{"audience.client_ids", in.Audience.ClientIDs}, {"audience.exclude_client_ids", in.Audience.ExcludeClientIDs}} {
			missing, err := t.MissingClients(list.ids)
			if err != nil {
				return err
			}
			if len(missing) > 0 {
				slices.Sort(missing)
				bad.Add(list.field, "unknown", "there are no such clients: %s", join(missing, 5))
			}
		}
	}
	if in.TransportID != nil {
		if has, err := t.HasTransport(*in.TransportID); err != nil {
			return err
		} else if !has {
			bad.Add("transport_id", "unknown", "there is no such transport")
		}
	}
	return nil
}

func join(ids []int64, most int) string {
	var b strings.Builder
	for i, id := range ids {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(ids)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprint(&b, id)
	}
	return b.String()
}

func checkAudience(bad *model.Fields, a model.Audience) {
	if !a.Names() {
		bad.Add("audience", "required", "name at least one client or tag, or all")
	}
	for field, ids := range map[string][]int64{"audience.client_ids": a.ClientIDs, "audience.exclude_client_ids": a.ExcludeClientIDs} {
		if len(ids) > maxAudienceIDs {
			bad.Add(field, "too_many", "at most %d clients can be named one by one; use a tag", maxAudienceIDs)
		}
		if slices.ContainsFunc(ids, func(id int64) bool { return id <= 0 }) {
			bad.Add(field, "invalid", "ids are positive numbers")
		}
	}
	for field, tags := range map[string][]string{"audience.tags": a.Tags, "audience.exclude_tags": a.ExcludeTags} {
		if len(tags) > maxTags {
			bad.Add(field, "too_many", "at most %d tags", maxTags)
		}
		for _, tag := range tags {
			if tag == "" || utf8.RuneCountInString(tag) > 64 || strings.ContainsFunc(tag, unicode.IsControl) {
				bad.Add(field, "invalid", "a tag has 1 to 64 characters and no control characters")
				break
			}
		}
	}
}

func checkTimes(bad *model.Fields, in *Input, now time.Time) {
	start := now
	if in.StartAt != nil {
		start = in.StartAt.UTC()
		in.StartAt = &start
		if start.After(now.Add(maxAhead)) || start.Year() < 1970 {
			bad.Add("start_at", "out_of_range", "must be within the next ten years")
		}
	}
	if in.EndAt == nil || in.Repeat != nil {
		return // a repeating mailing has no end of this kind, and is told so
	}
	end := in.EndAt.UTC()
	in.EndAt = &end
	switch {
	case !end.After(now):
		bad.Add("end_at", "out_of_range", "must be in the future")
	case !end.After(start):
		bad.Add("end_at", "out_of_range", "must be after the start")
	case end.After(now.Add(2 * maxAhead)):
		bad.Add("end_at", "out_of_range", "is too far ahead")
	}
}

func checkWindow(bad *model.Fields, w *model.Window) {
	if w == nil {
		return
	}
	seen := map[int]bool{}
	for _, d := range w.Weekdays {
		if d < 1 || d > 7 || seen[d] {
			bad.Add("window.weekdays", "invalid", "days are 1 Monday to 7 Sunday, each once")
			break
		}
		seen[d] = true
	}
	if len(w.Weekdays) == 0 {
		bad.Add("window.weekdays", "required", "name at least one day")
	}
	from, errFrom := minutes(w.From)
	to, errTo := minutes(w.To)
	if errFrom != nil {
		bad.Add("window.from", "invalid", "%s", errFrom)
	}
	if errTo != nil {
		bad.Add("window.to", "invalid", "%s", errTo)
	}
	if errFrom == nil && errTo == nil && from == to {
		bad.Add("window.to", "invalid", "must differ from the beginning of the window")
	}
}

func (s *Service) checkSender(bad *model.Fields, in *Input) {
	checkLine(bad, "from_name", in.FromName, 200)
	checkLine(bad, "reply_to", in.ReplyTo, 254)
	checkLine(bad, "from_email", in.FromEmail, 254)
	if in.ReplyTo != "" {
		if addr, err := s.ownAddress(in.ReplyTo); err != nil {
			bad.Add("reply_to", "invalid", "%s", err)
		} else {
			in.ReplyTo = addr
		}
	}
	if in.FromEmail == "" {
		return
	}
	addr, err := s.ownAddress(in.FromEmail)
	switch {
	case err != nil:
		bad.Add("from_email", "invalid", "%s", err)
	case !s.maySendAs(address.Domain(addr)):
		bad.Add("from_email", "not_allowed", "mail may not be sent from the domain %s here", address.Domain(addr))
	default:
		in.FromEmail = addr
	}
}

// ownAddress is the one form of a sender's address. The installation's own
// domain may be one without a dot, as localhost is.
func (s *Service) ownAddress(text string) (string, error) {
	local, domain, _ := strings.Cut(strings.TrimSpace(text), "@")
	if own := address.Domain(s.opt.FromEmail); !strings.Contains(own, ".") && strings.EqualFold(domain, own) {
		if _, err := address.Normalize(local + "@" + own + ".example"); err != nil {
			return "", err
		}
		return strings.ToLower(local) + "@" + own, nil
	}
	return address.Normalize(text)
}

func (s *Service) maySendAs(domain string) bool {
	return domain == address.Domain(s.opt.FromEmail) ||
		slices.ContainsFunc(s.opt.SenderDomains, func(d string) bool { return strings.EqualFold(d, domain) })
}

func checkRate(bad *model.Fields, rate *int) {
	if rate != nil && (*rate < 1 || *rate > maxRate) {
		bad.Add("rate_per_minute", "out_of_range", "must be between 1 and %d, or null for no limit", maxRate)
	}
}

// checkLine holds a one-line field against its rules.
func checkLine(bad *model.Fields, field, value string, most int) {
	switch {
	case !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl):
		bad.Add(field, "control_character", "must be one line without control characters")
	case utf8.RuneCountInString(value) > most:
		bad.Add(field, "too_long", "must have at most %d characters", most)
	}
}

// sameTime reports whether two times that may be absent are one.
func sameTime(a, b *time.Time) bool {
	return (a == nil) == (b == nil) && (a == nil || a.Equal(*b))
}

// same reports whether two settings are equal.
func same(a, b Input) bool {
	for _, in := range []*Input{&a, &b} {
		if in.Repeat != nil && sameRepeat(a.Repeat, b.Repeat) {
			in.Repeat = a.Repeat
		}
		for _, t := range []**time.Time{&in.StartAt, &in.EndAt} {
			if *t != nil {
				u := (*t).UTC()
				*t = &u
			}
		}
		for _, list := range []*[]int64{&in.Audience.ClientIDs, &in.Audience.ExcludeClientIDs} {
			if len(*list) == 0 {
				*list = nil
			}
		}
		for _, list := range []*[]string{&in.Audience.Tags, &in.Audience.ExcludeTags} {
			if len(*list) == 0 {
				*list = nil
			}
		}
	}
	return reflect.DeepEqual(a, b)
}
