package main

import (
	"context"
	"crypto"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/crowd"
	"github.com/elicense/elicense/internal/problem"
)

func (c *program) serveCommand() *cobra.Command {
	return &cobra.Command{
		Use: "serve", Args: cobra.NoArgs,
		Short: "启动服务 / run the service",
		Long: "按数据目录中的 " + settingsFile + " 提供服务，收到中断信号后办完手头的请求再退出。" + cli.Between +
			"Serves what " + settingsFile + " in the data directory says; after an interrupt it finishes the requests under " +
			"way and ends.",
		RunE: func(cmd *cobra.Command, _ []string) error { return c.serve(cmd.Context()) },
	}
}

func (c *program) serve(ctx context.Context) error {
	s, err := c.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(c.serveStation(ctx, s), s.close())
}

func (c *program) serveStation(ctx context.Context, s *station) error {
	all, err := c.services(ctx, s)
	if err != nil {
		return err
	}
	settings := &s.settings.Serve
	listener, scheme, err := s.listen(ctx, settings)
	if err != nil {
		return err
	}
	address := scheme + "://" + listener.Addr().String()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var beside sync.WaitGroup
	if all.office != nil {
		wait, err := c.control(ctx, all.office)
		if err != nil {
			return errors.Join(err, listener.Close())
		}
		defer wait()
	}
	// Only now: who reads it may send commands at once.
	err = c.Emit(map[string]any{"serving": address}, func() { c.Tell("服务地址 %s", "serving at %s", address) })
	if err != nil {
		stop()
		return errors.Join(err, listener.Close())
	}
	for _, job := range all.chores {
		beside.Go(func() { c.keep(ctx, job) })
	}
	ready := new(readiness)
	asked := routed(append(all.mounts, ready.mounts()...))
	server := c.server(asked, ready.orBusy(), settings)
	err = c.serveUntilDone(ctx, listener, server, stopping{settings.Drain, settings.Grace, func() { ready.closing.Store(true) }})
	stop()
	beside.Wait()
	return errors.Join(err, all.close(context.WithoutCancel(ctx)))
}

// listen opens the address. Plain HTTP is for this machine alone, where a proxy may stand before it.
func (s *station) listen(ctx context.Context, settings *serveSettings) (net.Listener, string, error) {
	if settings.Certificate == "" {
		if !isLoopback(settings.Listen) {
			return nil, "", errPlainHTTP
		}
		l, err := settings.open(ctx)
		return l, "http", err
	}
	certificate, err := s.serverCertificate(settings)
	if err != nil {
		return nil, "", err
	}
	l, err := settings.open(ctx)
	if err != nil {
		return nil, "", err
	}
	// Clients may show a certificate, to renew it; the handlers judge it.
	return tls.NewListener(l, &tls.Config{
		Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12, ClientAuth: tls.RequestClientCert,
		NextProtos: []string{"http/1.1"},
	}), "https", nil
}

// open opens the address for as many connections as there may be.
func (s *serveSettings) open(ctx context.Context) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", s.Listen)
	if err != nil {
		return nil, &fs.PathError{Op: "listening", Path: s.Listen, Err: err}
	}
	return crowd.Listener(l, crowd.NewSeats(s.Connections, s.PerAddress)), nil
}

func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func (s *station) serverCertificate(settings *serveSettings) (tls.Certificate, error) {
	chain, err := s.certificates(settings.Certificate)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := s.foreignKey(settings.Key)
	if err != nil {
		return tls.Certificate{}, err
	}
	own, ok := chain[0].PublicKey.(interface{ Equal(x crypto.PublicKey) bool })
	if !ok || !own.Equal(key.Public()) {
		return tls.Certificate{}, badSettings("serve 的证书与密钥不相配", "certificate and key of serve do not belong together")
	}
	c := tls.Certificate{PrivateKey: key, Leaf: chain[0]}
	for _, x := range chain {
		c.Certificate = append(c.Certificate, x.Raw)
	}
	return c, nil
}

const (
	headerTimeout  = 5 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 32 << 10
)

// server is the handlers behind every limit: time, size, and how many at once, in all and from one address.
func (c *program) server(mux, busy http.Handler, s *serveSettings) *http.Server {
	limited := http.MaxBytesHandler(timed(mux, s.Timeout), s.MaxBody)
	return &http.Server{
		Handler:           crowd.AtMost(crowd.NewSeats(s.MaxRequests, s.RequestsEach), nil, busy, limited),
		ReadHeaderTimeout: headerTimeout, ReadTimeout: s.Timeout, WriteTimeout: 2 * s.Timeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeaderBytes,
		ErrorLog:       slog.NewLogLogger(slog.NewTextHandler(stderr{c}, nil), slog.LevelWarn),
	}
}

// timed answers what takes too long with a problem.
func timed(next http.Handler, limit time.Duration) http.Handler {
	within := http.TimeoutHandler(next, limit, problem.TimedOut.Text())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { within.ServeHTTP(late{w}, r) })
}

// late gives the answer of http.TimeoutHandler, which has no header, that of a problem.
type late struct{ http.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (l late) WriteHeader(status int) {
	if status == http.StatusServiceUnavailable && l.Header().Get("Content-Type") == "" {
		problem.TimedOut.SetHeader(l.Header())
	}
	l.ResponseWriter.WriteHeader(status)
}

type stderr struct{ c *program }

func (s stderr) Write(p []byte) (int, error) {
	s.c.Aside(string(p))
	return len(p), nil
}

// stopping is how the service stops: first closing has /readyz say no, and for the time of drain requests are still
// taken, so that whoever shares them out has noticed; then those under way have the grace to end.
type stopping struct {
	drain, grace time.Duration
	closing      func()
}

// serveUntilDone serves until the context ends, and stops.
func (c *program) serveUntilDone(ctx context.Context, l net.Listener, server *http.Server, stop stopping) error {
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	stop.closing()
	select {
	case err := <-failed:
		return fmt.Errorf("serving: %w", err)
	case <-time.After(stop.drain):
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stop.grace)
	defer cancel()
	err := server.Shutdown(last)
	if err != nil {
		err = errors.Join(fmt.Errorf("requests were cut off: %w", err), server.Close())
	}
	if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	if err == nil {
		c.Tell("已停止", "stopped")
	}
	return err
}
