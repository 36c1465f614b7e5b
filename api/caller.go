package api

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"

	"github.com/labstack/echo/v4"
)

// callers says from which address a request comes: its peer's, or, when that is
// a proxy in one of these networks, the right-most address of X-Forwarded-For
// that is none of them. What stands further left was said by strangers.
func callers(proxies []netip.Prefix, log *slog.Logger) echo.IPExtractor {
	options := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range proxies {
		options = append(options, echo.TrustIPRange(&net.IPNet{
			IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen()),
		}))
	}
	extract := echo.ExtractIPFromXFFHeader(options...)
	var once sync.Once
	return func(r *http.Request) string {
		address := extract(r)
		if len(proxies) == 0 && r.Header.Get(echo.HeaderXForwardedFor) != "" {
			if ip, err := netip.ParseAddr(address); err == nil && (ip.IsPrivate() || ip.IsLoopback()) {
				once.Do(func() {
					log.Warn("a proxy that is not believed forwards requests: all its callers count as one; name it in POSTRIDER_TRUSTED_PROXIES", "proxy", address)
				})
			}
		}
		return address
	}
}

// network is what limits count as one caller: an IPv4 address, or the network
// that a provider gives an IPv6 customer, who could take another address of it
// for each request.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if ip = ip.Unmap(); ip.Is4() {
		return ip.String()
	}
	p, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return p.String()
}
