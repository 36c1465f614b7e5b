package app

import (
	"context"
	"fmt"
	"net"
	"strings"
	"syscall"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/smtp"
)

// smtpConfig is how a transport of the database is reached.
func smtpConfig(t *model.Transport, password string) smtp.Config {
	return smtp.Config{
		Name: t.Name, Host: t.Host, Port: t.Port, TLS: t.TLS, Username: t.Username, Password: password,
		Connections: t.Connections, Bounce: t.Bounce, Dial: dialOut,
	}
}

// dialOut connects to where mail servers are. Link-local addresses, where
// clouds keep the secrets of their machines, are none; it looks at the address
// that is dialled, whatever name led there.
func dialOut(ctx context.Context, network, addr string) (net.Conn, error) {
	d := net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return err
		}
		if ip := net.ParseIP(strings.Split(host, "%")[0]); ip == nil || ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() {
			return fmt.Errorf("no mail server is at %s: the address is link-local, multicast or empty", host)
		}
		return nil
	}}
	return d.DialContext(ctx, network, addr)
}

// checkTransport tries a transport for a superuser.
func checkTransport(ctx context.Context, t *model.Transport, password string) model.TransportCheck {
	return smtp.Check(ctx, smtpConfig(t, password))
}
