package model

import (
	"slices"
	"time"
)

// Scope is what an API key may do, of what its owner may: to read or to write
// one kind of thing. None allows another: who may write may not read.
type Scope string

// The scopes there are. To send is apart from to write, so that a program can
// prepare mailings that a person then starts.
const (
	ClientsRead       Scope = "clients:read"
	ClientsWrite      Scope = "clients:write"
	SuppressionsRead  Scope = "suppressions:read"
	SuppressionsWrite Scope = "suppressions:write"
	MessagesRead      Scope = "messages:read"
	MessagesWrite     Scope = "messages:write"
	MailingsRead      Scope = "mailings:read"
	MailingsWrite     Scope = "mailings:write" // drafts, and to stop what sends
	MailingsSend      Scope = "mailings:send"  // whatever makes a mail leave
	ReportsRead       Scope = "reports:read"
	ReportsWrite      Scope = "reports:write"
	SystemRead        Scope = "system:read" // of superusers alone
)

// Scopes lists all scopes in the order they are shown.
var Scopes = []Scope{
	ClientsRead, ClientsWrite, SuppressionsRead, SuppressionsWrite, MessagesRead, MessagesWrite,
	MailingsRead, MailingsWrite, MailingsSend, ReportsRead, ReportsWrite, SystemRead,
}

// APIKey lets a program act as its owner, as far as the owner's rights and the
// key's scopes both go. What is kept of the key itself is a hash.
type APIKey struct {
	ID         int64
	UserID     int64
	Name       string
	Prefix     string // the part that may be shown
	Hash       string
	Scopes     []Scope `gorm:"serializer:json"`
	ExpiresAt  *time.Time
	LastUsedAt *time.Time // to the minute
	CreatedAt  time.Time
}

// Carries reports whether the key has a scope.
func (k *APIKey) Carries(s Scope) bool { return slices.Contains(k.Scopes, s) }
