package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/server"
)

func (c *program) serveCommand() *cobra.Command {
	var sandbox, renew bool
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "提供接口服务 / answer over HTTP",
		Long: "以本数据目录提供接口服务，收到中断信号后办完手头的请求再退出。--sandbox 在没有数据目录时先建一个示例省的沙箱，\n" +
			"并打印地址、沙箱密钥和第一条请求。默认用 TLS；--plain 只允许在本机回环地址上使用。\n" +
			"各项设置也可写在数据目录的 " + serviceFile + " 或环境变量 ELICENSE_SERVE_LISTEN 等中，以命令行为准。" + cli.Between +
			"Answers over HTTP from this data directory; after an interrupt it finishes the requests under way and ends. " +
			"--sandbox\nmakes a sandbox of a made-up province first if there is no data directory, and prints the " +
			"addresses, the sandbox's keys\nand the first request to type. TLS by default; --plain works on loopback " +
			"only. All of it may stand in " + serviceFile + "\nof the data directory or in ELICENSE_SERVE_LISTEN and so " +
			"on; the command line goes first.",
		Example: "  elicense serve --sandbox\n  elicense serve --listen 0.0.0.0:8443 --certificate server.pem --key server-key.pem",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.serve(cmd.Context(), starting{sandbox, renew}, typed(cmd.Flags()))
		},
	}
	f := cmd.Flags()
	f.BoolVar(&sandbox, "sandbox", false, "沙箱：虚构的示例省，仅供试用 / a made-up province to try things in")
	f.BoolVar(&renew, "renew-data-keys", false, "更换数据密钥，边服务边重新加密 / draw new data keys and seal everything anew while serving")
	f.String("listen", "127.0.0.1:8443", "监听地址 / address to listen on")
	f.Bool("plain", false, "不用 TLS，仅限本机回环地址 / without TLS, on loopback only")
	f.String("certificate", "", "服务器 TLS 证书链 / TLS certificate chain of the server")
	f.String("key", "", "服务器 TLS 密钥 / its key")
	f.String("client-ca", "", "为调用方证书作保的机构 / authorities of callers' certificates")
	f.String("backups", "", "定期在线备份到此目录 / directory for backups that are made while it serves")
	f.StringSlice("names", nil, "对外的名称，地址[:端口]，签名须写其一 / names it is called by; signatures are made for one of them")
	f.StringSlice("receivers", nil, "允许推送到的主机，名称或 *.域名 / hosts that webhooks may be sent to, a name or *.domain")
	f.Int64("stored-mib", 0, "每个调用方可保存的 MiB / MiB that one caller may keep")
	f.Int64("memory-mib", 0, "内存软上限 MiB，GOMEMLIMIT 优先 / MiB of memory to stay within, softly; GOMEMLIMIT goes first")
	f.Duration("drain", 0, "停止时先报未就绪、仍答复的时间 / how long it still serves, not ready, when it stops")
	f.String("metrics", "", "指标地址 (Prometheus)，仅限本机 / address for Prometheus, on loopback only")
	return cmd
}

// typed are the settings that the command line gives.
func typed(f *pflag.FlagSet) given {
	g := given{}
	f.Visit(func(flag *pflag.Flag) {
		if key := strings.ReplaceAll(flag.Name, "-", "_"); isServeKey(key) {
			g[key] = strings.Trim(flag.Value.String(), "[]")
		}
	})
	return g
}

func isServeKey(name string) bool {
	for _, key := range serveKeys {
		if key == name {
			return true
		}
	}
	return false
}

// starting is what a start of the service is to do, as no settings say.
type starting struct{ sandbox, renew bool }

func (c *program) serve(ctx context.Context, start starting, flags given) (err error) {
	if start.sandbox {
		if err := c.prepareSandbox(ctx); err != nil {
			return err
		}
	}
	settings, err := c.serveSettings(flags, start.sandbox)
	if err != nil {
		return err
	}
	if settings.Memory > 0 {
		if back := c.limitMemory(settings.Memory << 20); back != nil {
			defer back()
		}
	}
	h, err := c.openHouse(ctx, c.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	if start.sandbox != h.settings.Sandbox {
		return cli.Usage("沙箱的数据以 --sandbox 提供服务，正式数据不用它",
			"a sandbox is served with --sandbox, and nothing else is")
	}
	return c.serveHouse(ctx, h, &settings, start.renew)
}

func (c *program) serveHouse(ctx context.Context, h *house, settings *serveSettings, renew bool) error {
	face, err := c.newTLSFace(h, settings)
	if err != nil {
		return err
	}
	s, known, err := c.newServer(ctx, h, settings)
	if err != nil {
		return err
	}
	l, err := c.listen(ctx, settings.Listen, settings, facing{face.config(), known.registry.Connected, s.Busy(), s.Handler()})
	if err != nil {
		return err
	}
	all := []*listener{l}
	if settings.Metrics != "" {
		m, err := c.listen(ctx, settings.Metrics, settings, facing{nil, nil, s.Busy(), s.Metrics()})
		if err != nil {
			return errors.Join(err, l.Close())
		}
		all = append(all, m)
	}
	orders := c.listenControl(ctx, h) // before anybody is told of the service: a command never meets one without
	if orders != nil {
		defer orders.Close() //nolint:errcheck // it has nothing to keep
	}
	if err := c.showServing(h, settings, l.Addr().String(), known.keys); err != nil {
		return err
	}
	err = alongside(ctx, s.Run, func(ctx context.Context) error {
		return c.beside(ctx, h, &besides{face, known.tokens, renew, settings.Checkpoints, orders}, func() error {
			return c.whileBackingUp(ctx, h, settings, func() error {
				return c.serveAll(ctx, stopping{settings.Drain, settings.Grace, s.Closing}, all...)
			})
		})
	})
	return errors.Join(err, s.Settle(context.WithoutCancel(ctx)))
}

// newServer puts the service together.
func (c *program) newServer(ctx context.Context, h *house, settings *serveSettings) (
	*server.Server, *recognised, error,
) {
	kept, err := c.openKept(ctx, h, serviceDir)
	if err != nil {
		return nil, nil, err
	}
	work, err := c.openWork(ctx, h)
	if err != nil {
		return nil, nil, err
	}
	known, err := c.recognise(ctx, h, kept, settings)
	if err != nil {
		return nil, nil, err
	}
	verifying, err := c.verifying(ctx, h)
	if err != nil {
		return nil, nil, err
	}
	s, err := server.New(server.Config{
		Vault: h.vault, Callers: known.callers, Engine: kept, Now: c.Now, Rand: c.Rand, Version: "1",
		Registry: known.registry, Alarms: known.alarms, Login: known.login, Provider: known.provider, Files: work.files,
		Storage:    settings.storage(),
		Converting: work.converting, Webhooks: c.webhooks(h, settings), Verifier: verifying.Verifier,
		Verifying: verifying, Certifier: c.certifier(h), Sandbox: h.settings.Sandbox, Declared: h.grantDeclared(),
		Log: c.serviceLog(), Pages: pages{h.documents},
		Ready: func(context.Context) error { return h.room() }, House: servedHouse{h.dir},
		Collectors: []prometheus.Collector{c.watch(h, settings)},
		Patience:   func(r *http.ResponseController) { c.moreTime(r, settings.Timeout) },
	})
	if err != nil {
		return nil, nil, err
	}
	return s, known, pause(ctx, known.began.Sub(c.Now()))
}

// moreTime gives the next part of a long answer the time that any answer has.
func (c *program) moreTime(r *http.ResponseController, timeout time.Duration) {
	until := c.Now().Add(timeout)
	_ = errors.Join(r.SetReadDeadline(until), r.SetWriteDeadline(until)) // where it is not supported the old one stands
}

// serviceLog writes one JSON line for each request to standard error.
func (c *program) serviceLog() *slog.Logger { return slog.New(slog.NewJSONHandler(c.Err, nil)) }

// room says whether there is space to write in.
func (h *house) room() error {
	free, err := freeSpace(h.dir)
	if err == nil && free < h.settings.reserveBytes() {
		return engine.ErrNoSpace
	}
	return err
}

// prepareSandbox makes a sandbox where there is nothing yet.
func (c *program) prepareSandbox(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(c.dir, houseFile)); !errors.Is(err, fs.ErrNotExist) {
		return err
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

// showServing says where the service is, and in a sandbox with which keys and what to type first.
func (c *program) showServing(h *house, s *serveSettings, address string, keys []sandboxCaller) error {
	base, trust := "https://"+address, " --cacert "+filepath.Join(c.dir, sandboxCertificate)
	if s.Plain {
		base, trust = "http://"+address, ""
	}
	return c.Emit(map[string]any{"serving": base, "sandbox": h.settings.Sandbox, "callers": keys}, func() {
		c.Tell("服务地址 %s", "serving at %s", base)
		c.Fact("  %s/api/v1/openapi.json", base)
		if s.Metrics != "" {
			c.Fact("  http://%s/metrics", s.Metrics)
		}
		if len(keys) == 0 {
			return
		}
		c.Tell("沙箱：虚构的示例省，勿存真实数据。调用方与密钥：", "a sandbox of a made-up province, never for real data; callers and keys:")
		for _, k := range keys {
			c.Fact("  %-14s %s  %s", k.ID, k.Key, k.Name)
		}
		c.Tell("第一条请求：", "the first request to type:")
		call := "  curl" + trust + " -H 'Authorization: Bearer " + keys[0].Key + "' "
		c.Fact("%s%s/api/v1/licence-types", call, base)
		c.Fact("  %s --server %s%s --token-file %s type list", c.Name, base, trust, filepath.Join(c.dir, sandboxKeys, keys[0].ID))
		c.Tell("事件流；转换台账见 docs/jobs.md，推送见 docs/events.md：", "the feed of events; docs/jobs.md converts a ledger, docs/events.md has it sent:")
		c.Fact("%s'%s/api/v1/events?from=0'", call, base)
		c.Tell("十分钟上手见 docs/api.md；接入符合性测试：", "docs/api.md has the rest, in ten minutes; to try a department's whole day:")
		c.Fact("  %s -d %s conformance --server %s", c.Name, c.dir, base)
	})
}
