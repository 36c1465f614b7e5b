package model

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
