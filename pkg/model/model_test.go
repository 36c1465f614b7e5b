package model_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/model"
)

func TestTransitionsOfADelivery(t *testing.T) {
	t.Parallel()
	allowed := map[model.DeliveryState][]model.DeliveryState{
		model.Pending:  {model.Sending, model.Deferred, model.Failed, model.Skipped, model.Expired, model.Cancelled, model.Sent},
		model.Sending:  {model.Sent, model.Deferred, model.Failed, model.InDoubt, model.Pending},
		model.Deferred: {model.Pending, model.Failed, model.Skipped, model.Expired, model.Cancelled},
		model.InDoubt:  {model.Sent, model.Failed, model.Deferred, model.Pending},
	}
	for _, from := range model.DeliveryStates {
		for _, to := range model.DeliveryStates {
			want := false
			for _, s := range allowed[from] {
				want = want || s == to
			}
			require.Equal(t, want, from.CanBecome(to), "%s → %s", from, to)
		}
	}
}

func TestOpenStatesAreThoseARunWaitsFor(t *testing.T) {
	t.Parallel()
	for _, s := range model.DeliveryStates {
		require.Equal(t, s == model.Pending || s == model.Sending || s == model.Deferred, s.Open(), s)
	}
}

// The table of api.md: which actions a status answers with 202.
func TestActionsOfAMailing(t *testing.T) {
	t.Parallel()
	table := map[model.MailingStatus][]model.Action{
		model.MailingDraft:      {model.ActionSchedule, model.ActionStart},
		model.MailingScheduled:  {model.ActionStart, model.ActionUnschedule, model.ActionCancel},
		model.MailingRunning:    {model.ActionPause, model.ActionCancel},
		model.MailingPausing:    {model.ActionPause, model.ActionCancel},
		model.MailingPaused:     {model.ActionResume, model.ActionCancel},
		model.MailingCancelling: {model.ActionCancel},
		model.MailingFinished:   {model.ActionStart},
		model.MailingCancelled:  {model.ActionStart},
	}
	all := []model.Action{model.ActionSchedule, model.ActionUnschedule, model.ActionStart, model.ActionPause, model.ActionResume, model.ActionCancel}
	for _, s := range model.MailingStatuses {
		for _, a := range all {
			want := false
			for _, x := range table[s] {
				want = want || x == a
			}
			require.Equal(t, want, s.Allows(a), "%s in %s", a, s)
		}
	}
}

func TestAskingTheSameAgainIsARepeat(t *testing.T) {
	t.Parallel()
	m := &model.Mailing{Status: model.MailingPaused, LastAction: model.ActionPause}
	require.True(t, m.Repeats(model.ActionPause))
	require.False(t, m.Repeats(model.ActionCancel))
	m.Status = model.MailingRunning
	require.False(t, m.Repeats(model.ActionPause), "it was resumed since")
}

func TestViewer(t *testing.T) {
	t.Parallel()
	u := &model.User{ID: 7, IsActive: true, IsStaff: true, Permissions: model.ManagerPermissions}
	v := u.Viewer()
	require.True(t, v.Has(model.ClientsViewAll))
	require.False(t, v.Has(model.MailingsStopAll))
	require.True(t, v.MayChange(7))
	require.False(t, v.MayChange(8), "to see is not to change")
	u.IsStaff = false
	require.False(t, u.Viewer().Has(model.ClientsViewAll), "a permission counts with staff status only")
	u.IsStaff, u.IsActive = true, false
	require.False(t, u.Viewer().Has(model.ClientsViewAll))
	super := &model.User{ID: 1, IsActive: true, IsSuperuser: true}
	require.True(t, super.Viewer().MayChange(8))
	require.False(t, model.Viewer{}.MayChange(0), "nobody owns nothing")
}

func TestErrors(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	err := fmt.Errorf("doing: %w", model.E(model.Conflict, "no: %w", cause))
	require.True(t, model.IsKind(err, model.Conflict))
	require.False(t, model.IsKind(err, model.NotFound))
	require.ErrorIs(t, err, cause)
	require.Equal(t, "doing: no: cause", err.Error())
	var bad model.Fields
	require.NoError(t, bad.Err())
	bad.Add("a.b", "required", "is %s", "needed")
	require.EqualError(t, bad.Err(), "some fields are not valid: a.b: is needed")
}
