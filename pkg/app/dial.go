package app

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"
)

// dialOut connects to where mail servers are. It looks at the address that is
// dialled, whatever name led there.
func dialOut(ctx context.Context, network, addr string) (net.Conn, error) {
	d := net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return err
		}
		if ip, err := netip.ParseAddr(host); err != nil || leadsToSecrets(ip) {
			return fmt.Errorf("no mail server is at %s: the address is link-local, a cloud's own, multicast or empty", host)
		}
		return nil
	}}
	return d.DialContext(ctx, network, addr)
}

// cloudsOwn are the addresses beside the link-local ones at which clouds keep
// the secrets of their machines. Nobody else has them: they are private, or
// given to the cloud.
var cloudsOwn = []netip.Addr{
	netip.MustParseAddr("fd00:ec2::254"),   // Amazon
	netip.MustParseAddr("fd20:ce::254"),    // Google
	netip.MustParseAddr("100.100.100.200"), // Alibaba
	netip.MustParseAddr("192.0.0.192"),     // Oracle
	netip.MustParseAddr("168.63.129.16"),   // Azure
}

// leadsToSecrets finds addresses that no mail server has and at which clouds
// keep secrets, also where an IPv6 address stands for one of them.
func leadsToSecrets(ip netip.Addr) bool {
	ip = ip.WithZone("").Unmap()
	if ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() || slices.Contains(cloudsOwn, ip) {
		return true
	}
	return slices.ContainsFunc(embeddedIPv4(ip), func(inner netip.Addr) bool {
		return !inner.IsUnspecified() && leadsToSecrets(inner) // one of zeros is the rest of another form
	})
}

var (
	compatible = netip.MustParsePrefix("::/96")                     // RFC 4291 §2.5.5.1
	translated = netip.MustParsePrefix("::ffff:0:0:0/96")           // RFC 7915
	nat64      = netip.MustParsePrefix("64:ff9b::/96")              // RFC 6052
	nat64Local = netip.MustParsePrefix("64:ff9b:1::/48")            // RFC 8215
	sixToFour  = netip.MustParsePrefix("2002::/16")                 // RFC 3056
	teredo     = netip.MustParsePrefix("2001::/32")                 // RFC 4380
	isatap     = [2][4]byte{{0, 0, 0x5e, 0xfe}, {2, 0, 0x5e, 0xfe}} // RFC 5214
)

// embeddedIPv4 are the IPv4 addresses that a gateway may take out of an IPv6 one.
func embeddedIPv4(ip netip.Addr) []netip.Addr {
	if ip.Is4() {
		return nil
	}
	b := ip.As16()
	at := func(i, j, k, l int) netip.Addr { return netip.AddrFrom4([4]byte{b[i], b[j], b[k], b[l]}) }
	last := at(12, 13, 14, 15)
	switch {
	case compatible.Contains(ip), translated.Contains(ip), nat64.Contains(ip), slices.Contains(isatap[:], [4]byte(b[8:12])):
		return []netip.Addr{last}
	case nat64Local.Contains(ip): // its length is the network's choice: 48, 56, 64 or 96
		return []netip.Addr{at(6, 7, 9, 10), at(7, 9, 10, 11), at(9, 10, 11, 12), last}
	case sixToFour.Contains(ip):
		return []netip.Addr{at(2, 3, 4, 5)}
	case teredo.Contains(ip): // the server, and the client with its bits turned
		return []netip.Addr{at(4, 5, 6, 7), netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]})}
	}
	return nil
}
