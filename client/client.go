// Package client calls the vault's interface (package api) from Go: it proves who calls by mutual TLS and signatures on
// messages, repeats what may be repeated, and walks through pages.
//
// Every write goes out with an Idempotency-Key that stays the same through all attempts, so a write whose answer was
// lost is carried out once; each attempt is signed anew. What the service refuses comes back as *ProblemError with
// everything that is wrong. Redirects are never followed, and nothing is sent in clear but to a loopback address.
package client

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// ErrConfig is a configuration that lacks a part or has a wrong one.
var ErrConfig = errors.New("client: incomplete configuration")

// Config is what a Client is made of. Fields without a stated zero meaning must be set.
type Config struct {
	URL  string // of the service, https://host[:port]; http:// for a loopback address only
	Rand io.Reader
	Now  func() time.Time

	// TLS has the authorities that vouch for the service and the certificate of this system for mutual TLS. Nil: the
	// authorities of the machine, and no certificate.
	TLS *tls.Config
	// Key signs every request; nil: none is signed.
	Key *Key
	// Bearer gives the token of a user or the key of a sandbox, for each attempt; nil: none.
	Bearer func(context.Context) (string, error)
	// Clerk acts behind this system in every request that ByClerk gives no other; "": none is named.
	Clerk string

	Attempts int           // for a request, the first included; zero: 4
	Timeout  time.Duration // of one attempt; zero: a minute
	// Wait waits between attempts; nil: the clock of the machine. It ends early, with its error, when the context does.
	Wait func(context.Context, time.Duration) error
}

// Client calls one service. It is safe for use by many goroutines.
type Client struct {
	cfg  Config
	base *url.URL
	http *http.Client
	part int64 // bytes of a file that are fetched at once
}

// Defaults and limits.
const (
	defaultAttempts = 4
	defaultTimeout  = time.Minute
	maxAnswer       = 64 << 20 // bytes
	idleConnections = 64
	idleTimeout     = 90 * time.Second
)

// New makes a client. It connects when it is first used.
func New(cfg Config) (*Client, error) {
	if cfg.Rand == nil || cfg.Now == nil {
		return nil, ErrConfig
	}
	base, err := url.Parse(strings.TrimSuffix(cfg.URL, "/"))
	if err != nil || base.Host == "" || base.Path != "" || base.RawQuery != "" || base.User != nil || !secure(base) {
		return nil, ErrConfig
	}
	if cfg.Key != nil && !cfg.Key.usable() {
		return nil, ErrConfig
	}
	if cfg.Attempts <= 0 {
		cfg.Attempts = defaultAttempts
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = defaultTimeout
	}
	if cfg.Wait == nil {
		cfg.Wait = wait
	}
	transport := &http.Transport{
		TLSClientConfig: tlsConfig(cfg.TLS), ForceAttemptHTTP2: true, Proxy: http.ProxyFromEnvironment,
		MaxIdleConnsPerHost: idleConnections, IdleConnTimeout: idleTimeout,
	}
	return &Client{cfg: cfg, base: base, part: partBytes, http: &http.Client{
		Transport: transport, Timeout: cfg.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Close gives idle connections back.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// secure refuses to send anything in clear over a network.
func secure(u *url.URL) bool {
	switch u.Scheme {
	case "https":
		return true
	case "http":
		ip := net.ParseIP(u.Hostname())
		return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	}
	return false
}

// tlsConfig is a copy of what was given, with no version of TLS that is out of use.
func tlsConfig(given *tls.Config) *tls.Config {
	if given == nil {
		return &tls.Config{MinVersion: tls.VersionTLS12}
	}
	c := given.Clone()
	c.MinVersion = max(c.MinVersion, tls.VersionTLS12)
	return c
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
