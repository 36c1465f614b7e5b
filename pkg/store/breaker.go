package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

// ProbeLease is how long a worker has to find out whether a way out that has
// rested works again, before another one may try.
const ProbeLease = time.Minute

// longestRest bounds the rests of a way out, which double from a second on.
const longestRest = 15 * time.Minute

// Rest is the n-th rest in a row of a way out, counted from one.
func Rest(n int) time.Duration { return min(time.Second<<min(n-1, 20), longestRest) }

// Breakers are the ways out in trouble, by their keys.
func (s *Store) Breakers(ctx context.Context) (map[string]model.Breaker, error) {
	var rows []model.Breaker
	err := s.read(ctx).Find(&rows).Error
	all := make(map[string]model.Breaker, len(rows))
	for _, b := range rows {
		all[b.Key] = b
	}
	return all, kindOf(err, "read the breakers")
}

// OpenBreaker lets a way out rest: for a second at first, for twice as long
// when it was in trouble again after a rest. One that rests already, because
// another worker was quicker, is left as it is. It answers what holds now.
func (s *Store) OpenBreaker(ctx context.Context, key, reason, answer string) (model.Breaker, error) {
	return s.changeBreaker(ctx, key, "open a breaker", func(b *model.Breaker, now time.Time) bool {
		if b.Rested > 0 && !b.Proven {
			return false
		}
		s.rest(b, reason, answer, now)
		return true
	})
}

func (s *Store) rest(b *model.Breaker, reason, answer string, now time.Time) {
	b.Rested++
	b.Until, b.Proven, b.ProbeBy, b.ProbeTill = now.Add(Rest(b.Rested)), false, nil, nil
	b.Reason, b.Answer = reason, answer
}

// TakeProbe gives one worker the right to try a way out whose rest is over,
// for ProbeLease.
func (s *Store) TakeProbe(ctx context.Context, key, worker string) (bool, error) {
	taken := false
	_, err := s.changeBreaker(ctx, key, "take a probe", func(b *model.Breaker, now time.Time) bool {
		taken = b.Rested > 0 && !b.Proven && !b.Until.After(now) && (b.ProbeTill == nil || !b.ProbeTill.After(now))
		if taken {
			till := now.Add(ProbeLease)
			b.ProbeBy, b.ProbeTill = &worker, &till
		}
		return taken
	})
	return taken, err
}

// SettleProbe records what a worker found that had the right to try: with ok
// mails may go again, else the way out rests for longer. A probe that was taken
// over changes nothing. It answers what holds now.
func (s *Store) SettleProbe(ctx context.Context, key, worker string, ok bool, reason, answer string) (model.Breaker, error) {
	return s.changeBreaker(ctx, key, "settle a probe", func(b *model.Breaker, now time.Time) bool {
		if b.ProbeBy == nil || *b.ProbeBy != worker {
			return false
		}
		if ok {
			b.Proven, b.ProbeBy, b.ProbeTill = true, nil, nil
		} else {
			s.rest(b, reason, answer, now)
		}
		return true
	})
}

// changeBreaker gives change the breaker of a key, locked; a new one where
// there is none. It is kept when change says so.
func (s *Store) changeBreaker(ctx context.Context, key, doing string, change func(b *model.Breaker, now time.Time) bool) (model.Breaker, error) {
	var b model.Breaker
	err := s.tx(ctx, func(tx *gorm.DB) error {
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		b = model.Breaker{}
		err = s.forUpdate(tx).Where("key = ?", key).Take(&b).Error
		fresh := errors.Is(err, gorm.ErrRecordNotFound)
		if err != nil && !fresh {
			return err
		}
		b.Key = key
		if !change(&b, now) {
			return nil
		}
		if !fresh {
			return tx.Save(&b).Error
		}
		res := tx.Exec("INSERT INTO breakers (key, rested, until, proven, reason, answer) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
			b.Key, b.Rested, b.Until, b.Proven, b.Reason, b.Answer)
		if res.Error != nil || res.RowsAffected == 1 {
			return res.Error
		}
		return tx.Where("key = ?", key).Take(&b).Error // another worker was quicker
	})
	return b, kindOf(err, doing)
}

// CloseBreaker ends the trouble of a way out: a mail was taken after a probe,
// or, with always, somebody knows better.
func (s *Store) CloseBreaker(ctx context.Context, key string, always bool) error {
	return kindOf(s.tx(ctx, func(tx *gorm.DB) error {
		return tx.Exec("DELETE FROM breakers WHERE key = ? AND (proven OR ?)", key, always).Error
	}), "close a breaker")
}
