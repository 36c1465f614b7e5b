package model

import (
	"slices"
	"time"
)

// DeliveryState is where one recipient of one run stands.
type DeliveryState string

// The states of a delivery. Sent, failed, skipped, expired and cancelled are
// final; in doubt stays until somebody acts.
const (
	Pending   DeliveryState = "pending"   // waits for its turn
	Sending   DeliveryState = "sending"   // the intent is committed; the last byte may have left
	Deferred  DeliveryState = "deferred"  // the server said later; a retry is planned
	Sent      DeliveryState = "sent"      // the server took it
	Failed    DeliveryState = "failed"    // the server refused it for good
	Skipped   DeliveryState = "skipped"   // must not be mailed; Reason says why
	InDoubt   DeliveryState = "in_doubt"  // the answer was lost after the last byte
	Expired   DeliveryState = "expired"   // the run's deadline came first
	Cancelled DeliveryState = "cancelled" // the run was cancelled first
)

// DeliveryStates lists the states in the order reports show them.
var DeliveryStates = []DeliveryState{Pending, Sending, Deferred, Sent, Failed, Skipped, InDoubt, Expired, Cancelled}

// transitions is the one table of what may follow what. Pending becomes sent
// when a doubt is to be repeated and the answer to the first try comes before
// the repeat has begun.
var transitions = map[DeliveryState][]DeliveryState{
	Pending:  {Sending, Deferred, Failed, Skipped, Expired, Cancelled, Sent},
	Sending:  {Sent, Deferred, Failed, InDoubt, Pending},
	Deferred: {Pending, Failed, Skipped, Expired, Cancelled},
	InDoubt:  {Sent, Failed, Deferred, Pending},
}

// CanBecome reports whether a delivery may go from one state to another.
func (s DeliveryState) CanBecome(next DeliveryState) bool {
	return slices.Contains(transitions[s], next)
}

// Open reports whether the run still waits for this delivery.
func (s DeliveryState) Open() bool { return s == Pending || s == Sending || s == Deferred }

// Outcome is how one attempt ended.
type Outcome string

// The outcomes of an attempt.
const (
	OutcomeSent     Outcome = "sent"     // a positive reply after the last byte
	OutcomeDeferred Outcome = "deferred" // a temporary refusal of this recipient or mail
	OutcomeFailed   Outcome = "failed"   // a permanent refusal of this recipient or mail
	OutcomeInDoubt  Outcome = "in_doubt" // the last byte left, no answer came
	OutcomeAborted  Outcome = "aborted"  // trouble before the last byte; the mail was certainly not taken
)

// Phase is the step of the SMTP dialogue (RFC 5321) an attempt ended in.
type Phase string

// The phases of an attempt.
const (
	PhaseConnect  Phase = "connect"  // dialling and the greeting
	PhaseEHLO     Phase = "ehlo"     // EHLO, HELO
	PhaseTLS      Phase = "starttls" // STARTTLS and the handshake, also of implicit TLS
	PhaseAuth     Phase = "auth"     // RFC 4954
	PhaseMail     Phase = "mail"     // MAIL FROM
	PhaseRcpt     Phase = "rcpt"     // RCPT TO
	PhaseData     Phase = "data"     // DATA until 354
	PhaseBody     Phase = "body"     // the mail itself, or BDAT, until its last byte
	PhaseResponse Phase = "response" // waiting for, or reading, the answer after the last byte
)

// Attempt is one try of a delivery at an SMTP server. Attempts are only ever
// appended.
type Attempt struct {
	DeliveryID int64 `gorm:"primaryKey"`
	Number     int   `gorm:"primaryKey"`
	StartedAt  time.Time
	FinishedAt time.Time
	Outcome    Outcome
	Code       int    // the SMTP reply code, 0 when none came
	Enhanced   string // RFC 3463 status code, "" when none came
	Response   string // the server's words: valid UTF-8, no controls, at most 1 KB
	Phase      Phase
	Transport  string
}
