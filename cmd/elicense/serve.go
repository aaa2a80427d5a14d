package main

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/server"
	"github.com/elicense/elicense/server/identity"
)

// serving is what the command line says of a service.
type serving struct {
	address string
	sandbox bool
	plain   bool
}

func (c *program) serveCommand() *cobra.Command {
	var sv serving
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "提供接口服务 / answer over HTTP",
		Long: "以本数据目录提供接口服务。--sandbox 在没有数据目录时先建一个示例省的沙箱，并打印地址、沙箱密钥和第一条请求。\n" +
			"默认用 TLS；--plain 只允许在本机回环地址上使用。" + cli.Between +
			"Answers over HTTP from this data directory. --sandbox makes a sandbox of a made-up province first if there " +
			"is no data\n" +
			"directory, and prints the address, the sandbox's keys and the first request to type. TLS by default; " +
			"--plain works on\n" +
			"a loopback address only.",
		Example: "  elicense serve --sandbox\n  elicense serve --listen 0.0.0.0:8443",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.serve(cmd.Context(), sv) },
	}
	f := cmd.Flags()
	f.StringVar(&sv.address, "listen", "127.0.0.1:8443", "监听地址 / address to listen on")
	f.BoolVar(&sv.sandbox, "sandbox", false, "沙箱：虚构的示例省 / a made-up province")
	f.BoolVar(&sv.plain, "plain", false, "不用 TLS，仅限本机回环地址 / without TLS, on loopback only")
	return cmd
}

// Limits in time of a connection: a caller that sends or reads slowly does not hold one for ever.
const (
	headerTimeout   = 10 * time.Second
	requestTimeout  = 5 * time.Minute
	idleTimeout     = 2 * time.Minute
	shutdownTimeout = 30 * time.Second
	maxHeaderBytes  = 32 << 10
)

func (c *program) serve(ctx context.Context, sv serving) (err error) {
	if err := c.prepareToServe(ctx, sv); err != nil {
		return err
	}
	h, err := c.openHouse(ctx, c.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	if sv.sandbox != h.settings.Sandbox {
		return cli.Usage(
			"沙箱数据只能以 --sandbox 提供服务，正式数据不能",
			"a sandbox is served with --sandbox, and nothing else is")
	}
	callers, keys, err := c.sandboxCallers(h)
	if err != nil {
		return err
	}
	kept, err := c.openService(ctx, h)
	if err != nil {
		return err
	}
	s, err := server.New(server.Config{
		Vault: h.vault, Callers: callers, Engine: kept, Now: c.Now, Rand: c.Rand, Version: "1", Sandbox: h.settings.Sandbox,
		Log: slog.New(slog.NewJSONHandler(c.Err, nil)),
	})
	if err != nil {
		return err
	}
	return c.listen(ctx, sv, s.Handler(), keys)
}

// openService opens what the service keeps, apart from the vault; it has a keyring of its own under the same master key.
func (c *program) openService(ctx context.Context, h *house) (engine.Engine, error) {
	e, err := badger.Open(badger.Config{
		Dir: filepath.Join(h.dir, serviceDir), GCInterval: gcInterval, ReserveBytes: h.settings.reserveBytes(),
	})
	if err != nil {
		return nil, err
	}
	h.engines = append(h.engines, e)
	if _, err := sealed.CreateKeyring(ctx, e, h.master, c.Rand); err != nil && !errors.Is(err, sealed.ErrKeyring) {
		return nil, err
	}
	store, _, err := c.unseal(ctx, e, h.master)
	return store, err
}

// serviceDir holds what the service keeps.
const serviceDir = "service"

// prepareToServe makes a sandbox where there is nothing yet.
func (c *program) prepareToServe(ctx context.Context, sv serving) error {
	host, _, err := net.SplitHostPort(sv.address)
	if err != nil {
		return cli.Usage("--listen 应为 地址:端口", "--listen is ADDRESS:PORT")
	}
	if ip := net.ParseIP(host); sv.plain && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return cli.Usage("--plain 只能用于本机回环地址，如 127.0.0.1:8080", "--plain is for a loopback address, as 127.0.0.1:8080")
	}
	if _, err := os.Stat(filepath.Join(c.dir, houseFile)); !sv.sandbox || !errors.Is(err, os.ErrNotExist) {
		return nil
	}
	h, err := c.createHouse(ctx, filepath.Clean(c.dir), plan{
		sandbox: true, zone: "Asia/Shanghai", origin: fixtures.Origin,
		operator: body{fixtures.Authority().Name, fixtures.Authority().Code},
	})
	if err != nil {
		return err
	}
	return h.close()
}

// sandboxCallers are the callers of a sandbox, each with a bearer key.
func (c *program) sandboxCallers(h *house) (identity.Recogniser, []string, error) {
	if !h.settings.Sandbox {
		return identity.Chain{}, nil, nil
	}
	var keys identity.Keys
	var list []string
	add := func(caller identity.Caller) error {
		key, err := c.sandboxKey(h, caller.ID)
		if err != nil {
			return err
		}
		keys.Add(key, caller)
		list = append(list, caller.ID+" "+key)
		return nil
	}
	for i, d := range fixtures.Departments() {
		err := add(identity.Caller{ID: fixtures.Caller(i), Role: identity.RoleDepartmentSystem, Department: d.Code})
		if err != nil {
			return nil, nil, err
		}
	}
	err := errors.Join(
		add(identity.Caller{ID: fixtures.Hall, Role: identity.RoleReviewer}),
		add(identity.Caller{ID: fixtures.Operator, Role: identity.RoleOperator}))
	return &keys, list, err
}

// sandboxKey is the bearer key of a caller, made when it is first asked for.
func (c *program) sandboxKey(h *house, caller string) (string, error) {
	path := filepath.Join(h.dir, "keys", "sandbox", caller)
	if b, err := os.ReadFile(path); err == nil {
		return string(b), nil
	}
	var raw [24]byte
	if _, err := io.ReadFull(c.Rand, raw[:]); err != nil {
		return "", err
	}
	key := "sandbox-" + caller + "-" + hex.EncodeToString(raw[:])
	return key, writeFile(path, []byte(key))
}

func (c *program) listen(ctx context.Context, sv serving, handler http.Handler, keys []string) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", sv.address)
	if err != nil {
		return about(err, sv.address)
	}
	srv := &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: requestTimeout, WriteTimeout: requestTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0),
	}
	c.showServing(sv, l.Addr().String(), keys)
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	return srv.Shutdown(end)
}

func (c *program) showServing(_ serving, address string, keys []string) {
	base := "http://" + address
	c.Tell("服务已就绪：%s", "ready: %s", base)
	for _, k := range keys {
		c.Fact("  %s", k)
	}
}
