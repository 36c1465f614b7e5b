package mailing

import (
	"context"
	"time"

	"github.com/postrider/postrider/pkg/model"
)

// Mail is one message ready for the wire: an RFC 5321 envelope with one
// recipient and the complete RFC 5322 content.
type Mail struct {
	From string // reverse-path, an addr-spec; "" is the null reverse-path
	To   string // forward-path, an addr-spec
	Data []byte // header and body with CRLF line ends, not dot-stuffed, ending in CRLF
}

// Class tells the engine what a result says about the way out, beyond the one
// mail.
type Class string

// The classes of results.
const (
	ClassRecipient  Class = ""            // about this recipient or this mail only
	ClassConnection Class = "connection"  // connect, TLS, greeting, 421, a lost connection: the transport's trouble
	ClassAuth       Class = "auth"        // the server refuses our login
	ClassSender     Class = "sender"      // MAIL FROM was refused
	ClassPolicy     Class = "policy"      // 530 or 5.7.x: a refusal that is likely to meet everybody
	ClassTooLarge   Class = "too_large"   // 552 5.3.4, or above the server's SIZE
	ClassIntent     Class = "intent"      // the intent was refused; nothing was sent
	ClassInterrupt  Class = "interrupted" // our own context ended before the last byte
)

// Result is what became of one attempt. It never carries more than is known:
// when the last byte may have left and no answer was read, Outcome is
// OutcomeInDoubt.
type Result struct {
	Outcome    model.Outcome
	Class      Class
	Phase      model.Phase
	Code       int    // SMTP reply code, 0 when none
	Enhanced   string // RFC 3463 code, "" when none
	Response   string // server's words (or ours, when none came), cleaned: valid UTF-8, no controls, ≤ 1 KB
	Intended   bool   // the intent was granted; of one that was not waited for, Send does not know
	Named      bool   // the server may have heard of the recipient
	StartedAt  time.Time
	FinishedAt time.Time
}

// Intent is the leave to complete one mail.
type Intent interface {
	// Ask asks for it and does not wait. What has begun to ask need not wait,
	// when there is nothing to complete.
	Ask()

	// Wait waits for it, and asks if nobody has. An error says why the mail must
	// not be completed. meanwhile, unless nil, is called once, when it is asked
	// for; a panic ends with it.
	Wait(ctx context.Context, meanwhile func()) error
}

// Granted is the Intent of a mail that no ledger knows.
type Granted struct{}

// Ask does nothing.
func (Granted) Ask() {}

// Wait answers nil.
func (Granted) Wait(_ context.Context, meanwhile func()) error {
	if meanwhile != nil {
		meanwhile()
	}
	return nil
}

// Transport is a way out for mail. The SMTP pool is the real one.
type Transport interface {
	// Name is what reports show of this way out.
	Name() string

	// Connections is how many mails may be on the wire at once in this process.
	Connections() int

	// Line is a way of one goroutine to send mails, one after the other.
	Line() Line

	// Probe makes sure of a new connection, up to and with the login, and keeps
	// it for the next mail. It answers nil when the server is ready, else what
	// stood in the way, as Send would.
	Probe(ctx context.Context) *Result

	// Close says QUIT on idle connections and closes them.
	Close() error
}

// Halt is the cause of a context that ended because a run was stopped, and not
// this process.
type Halt struct {
	Within context.Context //nolint:containedctx // the one that the ended one came from, which goes on
}

func (*Halt) Error() string { return "the run was stopped" }

// Line sends mails one after the other. One goroutine uses it.
type Line interface {
	// Send makes one attempt. It waits for the intent once at most, at the last
	// moment before bytes that could complete the mail may leave this process:
	// after 354, or before the flight of MAIL, RCPT and BDAT LAST. If the intent
	// is refused, the mail is not completed and the result is OutcomeAborted
	// with ClassIntent. Nothing of the mail or the intent is used after Send.
	//
	// When ctx ends before the last octet may have left, the mail is aborted with
	// ClassInterrupt. After it, its answer is waited for, for a shorter time than
	// else unless the cause is a Halt.
	//
	// Where the server lets the envelope of the next mail go along with the last
	// octets of this one, next is asked for it while the intent is awaited, once;
	// it answers nil when there is none at that moment. A nil next is never asked.
	// What it answered is the mail of the next Send, or is given up by Drop.
	Send(ctx context.Context, mail *Mail, intent Intent, next func() *Mail) Result

	// Drop gives up the mail that next answered.
	Drop()
}
