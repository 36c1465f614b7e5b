package auth

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/postrider/postrider/pkg/address"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// Service recognises people and makes accounts.
type Service struct {
	store  *store.Store
	tokens *tokens
	hasher *hasher
}

// New makes the service.
func New(st *store.Store, keys Keys) *Service {
	return &Service{store: st, tokens: newTokens(keys), hasher: newHasher()}
}

// Registration is what a new account is made of. Locale and Timezone may be
// empty: English, UTC.
type Registration struct {
	Email, Password, FullName, Locale, Timezone string
}

// Register makes an active account without any rights. An e-mail that is taken
// is model.Conflict.
func (s *Service) Register(ctx context.Context, in Registration) (*model.User, error) {
	return s.create(ctx, in, false)
}

func (s *Service) create(ctx context.Context, in Registration, superuser bool) (*model.User, error) {
	u, err := newUser(in)
	if err != nil {
		return nil, err
	}
	u.IsSuperuser = superuser
	if u.PasswordHash, err = s.hasher.hash(ctx, in.Password); err != nil {
		return nil, err
	}
	return u, s.store.CreateUser(ctx, u)
}

// CheckRegistration holds a registration against the rules and tells all
// breaches at once (model.Invalid).
func CheckRegistration(in Registration) error {
	_, err := newUser(in)
	return err
}

// newUser is the account that a registration asks for, without its password.
func newUser(in Registration) (*model.User, error) {
	u := &model.User{FullName: in.FullName, Locale: in.Locale, Timezone: in.Timezone, IsActive: true}
	if u.Locale == "" {
		u.Locale = "en"
	}
	if u.Timezone == "" {
		u.Timezone = "UTC"
	}
	var bad model.Fields
	email, wrong := checkEmail(in.Email)
	checkPassword(&bad, "password", in.Password, email)
	checkProfile(&bad, u)
	u.Email = email
	return u, model.Together(wrong, bad.Err())
}

// MaxFullName is how many characters a name has at most.
const MaxFullName = 200

// CheckProfile says whether the name, language and zone of an account may be
// kept.
func CheckProfile(u *model.User) error {
	var bad model.Fields
	checkProfile(&bad, u)
	return bad.Err()
}

func checkProfile(bad *model.Fields, u *model.User) {
	switch {
	case utf8.RuneCountInString(u.FullName) > MaxFullName:
		bad.Add("full_name", "too_long", "must be at most %d characters long", MaxFullName)
	case strings.ContainsFunc(u.FullName, unicode.IsControl):
		bad.Add("full_name", "control_character", "must not contain control characters")
	}
	if u.Locale != "en" && u.Locale != "ru" {
		bad.Add("locale", "unknown", "must be en or ru")
	}
	if _, err := time.LoadLocation(u.Timezone); err != nil || u.Timezone == "" || u.Timezone == "Local" {
		bad.Add("timezone", "unknown_timezone", "must be a time zone as in the IANA database, such as Europe/Moscow")
	}
}

// Device is what a session remembers of where it came from.
type Device struct{ UserAgent, IP string }

// Tokens are what a sign-in gives.
type Tokens struct {
	Access           string
	ExpiresIn        time.Duration // of the access token
	Refresh          string
	RefreshExpiresAt time.Time // if it is not used before
}

// Login signs in with a password.
func (s *Service) Login(ctx context.Context, email, password string, from Device) (Tokens, error) {
	u, err := s.known(ctx, email)
	if err != nil {
		return Tokens{}, err
	}
	same, err := s.hasher.matches(ctx, password, u.PasswordHash)
	if err != nil {
		return Tokens{}, err
	}
	refused := model.E(model.Unauthenticated, "the e-mail or the password is wrong")
	if !same || !u.IsActive {
		if err := s.auditFailure(ctx, u, email, same); err != nil {
			return Tokens{}, err
		}
		return Tokens{}, refused
	}
	out, err := s.SignIn(ctx, u, from)
	if model.IsKind(err, model.Unauthenticated) {
		return Tokens{}, refused
	}
	return out, err
}

// auditFailure records a sign-in that was refused, in the same way whether
// there is such an account or not. What was typed is kept only if it looks like
// an address: it may be a password in the wrong field.
func (s *Service) auditFailure(ctx context.Context, u *model.User, typed string, rightPassword bool) error {
	reason := "unknown_account"
	if u.ID != 0 {
		if reason = "wrong_password"; rightPassword {
			reason = "blocked"
		}
	}
	return s.auditRefusal(ctx, u, typed, reason)
}

// AuditTooOften records a sign-in that was refused before the password was
// looked at, as there were too many.
func (s *Service) AuditTooOften(ctx context.Context, typed string) error {
	return s.auditRefusal(ctx, &model.User{}, typed, "too_many")
}

func (s *Service) auditRefusal(ctx context.Context, u *model.User, typed, reason string) error {
	email, err := address.Normalize(typed)
	if err != nil {
		email = ""
	}
	e := model.AuditEvent{Action: model.AuditSignInFailed, Details: model.Details{"email": email, "reason": reason}}
	if u.ID != 0 {
		e = e.Object("user", u.ID, u.Email)
	}
	return s.store.AuditOften(ctx, model.ActorOf(ctx).IP+" "+email, e)
}

// SignIn makes a session for an account that has been recognised. One that is
// blocked meanwhile, or has another password by now, is model.Unauthenticated.
func (s *Service) SignIn(ctx context.Context, u *model.User, from Device) (Tokens, error) {
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // never fails (crypto/rand)
	session := &model.Session{
		UserID: u.ID, Nonce: hex.EncodeToString(nonce[:]),
		UserAgent: clean(from.UserAgent, 300), IP: clean(from.IP, 64),
	}
	if err := s.store.CreateSession(ctx, session, u.PasswordHash); err != nil {
		return Tokens{}, err
	}
	return s.issue(session)
}

// known is the account of an e-mail, or an empty one that no password fits.
func (s *Service) known(ctx context.Context, email string) (*model.User, error) {
	normal, err := address.Normalize(email)
	if err != nil {
		return &model.User{}, nil
	}
	return s.store.Credentials(ctx, normal)
}

func (s *Service) issue(session *model.Session) (Tokens, error) {
	access, err := s.tokens.newAccess(session.UserID, session.ID)
	return Tokens{
		Access: access, ExpiresIn: AccessLife,
		Refresh: s.tokens.newRefresh(session), RefreshExpiresAt: session.ExpiresAt,
	}, err
}

// Authenticate finds the account, with its rights as they are now, and the
// session of an access token.
func (s *Service) Authenticate(ctx context.Context, access string) (*model.User, int64, error) {
	userID, sessionID, err := s.tokens.readAccess(access)
	if err != nil {
		return nil, 0, err
	}
	u, err := s.store.SessionUser(ctx, sessionID, userID)
	if model.IsKind(err, model.Unauthenticated) {
		return nil, 0, nobody()
	}
	return u, sessionID, err
}

// Refresh changes a refresh token for new tokens; what happens to an old one
// says store.RotateSession.
func (s *Service) Refresh(ctx context.Context, refresh string) (Tokens, error) {
	r, err := s.checked(ctx, refresh)
	if err != nil {
		return Tokens{}, err
	}
	session, err := s.store.RotateSession(ctx, r.session, r.generation)
	switch {
	case model.IsKind(err, model.Unauthenticated), model.IsKind(err, model.NotFound):
		return Tokens{}, nobody()
	case err != nil:
		return Tokens{}, err
	}
	return s.issue(session)
}

// checked takes a refresh token apart and makes sure that it is ours.
func (s *Service) checked(ctx context.Context, refresh string) (refreshToken, error) {
	r, ok := parseRefresh(refresh)
	if !ok {
		return r, nobody()
	}
	session, err := s.store.Session(ctx, r.session)
	switch {
	case model.IsKind(err, model.NotFound):
		return r, nobody()
	case err != nil:
		return r, err
	case !s.tokens.genuine(r, session.Nonce):
		return r, nobody()
	}
	return r, nil
}

// EndByRefresh ends the session of a refresh token of any generation.
func (s *Service) EndByRefresh(ctx context.Context, refresh string) error {
	r, err := s.checked(ctx, refresh)
	if err != nil {
		return err
	}
	session, err := s.store.Session(ctx, r.session)
	if err == nil {
		err = s.store.EndSession(ctx, session.UserID, session.ID)
	}
	if model.IsKind(err, model.NotFound) {
		return nobody()
	}
	return err
}

// ChangePassword sets a new password if the current one is right, and ends
// all sessions but the one that asks. A wrong one is model.Invalid; it is not
// looked at when CheckPasswordChange has something to say.
func (s *Service) ChangePassword(ctx context.Context, u *model.User, sessionID int64, current, next string) error {
	if err := CheckPasswordChange(u, current, next); err != nil {
		return err
	}
	same, err := s.hasher.matches(ctx, current, u.PasswordHash)
	if err != nil {
		return err
	}
	if !same {
		wrong := model.AuditEvent{Action: model.AuditPasswordWrong}.Object("user", u.ID, u.Email)
		if err := s.store.AuditOften(ctx, strconv.FormatInt(u.ID, 10), wrong); err != nil {
			return err
		}
		return wrongPassword()
	}
	hash, err := s.hasher.hash(ctx, next)
	if err != nil {
		return err
	}
	err = s.store.SetPassword(ctx, u.ID, u.PasswordHash, hash, sessionID, model.AuditPasswordChanged)
	if model.IsKind(err, model.NotFound) { // another change was quicker
		return wrongPassword()
	}
	return err
}

// CheckPasswordChange tells all that is wrong with a change of the password at
// once (model.Invalid), but whether the current one is right.
func CheckPasswordChange(u *model.User, current, next string) error {
	var bad model.Fields
	checkPassword(&bad, "new_password", next, u.Email)
	if current == "" {
		bad.Add("current_password", "required", "must be given")
	}
	return bad.Err()
}

func wrongPassword() error {
	var bad model.Fields
	bad.Add("current_password", "wrong", "is not your password")
	return bad.Err()
}

// CreateSuperuser makes a superuser for a command. An account that is there
// is left as it is, password and rights and all; created then is false.
func (s *Service) CreateSuperuser(ctx context.Context, email, password string) (created bool, err error) {
	normal, err := address.Normalize(email)
	if err == nil {
		_, err := s.store.UserByEmail(ctx, normal)
		if err == nil {
			return false, nil
		}
		if !model.IsKind(err, model.NotFound) {
			return false, err
		}
	}
	_, err = s.create(ctx, Registration{Email: email, Password: password}, true)
	if model.IsKind(err, model.Conflict) { // another command was quicker
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("create a superuser: %w", err)
	}
	return true, nil
}

// CreateManagers makes the manager group with its permissions for a command,
// and leaves one that is there as it is.
func (s *Service) CreateManagers(ctx context.Context) (created bool, err error) {
	return s.store.EnsureGroup(ctx, model.ManagerGroup, model.ManagerPermissions)
}

// clean keeps a header fit for a list.
func clean(text string, most int) string {
	text = strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, text), "")
	if r := []rune(text); len(r) > most {
		return string(r[:most])
	}
	return text
}
