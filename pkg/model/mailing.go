package model

import (
	"slices"
	"time"
)

// MailingStatus is where a mailing stands.
type MailingStatus string

// The statuses of a mailing.
const (
	MailingDraft      MailingStatus = "draft"      // waits for a person
	MailingScheduled  MailingStatus = "scheduled"  // its next run has a time
	MailingRunning    MailingStatus = "running"    // a run sends, or waits with a reason
	MailingPausing    MailingStatus = "pausing"    // no new mail; what is on the wire ends
	MailingPaused     MailingStatus = "paused"     // by a person or by a reason
	MailingCancelling MailingStatus = "cancelling" // no new mail; what is on the wire ends
	MailingFinished   MailingStatus = "finished"
	MailingCancelled  MailingStatus = "cancelled"
)

// MailingStatuses lists the statuses.
var MailingStatuses = []MailingStatus{
	MailingDraft, MailingScheduled, MailingRunning, MailingPausing,
	MailingPaused, MailingCancelling, MailingFinished, MailingCancelled,
}

// Live reports whether a run of the mailing has started and not ended. Its
// settings, but for the rate, are then not to be changed.
func (s MailingStatus) Live() bool {
	switch s {
	case MailingRunning, MailingPausing, MailingPaused, MailingCancelling:
		return true
	}
	return false
}

// Action is what a person may ask of a mailing.
type Action string

// The actions.
const (
	ActionSchedule   Action = "schedule"
	ActionUnschedule Action = "unschedule"
	ActionStart      Action = "start"
	ActionPause      Action = "pause"
	ActionResume     Action = "resume"
	ActionCancel     Action = "cancel"
)

// actions is the one table of which action a status allows.
var actions = map[MailingStatus][]Action{
	MailingDraft:      {ActionSchedule, ActionStart},
	MailingScheduled:  {ActionStart, ActionUnschedule, ActionCancel},
	MailingRunning:    {ActionPause, ActionCancel},
	MailingPausing:    {ActionPause, ActionCancel},
	MailingPaused:     {ActionResume, ActionCancel},
	MailingCancelling: {ActionCancel},
	MailingFinished:   {ActionStart},
	MailingCancelled:  {ActionStart},
}

// effects is where an action takes a mailing.
var effects = map[Action][]MailingStatus{
	ActionSchedule:   {MailingScheduled},
	ActionUnschedule: {MailingDraft},
	ActionStart:      {MailingRunning},
	ActionPause:      {MailingPausing, MailingPaused},
	ActionResume:     {MailingRunning},
	ActionCancel:     {MailingCancelling, MailingCancelled},
}

// Allows reports whether an action may be asked in this status.
func (s MailingStatus) Allows(a Action) bool { return slices.Contains(actions[s], a) }

// Repeats reports whether the action is the one that was asked last and has
// its effect already, so that asking it again changes nothing.
func (m *Mailing) Repeats(a Action) bool {
	return m.LastAction == a && slices.Contains(effects[a], m.Status)
}

// LatePolicy says what becomes of a run whose time passed while nothing ran.
type LatePolicy string

// The late policies.
const (
	LateSend LatePolicy = "send" // start it if it is not later than the grace
	LateSkip LatePolicy = "skip" // mark it missed
)

// InDoubtPolicy says what becomes of a delivery whose outcome is unknown.
type InDoubtPolicy string

// The in-doubt policies.
const (
	HoldInDoubt   InDoubtPolicy = "hold"   // wait for a person
	ResendInDoubt InDoubtPolicy = "resend" // repeat once, with the same Message-ID
)

// Audience says who is mailed: the union of all, client_ids and tags, minus
// the exclusions.
type Audience struct {
	All              bool     `json:"all"`
	ClientIDs        []int64  `json:"client_ids"`
	Tags             []string `json:"tags"`
	ExcludeTags      []string `json:"exclude_tags"`
	ExcludeClientIDs []int64  `json:"exclude_client_ids"`
}

// Names reports whether the audience names anybody at all.
func (a Audience) Names() bool { return a.All || len(a.ClientIDs) > 0 || len(a.Tags) > 0 }

// Window is when mails may leave, in the mailing's zone. Weekdays are 1
// Monday … 7 Sunday. From is inclusive and To exclusive, "HH:MM"; a To at or
// before From ends on the next day, and then the day is the one it began on.
type Window struct {
	Weekdays []int  `json:"weekdays"`
	From     string `json:"from"`
	To       string `json:"to"`
}

// Repeat says how a mailing repeats, in its zone and from its start on; package
// calendar holds the rules. Fields that do not belong to Every are empty.
type Repeat struct {
	Every    string     `json:"every"` // day, week, month, cron
	Interval int        `json:"interval"`
	Weekdays []int      `json:"weekdays"` // 1 Monday … 7 Sunday
	MonthDay *int       `json:"month_day"`
	Cron     *string    `json:"cron"`
	Until    *time.Time `json:"until"` // the last instant that may be an occurrence
	Times    *int       `json:"times"` // the first one counted
}

// Mailing is a message, an audience, a schedule and sending options.
type Mailing struct {
	ID               int64
	OwnerID          int64
	MessageID        *int64 // nil when the message of an ended mailing was deleted
	Name             string
	Audience         Audience `gorm:"serializer:json"`
	StartAt          *time.Time
	Timezone         string     // IANA name
	EndAt            *time.Time // of one that happens once
	Repeat           *Repeat    `gorm:"column:repeat_rule;serializer:json"`
	RunMinutes       *int       // how long each run of a repeating one may take
	Window           *Window    `gorm:"column:send_window;serializer:json"`
	FromName         string
	FromEmail        string
	ReplyTo          string
	TransportID      *int64
	RatePerMinute    *int
	LatePolicy       LatePolicy
	LateGraceMinutes int
	InDoubtPolicy    InDoubtPolicy
	TrackOpens       bool
	TrackClicks      bool
	Status           MailingStatus
	Reason           string // why it waits or paused, "" when it does not
	LastAction       Action // what a person asked last, so that asking it again changes nothing
	NextRunAt        *time.Time
	LastRunID        *int64
	ArchivedAt       *time.Time
	Version          int64 // of the settings; status and counters leave it alone
	CreatedAt        time.Time
	UpdatedAt        time.Time

	OwnerEmail string `gorm:"->;-:migration"`
}
