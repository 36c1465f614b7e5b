package mailing

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// It is the server that is in trouble as long as nobody else gets through, and
// what it answers to MAIL is about nobody.
func TestADeliveryIsNotBlamedForItsServer(t *testing.T) {
	t.Parallel()
	lost := Result{Outcome: model.OutcomeAborted, Class: ClassConnection, Phase: model.PhaseMail, Named: true}
	answered, unnamed := lost, lost
	answered.Code, unnamed.Named = 421, false
	e := &Engine{}
	for name, c := range map[string]struct {
		res    Result
		blamed bool
	}{"lost": {lost, true}, "answered": {answered, false}, "not named": {unnamed, false}} {
		j := &job{batch: &batch{way: &way{}, streak: &streak{}}, row: store.Lot{Delivery: model.Delivery{ID: 1}}}
		for range 5 {
			require.False(t, e.poisons(j, c.res), name)
		}
		j.way.rest.good()
		require.Equal(t, c.blamed, e.poisons(j, c.res), name)
		require.Equal(t, c.blamed, j.streak.suspects(1), name)

		fresh := &job{batch: j.batch, row: store.Lot{Delivery: model.Delivery{ID: 2}}}
		require.False(t, e.poisons(fresh, c.res), name)
		j.way.rest.good()
		require.Equal(t, []bool{false, c.blamed}, []bool{e.poisons(fresh, c.res), e.poisons(fresh, c.res)}, name)
	}
}

// Two connections lost and two panics are not three of either.
func TestPanicsAndLossesAreCountedApart(t *testing.T) {
	t.Parallel()
	e := &Engine{log: slog.New(slog.DiscardHandler)} // without a store: to skip or to defer would end the test
	j := &job{batch: &batch{Claim: &store.Claim{}, way: &way{}, streak: &streak{}}, row: store.Lot{Delivery: model.Delivery{ID: 1}}}
	lost := Result{Outcome: model.OutcomeAborted, Class: ClassConnection, Phase: model.PhaseMail, Named: true}
	for range 2 {
		require.False(t, e.poisons(j, lost))
		j.way.rest.good()
		func() {
			defer e.survive(j)
			panic("as a test wants it")
		}()
	}
	require.True(t, e.poisons(j, lost))
}
