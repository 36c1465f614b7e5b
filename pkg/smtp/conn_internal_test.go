package smtp

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/mailing"
)

// A connection that is given back in the moment in which its run is stopped is
// not tied to the process.
func TestAConnectionGivenBackIsWatchedNoMore(t *testing.T) {
	t.Parallel()
	run, halt := context.WithCancelCause(t.Context())
	c := &conn{}
	c.watch(run)
	c.final = true
	require.True(t, c.unwatch())
	halt(&mailing.Halt{Within: t.Context()})
	c.interrupt() // begun before, and late
	require.Nil(t, c.watched)
}
