package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/pki/stepca"
	"github.com/elicense/elicense/pki/tsa"
	"github.com/elicense/elicense/pki/tsa/sntp"
)

// services are what a station serves: its handlers, and what keeps them going.
type services struct {
	office *office // nil without an SM2 authority
	mounts []mount
	chores []chore
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
		issuer, all.office = sm2Issuer{o.register}, o
	}
	if s.settings.Foreign != nil {
		if err := c.serveForeign(s, issuer, all); err != nil {
			return nil, err
		}
	}
	if len(all.mounts) == 0 {
		return nil, errNothing
	}
	return all, nil
}

// How often chores are done.
const (
	sweepEvery   = 6 * time.Hour
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
	all.chores = append(all.chores, chore{"publishing of CRLs", publishEvery, o.publisher.Due})
	for _, r := range o.responders {
		all.chores = append(all.chores, chore{"signing of OCSP answers", presignEvery, func(ctx context.Context) error {
			_, err := r.Presign(ctx)
			return err
		}})
	}
	if o.settings.Authority.Timestamp == "" {
		return nil
	}
	return c.serveTimestamps(ctx, o, all, log)
}

// chore is what must be done again and again while the service runs.
type chore struct {
	name  string
	every time.Duration
	do    func(context.Context) error
}

// keep does a chore at once and then again and again until the context ends. A failure is said, and the next turn
// tries again.
func (c *program) keep(ctx context.Context, job chore) {
	tick := time.NewTicker(job.every)
	defer tick.Stop()
	for {
		if err := job.do(ctx); err != nil && ctx.Err() == nil {
			c.Aside(c.Say("错误：", "error: ") + job.name + ": " + err.Error() + "\n")
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
	clockOffset       = 200 * time.Millisecond
	clockAge          = 30 * time.Minute
)

func (c *program) serveTimestamps(ctx context.Context, o *office, all *services, log *slog.Logger) error {
	key, chain, err := o.pair(o.settings.Authority.Timestamp)
	if err != nil {
		return err
	}
	clock, err := c.clock(ctx, o)
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
	all.chores = append(all.chores, chore{"check of the clock", clockEvery, clock.Check})
	all.close = a.Close
	return nil
}

// clock is the clock of the timestamps, held against the servers of the settings.
func (c *program) clock(ctx context.Context, o *office) (*tsa.Clock, error) {
	started := c.Now()
	set := o.settings.Authority.Clock
	config := tsa.ClockConfig{
		Engine: o.engine, Now: c.Now, Elapsed: func() time.Duration { return time.Since(started) }, MaxStep: clockStep,
		Agreeing: set.Agreeing, MaxOffset: cmp.Or(set.MaxOffset, clockOffset), MaxAge: cmp.Or(set.MaxAge, clockAge),
	}
	for _, address := range set.Servers {
		source, err := sntp.New(sntp.Config{Address: address, Now: c.Now, Elapsed: config.Elapsed, Rand: c.Rand})
		if err != nil {
			return nil, badSettings("clock 的 servers 应为 主机:端口："+address, "servers of clock are HOST:PORT: "+address)
		}
		config.Sources = append(config.Sources, source)
	}
	clock, err := tsa.OpenClock(ctx, config)
	if errors.Is(err, tsa.ErrConfig) {
		return nil, badSettings("clock 不成立："+err.Error(), "clock: "+err.Error())
	}
	return clock, err
}

// serveForeign serves the authority for foreign systems.
func (c *program) serveForeign(s *station, issuer stepca.SM2Issuer, all *services) error {
	a, err := c.openForeign(s, issuer)
	if err != nil {
		return err
	}
	all.chores = append(all.chores, chore{"sweep of used tokens", sweepEvery, func(ctx context.Context) error {
		_, err := a.Sweep(ctx)
		return err
	}})
	foreign := a.Handler()
	for _, pattern := range []string{
		"/1.0/", "/acme/", "/health", "/root/", "/roots", "/roots.pem", "/intermediates", "/intermediates.pem",
		"/provisioners", "/crl", "/sign", "/renew", "/revoke",
	} {
		all.mounts = append(all.mounts, mount{pattern, foreign, false})
	}
	all.mounts = append(all.mounts, mount{"/sm2/sign", a.SM2Handler(), false})
	return nil
}
