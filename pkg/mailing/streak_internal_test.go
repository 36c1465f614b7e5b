package mailing

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// It is the server that is in trouble as long as it is not seen to work between
// two losses, and what it answers to MAIL is about nobody.
func TestADeliveryIsNotBlamedForItsServer(t *testing.T) {
	t.Parallel()
	lost := Result{Outcome: model.OutcomeAborted, Class: ClassConnection, Phase: model.PhaseMail, Named: true}
	answered, unnamed, doubt := lost, lost, lost
	answered.Code, unnamed.Named, doubt.Outcome = 421, false, model.OutcomeInDoubt
	e := &Engine{}
	poisons := func(j *job, res Result) bool {
		poisons, _ := e.poisons(j, res)
		return poisons
	}
	for name, c := range map[string]struct {
		res    Result
		blamed bool
	}{"lost": {lost, true}, "answered": {answered, false}, "not named": {unnamed, false}, "in doubt": {doubt, false}} {
		for sign, works := range map[string]func(*breaker){
			"another got through": func(b *breaker) { b.good() },
			"it was there again": func(b *breaker) {
				b.believe(model.Breaker{Rested: 1}, b.changes(), 0)
				b.believe(model.Breaker{Rested: 1, Proven: true}, b.changes(), 0)
			},
		} {
			j := &job{batch: &batch{way: &way{}, streak: &streak{}}, row: store.Lot{Delivery: model.Delivery{ID: 1}}}
			for range 2 {
				for range 5 {
					require.False(t, poisons(j, c.res), name+sign)
				}
				works(&j.way.rest)
			}
			require.Equal(t, c.blamed, poisons(j, c.res), name+sign)
			require.Nil(t, j.streak.kept())

			j.row.Lost = true // as the row of one that was deferred for it says
			require.False(t, poisons(j, c.res), "somebody lost a connection just before: "+name+sign)
			works(&j.way.rest)
			require.Equal(t, c.blamed, poisons(j, c.res), name+sign)
		}
	}
}

// A server that drops everybody is in trouble, though each of them has done so
// before.
func TestAServerThatDropsEverybodyWorksForNobody(t *testing.T) {
	t.Parallel()
	lost := Result{Outcome: model.OutcomeAborted, Class: ClassConnection, Phase: model.PhaseRcpt, Named: true}
	e, b := &Engine{}, &batch{way: &way{}, streak: &streak{}}
	b.way.rest.good()
	for id := range int64(300) {
		poisons, works := e.poisons(&job{batch: b, row: store.Lot{Delivery: model.Delivery{ID: id}, Lost: true}}, lost)
		require.Equal(t, []bool{id == 0, id == 0}, []bool{poisons, works})
	}
}

// What was met in a row is forgotten with a run's turn, and what its deliveries
// have done is not.
func TestWhatAStreakKeeps(t *testing.T) {
	t.Parallel()
	s := &streak{words: policyWords, tripped: policyWords, row: 3}
	s.sender.Store(2)
	require.Nil(t, s.kept())
	s.harm(7, func(d *damage) { d.losses++ })
	kept := s.kept()
	s.harm(7, func(d *damage) { d.losses++ }) // by a chunk that has it still
	require.Equal(t, []any{"", "", 0, int32(0), 1}, []any{kept.words, kept.tripped, kept.row, kept.sender.Load(), kept.harmed[7].losses})
}

// Those that have done harm are tried when all others have been, and alone those
// that would wait after one more loss.
func TestSuspectsComeLast(t *testing.T) {
	t.Parallel()
	lot := func(id int64, lost bool) store.Lot {
		return store.Lot{Delivery: model.Delivery{ID: id}, Lost: lost}
	}
	s := &streak{}
	s.harm(2, func(d *damage) { d.losses++ })
	for range 2 {
		s.harm(5, func(d *damage) { d.losses++ })
	}
	ids := func(rows []store.Lot) (ids []int64) {
		for _, r := range rows {
			ids = append(ids, r.ID)
		}
		return ids
	}
	together, alone := s.suspectsLast([]store.Lot{lot(1, true), lot(2, false), lot(3, false), lot(4, false), lot(5, false)})
	require.Equal(t, []int64{3, 4, 2}, ids(together))
	require.Equal(t, []int64{1, 5}, ids(alone))
}

// Two connections lost and two panics are not three of either.
func TestPanicsAndLossesAreCountedApart(t *testing.T) {
	t.Parallel()
	e := &Engine{log: slog.New(slog.DiscardHandler)} // without a store: to skip or to defer would end the test
	j := &job{batch: &batch{Claim: &store.Claim{}, way: &way{}, streak: &streak{}}, row: store.Lot{Delivery: model.Delivery{ID: 1}}}
	lost := Result{Outcome: model.OutcomeAborted, Class: ClassConnection, Phase: model.PhaseMail, Named: true}
	for range 2 {
		poisons, _ := e.poisons(j, lost)
		require.False(t, poisons)
		j.way.rest.good()
		func() {
			defer e.survive(j, &intent{})
			panic("as a test wants it")
		}()
	}
	poisons, _ := e.poisons(j, lost)
	require.True(t, poisons)
}
