package model

import (
	"net"
	"strings"
	"time"
)

// TLSMode says how connections to a mail server are protected.
type TLSMode string

// The TLS modes.
const (
	TLSRequired TLSMode = "required" // STARTTLS (RFC 3207) or nothing
	TLSOptional TLSMode = "optional" // STARTTLS where it is offered
	TLSNone     TLSMode = "none"
	TLSImplicit TLSMode = "implicit" // TLS from the first octet (RFC 8314 §3.3)
)

// TLSModes lists the modes.
var TLSModes = []TLSMode{TLSRequired, TLSOptional, TLSNone, TLSImplicit}

// Weaker reports whether a mode lets somebody on the way read what another one
// hides from them.
func (m TLSMode) Weaker(than TLSMode) bool { return m.strength() < than.strength() }

func (m TLSMode) strength() int {
	switch m {
	case TLSRequired, TLSImplicit:
		return 2
	case TLSOptional:
		return 1
	case TLSNone:
	}
	return 0
}

// DefaultTLS is the mode where none is named: protection is asked of every
// server but one on this machine.
func DefaultTLS(host string) TLSMode {
	if IsLoopback(host) {
		return TLSOptional
	}
	return TLSRequired
}

// DefaultPort is the port where none is named.
func DefaultPort(mode TLSMode) int {
	if mode == TLSImplicit {
		return 465
	}
	return 25
}

// IsLoopback reports whether a host's name or address is this machine.
func IsLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// DefaultTransport is the key of the way out that the settings name. Every
// other one has its id for a key.
const DefaultTransport = "default"

// Limits are how many mails may leave by a way out in any second, minute, hour
// and day, over all workers; nil for no limit.
type Limits struct {
	PerSecond *int
	PerMinute *int
	PerHour   *int
	PerDay    *int
}

// None reports whether there is no limit at all.
func (l Limits) None() bool { return l == Limits{} }

// Transport is a configured way out: a mail server with its limits. Transports
// are the installation's and have no owner.
type Transport struct {
	ID             int64
	Name           string
	Host           string
	Port           int
	TLS            TLSMode `gorm:"column:tls"`
	Username       string  // "" for no AUTH
	PasswordSealed string  // encrypted; auth.Sealer opens it for Host
	Bounce         string  // envelope sender of every mail, "" for the mail's own
	Connections    int     // at once, in each worker process
	Limits         Limits  `gorm:"embedded"`
	Enabled        bool
	Position       int // its place in the order in which ways out are tried; then by id
	Version        int64
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// Why a way out rests.
const (
	RestsByConnection = "connection" // it cannot be reached, drops, or says that it has no time
	RestsByAuth       = "auth"       // it refuses the login
)

// Breaker is what all workers know of a way out that is in trouble. While
// there is one, and it is not Proven, no mail goes by it.
type Breaker struct {
	Key       string `gorm:"primaryKey"`
	Rested    int    // rests in a row
	Until     time.Time
	Proven    bool // a connection stood since; the first mail that is taken ends the trouble
	ProbeBy   *string
	ProbeTill *time.Time
	Reason    string // RestsByConnection, RestsByAuth
	Answer    string // what the server said
}

// TransportCheck is what a try of a way out has shown, up to and with the
// login; no mail is sent by it.
type TransportCheck struct {
	OK         bool
	Phase      Phase    // the last step that was tried
	Code       int      // the last reply's, 0 when none came
	Enhanced   string   // its RFC 3463 code
	Response   string   // the server's words, or ours where it said nothing
	Extensions []string // what EHLO offers, after TLS where there is one
	TLS        string   // as in "TLS 1.3", "" in clear text
	Took       time.Duration
}
