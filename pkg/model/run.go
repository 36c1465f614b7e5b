package model

import "time"

// RunStatus is where one occurrence of a mailing stands.
type RunStatus string

// The statuses of a run.
const (
	RunPlanned    RunStatus = "planned"
	RunRunning    RunStatus = "running"
	RunPausing    RunStatus = "pausing"
	RunPaused     RunStatus = "paused"
	RunCancelling RunStatus = "cancelling"
	RunCancelled  RunStatus = "cancelled"
	RunFinished   RunStatus = "finished"
	RunMissed     RunStatus = "missed" // its time passed while nothing ran, and the late policy let it go
)

// RunStatuses lists the statuses.
var RunStatuses = []RunStatus{RunPlanned, RunRunning, RunPausing, RunPaused, RunCancelling, RunCancelled, RunFinished, RunMissed}

// Over reports whether the run has ended.
func (s RunStatus) Over() bool { return s == RunCancelled || s == RunFinished || s == RunMissed }

// Why a run waits, paused or was not sent: stable words, shown by the API.
const (
	ReasonSenderRejected  = "sender_rejected"   // MAIL FROM refused three times in a row
	ReasonRefusedByPolicy = "refused_by_policy" // everybody refused, twenty in a row
	ReasonSMTPAuth        = "smtp_auth"         // the server refuses our login
	ReasonMessageTooLarge = "message_too_large" // above the server's size limit
	ReasonTransportDown   = "transport_down"    // the server cannot be reached; the run waits
	ReasonNoTransport     = "no_transport"      // waits: no way out is enabled, or the one it has chosen is not
	ReasonTransportLimit  = "transport_limit"   // waits for the limit of its way out
	ReasonOutsideWindow   = "outside_window"    // waits for the sending window
	ReasonRate            = "rate"              // waits for the mailing's rate
	ReasonDailyQuota      = "daily_quota"       // waits for the day to turn: the owner's quota of mails is used
	ReasonLate            = "late"              // missed: later than the late policy allows
	ReasonStillRunning    = "still_running"     // missed: the run before it had not ended
	ReasonEnded           = "ended"             // its end came before its start
	ReasonBadMessage      = "bad_message"       // the message does not render
	ReasonEmptyAudience   = "empty_audience"    // the audience matches nobody
	ReasonByPerson        = "by_person"         // a person paused it
)

// Why a delivery is skipped, beside the reasons of suppressions.
const (
	SkippedDuplicateAddress = "duplicate_address"
	SkippedClientDeleted    = "client_deleted"
	SkippedRenderError      = "render_error"
)

// Run is one occurrence of a mailing. Subject, bodies and sender are frozen
// when it starts, so that no edit changes what a run sends.
type Run struct {
	ID            int64
	MailingID     int64
	OwnerID       int64
	MailingName   string
	PlannedAt     time.Time
	Occurrence    int64 // which one of the rule, from 1; 0 of a run that no rule made
	Status        RunStatus
	Reason        string
	Subject       string
	HTML          string
	Text          string
	FromName      string
	FromEmail     string
	ReplyTo       string
	SenderName    string // the owner's name at the start, for {{ sender.name }}
	SenderEmail   string
	ContentHash   string
	Audience      Audience `gorm:"serializer:json"`
	Timezone      string
	Window        *Window `gorm:"column:send_window;serializer:json"`
	RatePerMinute *int
	TransportID   *int64 // the one way out it uses; nil for the order of all
	InDoubtPolicy InDoubtPolicy
	DeadlineAt    *time.Time
	AudienceAfter int64 // clients of the audience up to this id have their delivery
	Materialised  bool  // every client of the audience has its delivery
	ParentRunID   *int64
	RetryFilter   *RetryFilter `gorm:"serializer:json"` // of a linked run: what it retries of its parent
	FirstRunID    *int64       // of a linked run: the first of its chain, which names its mails
	DatedAt       *time.Time   // of a linked run: when the first began, the Date of its mails
	StartedAt     *time.Time
	FinishedAt    *time.Time
	CreatedAt     time.Time

	CheckedAt         *time.Time // when its counters were last held against its rows
	AttemptsRemovedAt *time.Time // since when its attempt log is not kept; nil while it is whole

	OwnerEmail string `gorm:"->;-:migration"`
	Counts     Counts `gorm:"-"` // sums of its chunks, filled where reports are read
}

// RetryFilter says which deliveries of a run that has ended a linked run
// retries: those in one of the states, failed and in doubt, and with one of
// the SMTP reply codes, if any are named; 0 stands for none.
type RetryFilter struct {
	States []DeliveryState `json:"states"`
	Codes  []int           `json:"codes,omitempty"`
}

// First is the run that names the mails of this one: the first of its chain.
func (r *Run) First() int64 {
	if r.FirstRunID != nil {
		return *r.FirstRunID
	}
	return r.ID
}

// Counts are the sums of a run. Planned is always the sum of the others.
type Counts struct {
	Planned   int64 `json:"planned"`
	Pending   int64 `json:"pending"`
	Sending   int64 `json:"sending"`
	Deferred  int64 `json:"deferred"`
	Sent      int64 `json:"sent"`
	Failed    int64 `json:"failed"`
	Skipped   int64 `json:"skipped"`
	InDoubt   int64 `json:"in_doubt"`
	Expired   int64 `json:"expired"`
	Cancelled int64 `json:"cancelled"`
}

// Tried is how many deliveries an attempt has brought to their end. To settle a
// doubt by hand does not change it.
func (c Counts) Tried() int64 { return c.Sent + c.Failed + c.InDoubt }

// Delivery is one client in one run: the row that accounts for a recipient.
type Delivery struct {
	ID                int64
	RunID             int64
	ClientID          int64
	ChunkID           int64
	Email             string
	AddressKey        *string
	State             DeliveryState
	Reason            string
	Token             *int64
	Attempts          int // rows in the attempt log
	Deferrals         int // how often a server said later
	PossibleDuplicate bool
	OriginID          *int64 // the delivery that this one retries
	FirstID           *int64 // the first of a chain of retries, which names the mail
	ResolvedBy        *int64
	LastCode          int
	LastEnhanced      string
	LastResponse      string
	FirstDeferredAt   *time.Time
	UpdatedAt         time.Time

	NextAt    *time.Time `gorm:"->;-:migration"`
	RetriedBy *int64     `gorm:"->;-:migration"` // the delivery that retries this one
}

// Chunk is a lot of deliveries that one worker claims at once. Token is the
// fence: it is new at every claim, and what carries an older one is refused.
type Chunk struct {
	ID          int64
	RunID       int64
	Retry       bool // made of due retries; else the clients FirstClient … LastClient
	FirstClient int64
	LastClient  int64
	Token       *int64
	WorkerID    *string
	NextAt      time.Time
	Done        bool
	Counts      Counts `gorm:"embedded"`
}

// SystemMail is a single mail outside any mailing: a test mail, or one about an
// account. It is kept in SQL and sent at least once.
type SystemMail struct {
	ID         int64
	OwnerID    *int64 // who had a test sent; nil of a mail about an account
	Kind       MailKind
	FromName   string
	FromEmail  string
	ReplyTo    string
	ToEmail    string
	ToName     string
	Subject    string
	HTML       string
	Text       string
	CreatedAt  time.Time
	NextAt     time.Time
	SentAt     *time.Time
	FailedAt   *time.Time
	Attempts   int
	LastAnswer string
	Code       int    // of LastAnswer, 0 when no server gave it
	Enhanced   string // of LastAnswer, "" when there was none
	WaitsFor   string // why no try begins: one of the reasons of runs, "" when one may
	RefID      *int64 // the registration or session that a mail is about
}

// MailKind says what a system mail is for. All but tests are about accounts:
// what is kept of them are an address and a kind, and they are written when
// they are sent. So it is not known before whether there is an account, nor does
// a database hold a link that opens one.
type MailKind string

// The kinds of system mails.
const (
	MailTest            MailKind = "test"
	MailConfirm         MailKind = "confirm"          // of a registration
	MailConfirmAgain    MailKind = "confirm_again"    // of the last one of an address
	MailReset           MailKind = "reset"            // somebody forgot a password
	MailPasswordChanged MailKind = "password_changed" // so that its owner knows
	MailTokenReused     MailKind = "token_reused"     // a session was ended because of that
)
