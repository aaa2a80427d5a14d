package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/elicense/elicense/internal/crowd"
)

// Limits of a connection. A caller that sends or reads slowly does not hold one for ever.
const (
	headerTimeout  = 10 * time.Second
	restTimeout    = 5 * time.Second // for what is left of a request that is answered
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 32 << 10
	maxStreams     = 100 // of a connection of HTTP/2
)

// nextProtocols are what a connection may speak.
var nextProtocols = []string{"h2", "http/1.1"}

// listener is one address with what answers there.
type listener struct {
	net.Listener

	server *http.Server
}

// facing is what answers at an address.
type facing struct {
	tls     *tls.Config                // nil: without TLS
	known   func(*http.Request) string // whom of those who call it finds a seat for, though there is none; nil: nobody
	busy    http.Handler
	handler http.Handler
}

// keptPart: for callers that are known this part of the seats is kept beyond those that are for everybody.
const keptPart = 4

// kept are the seats for callers that are known.
func (f *facing) kept(s *serveSettings) *crowd.Kept {
	if f.known == nil {
		return nil
	}
	return &crowd.Kept{Seats: crowd.NewSeats(max(1, s.MaxRequests/keptPart), max(1, s.RequestsEach/keptPart)), Name: f.known}
}

// listen opens an address.
func (c *program) listen(ctx context.Context, address string, s *serveSettings, f facing) (*listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, &fs.PathError{Op: "listening", Path: address, Err: err}
	}
	l = crowd.Listener(l, crowd.NewSeats(s.Connections, s.PerAddress))
	if f.tls != nil {
		l = tls.NewListener(l, f.tls)
	}
	busy, h := c.sent(s.Timeout, f.busy), c.sent(s.Timeout, f.handler)
	return &listener{l, &http.Server{
		Handler:           c.hurried(crowd.AtMost(crowd.NewSeats(s.MaxRequests, s.RequestsEach), f.kept(s), busy, h)),
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: min(s.RequestsEach, maxStreams)},
		ReadHeaderTimeout: headerTimeout, ReadTimeout: s.Timeout, WriteTimeout: s.Timeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeaderBytes,
		ErrorLog:       slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug), // of connections that anybody may break
	}}, nil
}

// hurried does not wait long for the rest of a request that has its answer, as one that was refused for what its head
// says: net/http reads it before it sends the answer.
func (c *program) hurried(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r)
		if r.ContentLength != 0 {
			_ = http.NewResponseController(w).SetReadDeadline(c.Now().Add(restTimeout)) // where there is none nothing waits
		}
	})
}

// stopping is how a service stops: first closing tells who asks that no more requests are wanted, and for the time of
// drain they are still taken, so that whoever shares them out has noticed; then those under way have the grace to end.
type stopping struct {
	drain, grace time.Duration
	closing      func()
}

// serveAll answers on every address until the context ends, and stops.
func (c *program) serveAll(ctx context.Context, stop stopping, all ...*listener) error {
	log := c.serviceLog()
	log.InfoContext(ctx, "serving", "address", all[0].Addr().String())
	failed := make(chan error, len(all))
	for _, l := range all {
		go func() { failed <- l.server.Serve(l) }()
	}
	var err error
	select {
	case err = <-failed:
		err = fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	log.InfoContext(ctx, "stopping", "drain", stop.drain.String(), "grace", stop.grace.String())
	stop.closing()
	if err == nil {
		select {
		case err = <-failed:
			err = fmt.Errorf("serving: %w", err)
		case <-time.After(stop.drain):
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stop.grace)
	defer cancel()
	for _, l := range all {
		if end := l.server.Shutdown(last); end != nil {
			err = errors.Join(err, fmt.Errorf("requests were cut off: %w", end), l.server.Close())
		}
	}
	log.InfoContext(ctx, "stopped")
	return err
}
