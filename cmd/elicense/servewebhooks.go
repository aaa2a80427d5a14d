package main

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/elicense/elicense/internal/httpsig"
	"github.com/elicense/elicense/server"
	"github.com/elicense/elicense/server/feed"
)

// Limits of a call to a receiver.
const (
	receiverTimeout   = 10 * time.Second
	maxReceiverHeader = 16 << 10
)

// webhooks are sent to hosts that the settings name, by https. A sandbox also sends to this machine, and without TLS.
func (c *program) webhooks(h *house, s *serveSettings) *server.Webhooks {
	if len(s.Receivers) == 0 && !h.settings.Sandbox || h.service.Load().Key == nil {
		return nil
	}
	rule := receivers{hosts: s.Receivers, sandbox: h.settings.Sandbox}
	dialer := &net.Dialer{Timeout: receiverTimeout, Control: rule.control}
	return &server.Webhooks{
		Client: &http.Client{
			Timeout:       receiverTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport: &http.Transport{
				DialContext: dialer.DialContext, TLSHandshakeTimeout: receiverTimeout, IdleConnTimeout: idleTimeout,
				MaxResponseHeaderBytes: maxReceiverHeader, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
			},
		},
		Allowed: rule.allowed,
		Key: func() httpsig.Key {
			own := h.service.Load()
			return httpsig.Key{Certificate: own.Chain[0].Raw, Signer: own.Key, Rand: c.Rand}
		},
	}
}

// receivers say where webhooks may go. The service must not become a way into what surrounds it.
type receivers struct {
	hosts   []string
	sandbox bool
}

// allowed decides on an address as it is written.
func (r receivers) allowed(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.User != nil || u.Fragment != "" || u.Hostname() == "" {
		return false
	}
	if r.sandbox && (u.Hostname() == "localhost" || isLoopback(net.JoinHostPort(u.Hostname(), "0"))) {
		return u.Scheme == "http" || u.Scheme == "https"
	}
	return u.Scheme == "https" && r.named(strings.ToLower(u.Hostname()))
}

func (r receivers) named(host string) bool {
	for _, one := range r.hosts {
		domain, wild := strings.CutPrefix(strings.ToLower(one), "*")
		if !wild && domain == host {
			return true
		}
		if wild && len(domain) > 1 && domain[0] == '.' && strings.HasSuffix(host, domain) {
			return true
		}
	}
	return false
}

// inner are addresses at which a cloud tells a machine what is its own, its keys among them, that are not on its link.
var inner = []netip.Addr{netip.MustParseAddr("100.100.100.200"), netip.MustParseAddr("fd00:ec2::254")}

// errInward is a name that leads back to this machine or its link.
var errInward = errors.Join(feed.ErrURL, errors.New("the name leads to this machine"))

// control decides on an address once its name was resolved. Addresses of private networks are where departments are.
func (r receivers) control(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return feed.ErrURL
	}
	ip := to.Addr().Unmap()
	switch {
	case ip.IsLoopback() && r.sandbox:
		return nil
	case ip.IsLoopback(), ip.IsUnspecified(), ip.IsMulticast(), ip.IsLinkLocalUnicast(), slices.Contains(inner, ip):
		return errInward
	}
	return nil
}
