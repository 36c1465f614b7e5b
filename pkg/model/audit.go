package model

import (
	"context"
	"slices"
	"time"
)

// Actor is who does something, and from where. The door puts it into the
// context of a request; what is recorded by the audit log takes it from there.
// The zero Actor is nobody: a command at the machine, or Postrider by itself.
type Actor struct {
	UserID    int64 // 0: nobody who has signed in
	Email     string
	KeyID     int64 // the API key that spoke for the user; 0: the user did
	IP        string
	RequestID string
}

type actorKey struct{}

// WithActor is a context in which things are done by an actor.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorOf is who does what is done in a context.
func ActorOf(ctx context.Context) Actor {
	a, _ := ctx.Value(actorKey{}).(Actor)
	return a
}

// AuditAction names what was done: a noun, a dot, and what became of it.
type AuditAction string

// What the audit log records.
const (
	AuditSignIn          AuditAction = "auth.signed_in"
	AuditSignInFailed    AuditAction = "auth.sign_in_failed"
	AuditSignedOutAll    AuditAction = "auth.signed_out_everywhere"
	AuditSignedOut       AuditAction = "auth.signed_out"   // one session, here or from the list
	AuditFamilyRevoked   AuditAction = "auth.token_reused" // an old refresh token came back: its session has ended
	AuditRegistered      AuditAction = "auth.registered"
	AuditConfirmed       AuditAction = "auth.email_confirmed"
	AuditPasswordChanged AuditAction = "auth.password_changed"
	AuditPasswordWrong   AuditAction = "auth.password_wrong" // the present one, given to change it
	AuditResetAsked      AuditAction = "auth.password_reset_asked"
	AuditPasswordReset   AuditAction = "auth.password_reset"
	AuditKeyRefused      AuditAction = "auth.key_refused" // an API key that was revoked, has expired, or is nobody's
	AuditDenied          AuditAction = "auth.denied"      // 403

	AuditUserCreated   AuditAction = "user.created" // by a command
	AuditUserChanged   AuditAction = "user.changed" // rights, groups
	AuditUserBlocked   AuditAction = "user.blocked"
	AuditUserUnblocked AuditAction = "user.unblocked"
	AuditUserDeleted   AuditAction = "user.deleted"

	AuditGroupCreated AuditAction = "group.created"
	AuditGroupChanged AuditAction = "group.changed"
	AuditGroupDeleted AuditAction = "group.deleted"

	AuditKeyCreated AuditAction = "api_key.created"
	AuditKeyRevoked AuditAction = "api_key.revoked"

	AuditTransportCreated AuditAction = "transport.created"
	AuditTransportChanged AuditAction = "transport.changed"
	AuditTransportDeleted AuditAction = "transport.deleted"

	AuditMailingScheduled   AuditAction = "mailing.scheduled"
	AuditMailingUnscheduled AuditAction = "mailing.unscheduled"
	AuditMailingStarted     AuditAction = "mailing.started"
	AuditMailingPaused      AuditAction = "mailing.paused"
	AuditMailingResumed     AuditAction = "mailing.resumed"
	AuditMailingCancelled   AuditAction = "mailing.cancelled"
	AuditMailingStopped     AuditAction = "mailing.stopped" // cancelled by staff
	AuditMailingRetried     AuditAction = "mailing.retried"
	AuditDoubtsResolved     AuditAction = "mailing.doubts_resolved"
	AuditMailingDeleted     AuditAction = "mailing.deleted"

	AuditClientErased AuditAction = "client.erased"
	AuditExported     AuditAction = "data.exported"

	AuditLeftOut AuditAction = "audit.left_out" // so many more than were recorded, see store.AuditOften
)

// AuditActions lists all actions in the order they are shown.
var AuditActions = []AuditAction{
	AuditSignIn, AuditSignInFailed, AuditSignedOutAll, AuditSignedOut, AuditFamilyRevoked, AuditRegistered, AuditConfirmed,
	AuditPasswordChanged, AuditPasswordWrong, AuditResetAsked, AuditPasswordReset, AuditKeyRefused, AuditDenied,
	AuditUserCreated, AuditUserChanged, AuditUserBlocked, AuditUserUnblocked, AuditUserDeleted,
	AuditGroupCreated, AuditGroupChanged, AuditGroupDeleted,
	AuditKeyCreated, AuditKeyRevoked,
	AuditTransportCreated, AuditTransportChanged, AuditTransportDeleted,
	AuditMailingScheduled, AuditMailingUnscheduled, AuditMailingStarted, AuditMailingPaused, AuditMailingResumed,
	AuditMailingCancelled, AuditMailingStopped, AuditMailingRetried, AuditDoubtsResolved, AuditMailingDeleted,
	AuditClientErased, AuditExported, AuditLeftOut,
}

// Known reports whether there is such an action.
func (a AuditAction) Known() bool { return slices.Contains(AuditActions, a) }

// Details are what an event tells beside its columns: a few plain values by
// name. Secrets and the addresses of clients never stand in them.
type Details map[string]any

// AuditEvent is one line of the audit log. It is written in the transaction of
// the act that it records, and never again.
type AuditEvent struct {
	ID         int64
	At         time.Time // of the database
	ActorID    *int64    // nil: nobody who has signed in; accounts may be gone meanwhile
	ActorEmail string    // as it was then
	KeyID      *int64    // the API key that was used
	Action     AuditAction
	ObjectType string // user, group, mailing, …; "" without an object
	ObjectID   *int64
	ObjectName string  // as it was then; never a client's
	Details    Details `gorm:"serializer:json"`
	IP         string
	RequestID  string
}

// Object names what an event is about.
func (e AuditEvent) Object(kind string, id int64, name string) AuditEvent {
	e.ObjectType, e.ObjectID, e.ObjectName = kind, &id, name
	return e
}

// By names who did it, where the context cannot know: somebody who is only
// being recognised.
func (e AuditEvent) By(userID int64, email string) AuditEvent {
	e.ActorID, e.ActorEmail = &userID, email
	return e
}
