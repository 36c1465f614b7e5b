package testkit

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

var counter atomic.Int64

// Number is another one at each call, for names that must differ.
func Number() int64 { return counter.Add(1) }

// User makes an active account in the database; with changes what it is made
// of can be set before. Its password is none that anybody can type.
func User(t testing.TB, st *store.Store, changes ...func(*model.User)) *model.User {
	t.Helper()
	u := &model.User{
		Email:        fmt.Sprintf("user%d@example.com", Number()),
		PasswordHash: "-",
		FullName:     "Ursula User",
		Locale:       "en",
		Timezone:     "UTC",
		IsActive:     true,
	}
	for _, change := range changes {
		change(u)
	}
	require.NoError(t, st.CreateUser(context.Background(), u))
	return u
}

// Superuser makes an active superuser.
func Superuser(t testing.TB, st *store.Store, changes ...func(*model.User)) *model.User {
	t.Helper()
	return User(t, st, append(changes, func(u *model.User) { u.IsSuperuser = true })...)
}

// Manager makes a member of the manager group with staff status.
func Manager(t testing.TB, st *store.Store, changes ...func(*model.User)) *model.User {
	t.Helper()
	_, err := st.EnsureGroup(context.Background(), model.ManagerGroup, model.ManagerPermissions)
	require.NoError(t, err)
	return User(t, st, append(changes, func(u *model.User) {
		u.IsStaff = true
		u.Groups = []string{model.ManagerGroup}
	})...)
}
