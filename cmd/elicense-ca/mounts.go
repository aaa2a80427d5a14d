package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/pki/stepca"
	"github.com/elicense/elicense/pki/tsa"
)

// mount is a handler and the pattern of http.ServeMux that it is served under. One that is raw gets addresses as they were
// sent: a mux would take the two slashes in a row of a base64 request for a mistake.
type mount struct {
	pattern string
	handler http.Handler
	raw     bool
}

// routed sends a request to the mount that it is for.
func routed(list []mount) http.Handler {
	mux := http.NewServeMux()
	for _, m := range list {
		if !m.raw {
			mux.Handle(m.pattern, m.handler)
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, m := range list {
			if m.raw && strings.HasPrefix(r.URL.Path, m.pattern) {
				m.handler.ServeHTTP(w, r)
				return
			}
		}
		mux.ServeHTTP(w, r)
	})
}

// services are what a station serves: its handlers, and what runs beside them until the context ends.
type services struct {
	office *office // nil without an SM2 authority
	mounts []mount
	beside []func(context.Context)
	close  func(context.Context) error
}

// services opens all that the settings ask for. A handler of one room never has to know of another's.
func (c *program) services(ctx context.Context, s *station) (*services, error) {
	all := &services{close: func(context.Context) error { return nil }}
	var issuer stepca.SM2Issuer
	if s.settings.Authority != nil {
		o, err := c.office(ctx, s)
		if err != nil {
			return nil, err
		}
		if o.register.Behind() {
			return nil, errBehind
		}
		if err := c.serveOffice(ctx, o, all); err != nil {
			return nil, err
		}
		issuer, all.office = gate{o}, o
	}
	list, err := c.foreignMounts(s, issuer)
	if err != nil {
		return nil, err
	}
	all.mounts = append(all.mounts, list...)
	if len(all.mounts) == 0 {
		return nil, errNothing
	}
	return all, nil
}

// Schedule of what runs beside the handlers.
const (
	publishEvery = time.Minute
	presignEvery = time.Hour
	clockEvery   = 10 * time.Minute
)

// serveOffice serves CRLs, OCSP, issuers' certificates and timestamps, and publishes by schedule.
func (c *program) serveOffice(ctx context.Context, o *office, all *services) error {
	log := slog.New(slog.NewTextHandler(stderr{c}, &slog.HandlerOptions{Level: slog.LevelWarn}))
	h, err := ca.NewHandler(ca.HandlerConfig{Publisher: o.publisher, Responders: o.responders, Logger: log})
	if err != nil {
		return err
	}
	for _, prefix := range []string{"/crl/", "/ca/", "/ocsp/"} {
		all.mounts = append(all.mounts, mount{prefix, h, true})
	}
	all.beside = append(all.beside, func(ctx context.Context) {
		repeat(ctx, publishEvery, log, "publishing", o.publisher.Due)
	})
	for _, r := range o.responders {
		all.beside = append(all.beside, func(ctx context.Context) {
			repeat(ctx, presignEvery, log, "signing answers beforehand", func(ctx context.Context) error {
				_, err := r.Presign(ctx)
				return err
			})
		})
	}
	if o.settings.Authority.Timestamp == "" {
		return nil
	}
	return c.serveTimestamps(ctx, o, all, log)
}

// repeat does something at once and then again and again; what fails is logged and tried the next time.
func repeat(ctx context.Context, every time.Duration, log *slog.Logger, what string, do func(context.Context) error) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := do(ctx); err != nil && ctx.Err() == nil {
			log.WarnContext(ctx, "work beside the service failed", "work", what, "error", err.Error())
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Timestamps: how far off they may be, and how far the clock may jump.
const (
	timestampAccuracy = time.Second
	clockStep         = 500 * time.Millisecond
)

func (c *program) serveTimestamps(ctx context.Context, o *office, all *services, log *slog.Logger) error {
	key, chain, err := o.pair(o.settings.Authority.Timestamp)
	if err != nil {
		return err
	}
	started := c.Now()
	clock, err := tsa.OpenClock(ctx, tsa.ClockConfig{
		Engine: o.engine, Now: c.Now, Elapsed: func() time.Duration { return time.Since(started) }, MaxStep: clockStep,
	})
	if err != nil {
		return err
	}
	a, err := tsa.Open(tsa.Config{
		Engine: o.engine, Clock: clock, Rand: c.Rand, Log: log, Key: key, Chain: chain, Policy: oid.TimestampPolicy.String(),
		Accuracy: timestampAccuracy,
	})
	if err != nil {
		return fmt.Errorf("opening the timestamp authority: %w", err)
	}
	all.mounts = append(all.mounts, mount{"/tsa", a, false})
	all.beside = append(all.beside, func(ctx context.Context) { repeat(ctx, clockEvery, log, "checking the clock", clock.Check) })
	all.close = a.Close
	return nil
}

func (c *program) foreignMounts(s *station, issuer stepca.SM2Issuer) ([]mount, error) {
	var list []mount
	if s.settings.Foreign != nil {
		a, err := c.openForeign(s, issuer)
		if err != nil {
			return nil, err
		}
		foreign := a.Handler()
		for _, pattern := range []string{
			"/1.0/", "/acme/", "/health", "/root/", "/roots", "/roots.pem", "/intermediates", "/intermediates.pem",
			"/provisioners", "/crl", "/sign", "/renew", "/revoke",
		} {
			list = append(list, mount{pattern, foreign, false})
		}
		list = append(list, mount{"/sm2/sign", a.SM2Handler(), false})
	}
	return list, nil
}
