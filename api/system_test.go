package api_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/api"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

type systemAnswer struct {
	Version string
	Redis   string
	Workers []struct {
		Host  string
		Alive bool
	}
	Queues []struct {
		Name       string
		Waiting    int
		LagSeconds float64 `json:"lag_seconds"`
	}
	Load struct {
		RunsSending int        `json:"runs_sending"`
		RunsDue     int        `json:"runs_due"`
		DueSince    *time.Time `json:"due_since"`
	}
	Resting []struct {
		TransportID *int64 `json:"transport_id"`
		Name        string
		Reason      string
		Answer      string
	}
}

func TestSystemTellsHowTheInstallationIs(t *testing.T) {
	t.Parallel()
	queues := func(context.Context) ([]api.QueueState, error) {
		return []api.QueueState{{Name: "deliver", Waiting: 3, Lag: 1500 * time.Millisecond}}, nil
	}
	each(t, func(t *testing.T, h *harness) {
		ctx, root := context.Background(), h.superuser(t)
		read := func() (out systemAnswer) {
			root.do(t, "GET", "/system", nil).require(t, 200).json(t, &out)
			return out
		}
		empty := read()
		require.Equal(t, "test", empty.Version)
		require.Equal(t, "ok", empty.Redis)
		require.Empty(t, empty.Workers)
		require.Empty(t, empty.Resting)
		require.Nil(t, empty.Load.DueSince)
		require.Equal(t, 3, empty.Queues[0].Waiting)
		require.InDelta(t, 1.5, empty.Queues[0].LagSeconds, 0)

		require.NoError(t, h.store.Beat(ctx, store.Worker{ID: "w1", Host: "mail1", PID: 7}))
		way := root.do(t, "POST", "/transports", fields{"name": "The provider", "host": "smtp.example.com"}).require(t, 201).id(t)
		for _, key := range []string{store.TransportKey(way), model.DefaultTransport} {
			_, err := h.store.OpenBreaker(ctx, key, model.RestsByAuth, "535 who are you")
			require.NoError(t, err)
		}
		anna := h.user(t)
		makeMailing(t, anna, false)
		due := time.Now().UTC().Add(-time.Minute).Truncate(time.Millisecond)
		_, err := h.store.ChangeMailing(ctx, anna.user.Viewer(), makeMailing(t, anna, true), nil, func(tx *store.MailingTx) error {
			_, err := tx.PlanRun(store.Slot{At: due})
			return err
		})
		require.NoError(t, err)

		full := read()
		require.Equal(t, "mail1", full.Workers[0].Host)
		require.True(t, full.Workers[0].Alive)
		require.Equal(t, 1, full.Load.RunsSending)
		require.Equal(t, 1, full.Load.RunsDue)
		require.Equal(t, due, *full.Load.DueSince)
		require.Len(t, full.Resting, 2)
		require.Equal(t, way, *full.Resting[0].TransportID)
		require.Equal(t, "The provider", full.Resting[0].Name)
		require.Equal(t, model.RestsByAuth, full.Resting[0].Reason)
		require.Equal(t, "535 who are you", full.Resting[0].Answer)
		require.Nil(t, full.Resting[1].TransportID, "the way out of the settings comes last")
	}, func(d *api.Deps) { d.Queues = queues })
}

func TestSystemIsToldWithoutRedis(t *testing.T) {
	t.Parallel()
	var out systemAnswer
	h := one(t)
	h.superuser(t).do(t, "GET", "/system", nil).require(t, 200).json(t, &out)
	require.Equal(t, "degraded", out.Redis)
	require.Empty(t, out.Queues)
}
