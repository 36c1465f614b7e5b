package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/postrider/postrider/pkg/config"
	"github.com/postrider/postrider/pkg/model"
)

// Check holds the counters and the attempt log of every run that has begun, or
// of the one that is named, against its deliveries. It prints one line for each
// drift, beginning with "drift ", and a sum at the end; with a drift it is an
// error. It changes nothing and may run while mails are sent.
func Check(ctx context.Context, cfg *config.Config, runID int64, out io.Writer, log *slog.Logger) error {
	h, err := accounts(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer h.store.Close()
	var runs, deliveries, drifts int64
	one := func(id int64) error {
		c, err := h.store.CheckRun(ctx, id, 0)
		if err != nil {
			return err
		}
		runs, deliveries, drifts = runs+1, deliveries+c.Deliveries, drifts+int64(len(c.Drifts))
		for _, d := range c.Drifts {
			fmt.Fprintln(out, "drift", d)
		}
		return nil
	}
	if runID != 0 {
		err := one(runID)
		if model.IsKind(err, model.NotFound) {
			return fmt.Errorf("there is no run %d", runID)
		}
		if err != nil {
			return err
		}
	}
	for after := int64(0); runID == 0; {
		ids, err := h.store.RunsToCheck(ctx, after, 1000)
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			break
		}
		for _, id := range ids {
			if err := one(id); err != nil {
				return err
			}
		}
		after = ids[len(ids)-1]
	}
	fmt.Fprintf(out, "checked runs=%d deliveries=%d drifts=%d\n", runs, deliveries, drifts)
	if drifts > 0 {
		return fmt.Errorf("the books of the runs do not agree: drifts=%d", drifts)
	}
	return nil
}
