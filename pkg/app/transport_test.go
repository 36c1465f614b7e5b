package app

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/auth"
	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
)

// TestAWayOutLeadsToNoSecrets: whoever sets a transport reaches no address at
// which a cloud keeps the secrets of its machines, however the address is written,
// neither by a try nor by a mail.
func TestAWayOutLeadsToNoSecrets(t *testing.T) {
	t.Parallel()
	keys, err := auth.NewKeys([]byte(strings.Repeat("k", auth.MinSecret)))
	require.NoError(t, err)
	h := &house{sealer: keys.Sealer("transports"), log: slog.New(slog.DiscardHandler)}
	for _, host := range []string{"169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "224.0.0.1", "ff02::1", "0.0.0.0", "::"} {
		way := &model.Transport{Name: "x", Host: host, Port: 25, TLS: model.TLSNone, Connections: 1, Enabled: true}
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		check := checkTransport(ctx, way, "")
		require.False(t, check.OK, host)
		require.Contains(t, fmt.Sprintf("%+v", check), "no mail server is at", host)

		out, err := h.openTransport(way)
		require.NoError(t, err)
		r := out.Send(ctx, &mailing.Mail{From: "a@example.com", To: "b@example.com", Data: []byte("x\r\n")}, func(context.Context) error { return nil })
		require.Equal(t, model.OutcomeAborted, r.Outcome, host)
		require.Contains(t, r.Response, "no mail server is at", host)
		require.False(t, r.Intended)
		cancel()
	}
}

func TestAMailServerMayBeOnThisMachine(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	for _, host := range []string{"127.0.0.1", "localhost"} {
		c, err := dialOut(context.Background(), "tcp4", net.JoinHostPort(host, port))
		require.NoError(t, err)
		require.NoError(t, c.Close())
	}
}
