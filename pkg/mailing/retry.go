package mailing

import (
	"context"
	"slices"
	"time"

	"github.com/postrider/postrider/pkg/model"
)

// retried are the states that a person may retry.
var retried = []model.DeliveryState{model.Failed, model.InDoubt}

// Retry makes a linked run of what failed, or is in doubt, in a run that has
// ended, and answers it. It sends what its parent froze, with the Message-ID and
// the Date of the first of the chain; when and by which rate it is sent is the
// mailing's to say as it is now. A delivery is retried by one other at most. A
// filter that is not one is model.Invalid with its fields; what cannot be
// retried now, or has nothing left, is model.Conflict.
func (s *Service) Retry(ctx context.Context, v model.Viewer, runID int64, f model.RetryFilter) (*model.Run, error) {
	if err := CheckRetry(f); err != nil {
		return nil, err
	}
	r, err := s.store.LinkRun(ctx, v, runID, f, func(now time.Time, m *model.Mailing, r *model.Run) error {
		if m.EndAt != nil && !m.EndAt.After(now) {
			return model.E(model.Conflict, "the end of this mailing has passed; move it first")
		}
		pace(now, m, r)
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.log.InfoContext(ctx, "run begins", "run_id", r.ID, "mailing_id", r.MailingID, "status", r.Status, "parent_run_id", runID)
	s.hint(ctx, func(ctx context.Context) error { return s.queue.Start(ctx, r.ID, time.Time{}) })
	return r, nil
}

// CheckRetry is model.Invalid with all that is wrong with a filter.
func CheckRetry(f model.RetryFilter) error {
	var bad model.Fields
	if len(f.States) == 0 {
		bad.Add("states", "required", "name what to retry: failed, in_doubt or both")
	}
	for _, state := range f.States {
		if !slices.Contains(retried, state) {
			bad.Add("states", "not_allowed", "only failed and in_doubt can be retried")
			break
		}
	}
	for _, code := range f.Codes {
		if code != 0 && (code < 400 || code > 599) {
			bad.Add("codes", "out_of_range", "an SMTP reply code that refuses is from 400 to 599, and 0 stands for none")
			break
		}
	}
	return bad.Err()
}
