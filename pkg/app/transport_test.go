package app

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
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
	for _, host := range []string{"169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "224.0.0.1", "ff02::1", "0.0.0.0", "::", "100.100.100.200", "64:ff9b::a9fe:a9fe"} {
		way := &model.Transport{Name: "x", Host: host, Port: 25, TLS: model.TLSNone, Connections: 1, Enabled: true}
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		check := checkTransport(ctx, way, "")
		require.False(t, check.OK, host)
		require.Contains(t, fmt.Sprintf("%+v", check), "no mail server is at", host)

		out, err := h.openTransport(way)
		require.NoError(t, err)
		r := out.Line().Send(ctx, &mailing.Mail{From: "a@example.com", To: "b@example.com", Data: []byte("x\r\n")}, mailing.Granted{}, nil)
		require.Equal(t, model.OutcomeAborted, r.Outcome, host)
		require.Contains(t, r.Response, "no mail server is at", host)
		require.False(t, r.Intended)
		cancel()
	}
}

func TestAddressesOfCloudsSecrets(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"169.254.169.254", "fe80::1%eth0", "fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "192.0.0.192", "168.63.129.16",
		"::ffff:100.100.100.200", "::ffff:169.254.169.254", // mapped
		"::169.254.169.254", "::ffff:0:169.254.169.254", // compatible, translated
		"64:ff9b::169.254.169.254", "64:ff9b::100.100.100.200", "64:ff9b::224.0.0.1", // NAT64
		"64:ff9b:1::169.254.169.254", "64:ff9b:1:a9fe:a9:fe00::", "64:ff9b:1:a9:fe:a9fe::", "64:ff9b:1:0:a9:fea9:fe00:0", // its local form
		"2002:a9fe:a9fe::1", "2002:c000:c0::", // 6to4
		"2001:0:a9fe:a9fe::", "2001:0:c000:201:0:0:5601:5601", // Teredo: server, client
		"2001:db8::5efe:169.254.169.254", "2001:db8::200:5efe:169.254.169.254", // ISATAP
	} {
		require.True(t, leadsToSecrets(netip.MustParseAddr(text)), text)
	}
	for _, text := range []string{
		"127.0.0.1", "::1", "10.0.0.5", "192.168.1.2", "100.100.100.201", "fd00:ec2::253", "192.0.2.1", "2001:db8::1", "2a00:1450:4010::1a",
		"64:ff9b::192.0.2.1", "64:ff9b:1::192.0.2.1", "64:ff9b:1:c000:2:100::", "2002:c000:201::1", "2001:0:c000:201:0:0:3fff:fdfe", "2001:db8::5efe:192.0.2.1",
	} {
		require.False(t, leadsToSecrets(netip.MustParseAddr(text)), text)
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
