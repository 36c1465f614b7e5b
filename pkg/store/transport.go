package store

import (
	"context"
	"net"
	"slices"
	"strconv"
	"strings"

	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

var transportList = listing[model.Transport]{
	name: "transports", id: "transports.id", natural: "order",
	rowID: func(t *model.Transport) int64 { return t.ID },
	sorts: map[string]sortKey[model.Transport]{
		"id":    {"transports.id", func(t *model.Transport) any { return t.ID }},
		"name":  {"transports.name", func(t *model.Transport) any { return t.Name }},
		"order": {"transports.position", func(t *model.Transport) any { return int64(t.Position) }},
	},
}

// Bounds of a transport.
const (
	maxTransportText  = 255 // characters of a line
	maxConnections    = 1000
	maxTransportLimit = 1_000_000_000
	maxPosition       = 1_000_000
)

// CheckTransport holds a way out against the rules, tells all breaches at once
// (model.Invalid), and puts what was given into its one form.
func CheckTransport(t *model.Transport) error {
	var bad model.Fields
	t.Name, t.Host, t.Bounce = strings.TrimSpace(t.Name), strings.TrimSpace(t.Host), strings.TrimSpace(t.Bounce)
	if t.Name == "" {
		bad.Add("name", "required", "a transport needs a name")
	}
	checkLine(&bad, "name", t.Name, maxTransportText)
	checkLine(&bad, "username", t.Username, maxTransportText)
	switch {
	case t.Host == "":
		bad.Add("host", "required", "a transport needs a host")
	case !isHost(t.Host):
		bad.Add("host", "invalid", "must be a host name or an IP address, without a port")
	}
	if !slices.Contains(model.TLSModes, t.TLS) {
		bad.Add("tls", "unknown", "must be one of %s", "required, optional, none, implicit")
	}
	for _, n := range []struct {
		field              string
		value, least, most int
	}{
		{"port", t.Port, 1, 65535}, {"connections", t.Connections, 1, maxConnections}, {"order", t.Position, 0, maxPosition},
	} {
		if n.value < n.least || n.value > n.most {
			bad.Add(n.field, "out_of_range", "must be between %d and %d", n.least, n.most)
		}
	}
	for _, l := range []struct {
		field string
		n     *int
	}{
		{"limits.per_second", t.Limits.PerSecond},
		{"limits.per_minute", t.Limits.PerMinute},
		{"limits.per_hour", t.Limits.PerHour},
		{"limits.per_day", t.Limits.PerDay},
	} {
		if l.n != nil && (*l.n < 1 || *l.n > maxTransportLimit) {
			bad.Add(l.field, "out_of_range", "must be between %d and %d, or null for no limit", 1, maxTransportLimit)
		}
	}
	if t.Bounce != "" {
		t.Bounce = checkEmail(&bad, "bounce", t.Bounce)
	}
	return bad.Err()
}

// isHost reports whether text is a name in the form of RFC 1123 §2.1, or an
// IP address.
func isHost(text string) bool {
	if net.ParseIP(text) != nil {
		return true
	}
	if len(text) > 253 {
		return false
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(text, "."), ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "-") != label || strings.ContainsFunc(label, func(r rune) bool {
			return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
		}) {
			return false
		}
	}
	return true
}

// Transports lists the ways out of the installation, in the order in which
// they are tried; those that are enabled alone for who may only choose one.
// What of them may be shown is the caller's to know.
func (s *Store) Transports(ctx context.Context, enabledOnly bool, p Page) (List[model.Transport], error) {
	q := s.read(ctx).Model(&model.Transport{})
	if enabledOnly {
		q = q.Where("enabled")
	}
	list, err := transportList.page(q, p)
	return list, kindOf(err, "list the transports")
}

// EnabledTransports are the ways out of the database in their order.
func (s *Store) EnabledTransports(ctx context.Context) ([]model.Transport, error) {
	var all []model.Transport
	err := s.read(ctx).Where("enabled").Order("position, id").Find(&all).Error
	return all, kindOf(err, "read the transports")
}

// Transport is one way out.
func (s *Store) Transport(ctx context.Context, id int64) (*model.Transport, error) {
	var t model.Transport
	err := s.read(ctx).Take(&t, id).Error
	return &t, kindOf(err, "read a transport")
}

// CreateTransport keeps a new way out; it sets the id, the version and the
// times. A name that is taken is model.Conflict.
func (s *Store) CreateTransport(ctx context.Context, t *model.Transport) error {
	return transportError(s.tx(ctx, func(tx *gorm.DB) error {
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		t.ID, t.Version, t.CreatedAt, t.UpdatedAt = 0, 1, now, now
		if err := tx.Create(t).Error; err != nil {
			return err
		}
		if err := sign(tx, "transport", t.ID); err != nil {
			return err
		}
		return s.audit(tx, model.AuditEvent{Action: model.AuditTransportCreated, Details: transportFacts(t)}.Object("transport", t.ID, t.Name))
	}), "create a transport")
}

// transportFacts is what the audit log tells of a way out: all but its
// password.
func transportFacts(t *model.Transport) model.Details {
	out := model.Details{
		"name": t.Name, "host": t.Host, "port": t.Port, "tls": string(t.TLS), "username": t.Username, "bounce": t.Bounce,
		"connections": t.Connections, "enabled": t.Enabled, "order": t.Position,
	}
	for name, n := range map[string]*int{
		"per_second": t.Limits.PerSecond, "per_minute": t.Limits.PerMinute, "per_hour": t.Limits.PerHour, "per_day": t.Limits.PerDay,
	} {
		if n != nil {
			out["limits."+name] = *n
		}
	}
	return out
}

// ChangeTransport gives change a way out, locked, and keeps what it makes of
// it; what is the same as before makes no new version. A stale ifMatch is
// model.PreconditionFailed. What was known of its troubles is forgotten, for
// they may be mended now. change may run more than once.
func (s *Store) ChangeTransport(ctx context.Context, id int64, ifMatch model.IfMatch, change func(*model.Transport) error) (*model.Transport, error) {
	var t model.Transport
	err := s.tx(ctx, func(tx *gorm.DB) error {
		t = model.Transport{}
		if err := s.forUpdate(tx).Take(&t, id).Error; err != nil {
			return err
		}
		if ifMatch.Stale(t.Version) {
			return stale()
		}
		old := t
		if err := change(&t); err != nil {
			return err
		}
		if sameTransport(old, t) {
			return nil
		}
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		t.Version, t.UpdatedAt = old.Version+1, now
		if err := tx.Save(&t).Error; err != nil {
			return err
		}
		if err := tx.Exec("DELETE FROM breakers WHERE key = ?", TransportKey(id)).Error; err != nil {
			return err
		}
		details := changed(transportFacts(&old), transportFacts(&t))
		if old.PasswordSealed != t.PasswordSealed {
			details["password"] = "changed"
		}
		return s.audit(tx, model.AuditEvent{Action: model.AuditTransportChanged, Details: details}.Object("transport", id, t.Name))
	})
	return &t, transportError(err, "change a transport")
}

// sameTransport reports whether two states of a way out are equal.
func sameTransport(a, b model.Transport) bool {
	for _, p := range []struct{ a, b *int }{
		{a.Limits.PerSecond, b.Limits.PerSecond},
		{a.Limits.PerMinute, b.Limits.PerMinute},
		{a.Limits.PerHour, b.Limits.PerHour},
		{a.Limits.PerDay, b.Limits.PerDay},
	} {
		if (p.a == nil) != (p.b == nil) || p.a != nil && *p.a != *p.b {
			return false
		}
	}
	a.Limits, b.Limits = model.Limits{}, model.Limits{}
	return a == b
}

// DeleteTransport removes a way out and what was known of it. One that an
// unfinished mailing has chosen is model.Conflict; reports keep its name.
func (s *Store) DeleteTransport(ctx context.Context, id int64, ifMatch model.IfMatch) error {
	return transportError(s.tx(ctx, func(tx *gorm.DB) error {
		var t model.Transport
		if err := s.forUpdate(tx).Take(&t, id).Error; err != nil {
			return err
		}
		if ifMatch.Stale(t.Version) {
			return stale()
		}
		// a mailing that is being saved holds the transport, and is seen when it lets go
		var chosen int64
		err := tx.Table("mailings").Where("transport_id = ? AND archived_at IS NULL AND status NOT IN ?", id,
			[]model.MailingStatus{model.MailingFinished, model.MailingCancelled}).Count(&chosen).Error
		if err != nil {
			return err
		}
		if chosen > 0 {
			return model.E(model.Conflict, "%d unfinished mailings have chosen this transport; disable it, or let them end or choose another first", chosen)
		}
		for _, query := range []string{"DELETE FROM breakers WHERE key = ?", "DELETE FROM permits WHERE key = ?"} {
			if err := tx.Exec(query, TransportKey(id)).Error; err != nil {
				return err
			}
		}
		if err := tx.Exec("DELETE FROM transports WHERE id = ?", id).Error; err != nil {
			return err
		}
		return s.audit(tx, model.AuditEvent{Action: model.AuditTransportDeleted}.Object("transport", id, t.Name))
	}), "delete a transport")
}

// TransportKey is what the breaker and the permits of a transport are kept by.
func TransportKey(id int64) string { return strconv.FormatInt(id, 10) }

func transportError(err error, doing string) error {
	if duplicate(err) {
		return model.E(model.Conflict, "there is a transport with this name already")
	}
	return kindOf(err, doing)
}

// HasTransport reports whether the mailing may choose a way out: any of the
// installation that is enabled. It stays until the transaction has ended.
func (t *MailingTx) HasTransport(id int64) (bool, error) {
	var ids []int64
	err := t.tx.Raw("SELECT id FROM transports WHERE id = ? AND enabled"+t.s.locking("FOR SHARE"), id).Scan(&ids).Error
	return len(ids) == 1, err
}

// RunTransport is the way out that a run has chosen, nil when it has none.
func (s *Store) RunTransport(ctx context.Context, runID int64) (*int64, error) {
	var r model.Run
	err := s.read(ctx).Select("transport_id").Take(&r, runID).Error
	return r.TransportID, kindOf(err, "read the transport of a run")
}
