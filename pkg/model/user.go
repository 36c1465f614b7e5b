package model

import "time"

// User is an account. It owns clients, messages and mailings.
type User struct {
	ID           int64
	Email        string
	PasswordHash string
	FullName     string
	Locale       string // "ru" or "en"
	Timezone     string // IANA name
	IsActive     bool
	IsStaff      bool
	IsSuperuser  bool
	LastLoginAt  *time.Time

	QuotaClients     *int // how many clients it may have; nil: as many as it likes
	QuotaMailsPerDay *int // how many mails of its mailings may leave on a day in UTC; nil: as many as it likes

	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time

	Groups      []string     `gorm:"-"` // names, sorted
	Permissions []Permission `gorm:"-"` // carried by the groups; counts only while active and staff
}

// Viewer is the user as one who reads and writes rows.
func (u *User) Viewer() Viewer {
	v := Viewer{UserID: u.ID, Superuser: u.IsActive && u.IsSuperuser}
	if u.IsActive && u.IsStaff {
		v.Granted = u.Permissions
	}
	return v
}

// Group carries permissions to its members.
type Group struct {
	ID          int64
	Name        string
	Version     int64
	CreatedAt   time.Time
	UpdatedAt   time.Time
	Permissions []Permission `gorm:"-"`
	Members     int64        `gorm:"-"` // how many users are in it
}

// Session is one sign-in. Its refresh tokens are numbered: Generation is the
// number of the one that is valid now, the one before it is tolerated for a
// few seconds after RotatedAt, and any older one revokes the session.
type Session struct {
	ID         int64
	UserID     int64
	Generation int64
	Nonce      string // mixed into every refresh token of this session
	UserAgent  string
	IP         string
	CreatedAt  time.Time
	RotatedAt  time.Time
	ExpiresAt  time.Time
	RevokedAt  *time.Time
}

// Download is a link that takes a list away once, for whoever made it.
type Download struct {
	Hash      string // of the link's secret
	UserID    int64
	SessionID int64
	Path      string // of the list, with its filters
	ExpiresAt time.Time
}

// Registration is an account that was asked for by somebody who has yet to
// show that the address is theirs.
type Registration struct {
	ID           int64
	Email        string
	PasswordHash string
	FullName     string
	Locale       string
	Timezone     string
	Nonce        string
	CreatedAt    time.Time
	ExpiresAt    time.Time
}
