package model

import "time"

// ClientStatus tells whether a client may be mailed. It derives from the
// suppressions of the owner and is stored nowhere.
type ClientStatus string

// The statuses of a client. All but active are the reason of a suppression.
const (
	ClientActive       ClientStatus = "active"
	ClientUnsubscribed ClientStatus = "unsubscribed"
	ClientBounced      ClientStatus = "bounced"
	ClientComplained   ClientStatus = "complained"
	ClientBlocked      ClientStatus = "blocked"
)

// Client is a recipient.
type Client struct {
	ID         int64
	OwnerID    int64
	Email      string // normalised, unique per owner
	FullName   string
	Comment    string
	Attributes map[string]any `gorm:"serializer:json"` // flat: string, number, bool
	Locale     string
	Timezone   string
	Version    int64
	CreatedAt  time.Time
	UpdatedAt  time.Time

	Tags       []string     `gorm:"-"` // sorted, from client_tags
	Status     ClientStatus `gorm:"->;-:migration"`
	OwnerEmail string       `gorm:"->;-:migration"` // filled for those who see everyone's rows
}

// SuppressionReason says why an address must not be mailed.
type SuppressionReason string

// The reasons of a suppression.
const (
	Unsubscribed SuppressionReason = "unsubscribed"
	Bounced      SuppressionReason = "bounced"
	Complained   SuppressionReason = "complained"
	Blocked      SuppressionReason = "blocked"
)

// SuppressionReasons lists the reasons.
var SuppressionReasons = []SuppressionReason{Unsubscribed, Bounced, Complained, Blocked}

// Suppression is an address that must not be mailed for an owner. It outlives
// the client.
type Suppression struct {
	ID        int64
	OwnerID   int64
	Email     string
	Reason    SuppressionReason
	Note      string
	CreatedAt time.Time

	OwnerEmail string `gorm:"->;-:migration"`
}

// Message is a subject and a body with placeholders.
type Message struct {
	ID        int64
	OwnerID   int64
	Name      string
	Subject   string
	HTML      string
	Text      string
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time

	OwnerEmail string `gorm:"->;-:migration"`
}
