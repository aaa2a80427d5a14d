package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/client"
	"github.com/elicense/elicense/internal/cli"
)

// syncOrder is what the flags of sync say.
type syncOrder struct {
	from, to             endpoint
	state, key, cert, ca string
	every                time.Duration
}

// endpoint is one of the two services.
type endpoint struct{ url, bearer string }

// syncState is what a sync remembers between two runs.
type syncState struct {
	Next      uint64            `json:"next"` // sequence number of the feed to go on from
	Conflicts []client.Conflict `json:"conflicts"`
}

func (c *program) syncCommand() *cobra.Command {
	var o syncOrder
	cmd := &cobra.Command{
		Use:   "sync --from URL --to URL --state FILE",
		Short: "把本部门证照按事件流汇集到上级证照库 / carry a department's licences into another vault",
		Long: "按事件流把一个部门的证照从市级或部门库汇集到省级库：标识、字节、摘要都不变。中断后从 --state 处继续；\n" +
			"两库不一致的证照列为冲突，不影响其余。部门须在两个服务上都已登记。" + cli.Between +
			"Carries a department's licences from its vault into the province's by the feed of events: same identifiers, " +
			"bytes\nand hashes. It goes on from --state; licences that differ are listed as conflicts and hold nothing " +
			"else up. The\ndepartment is registered with both services.",
		Example: "  elicense sync --from https://city:8443 --to https://province:8443 --key 部门.key --state 汇集.json --every 1m",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.sync(cmd.Context(), &o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.from.url, "from", "", "来源服务地址 / the service that is followed")
	f.StringVar(&o.to.url, "to", "", "汇集到的服务地址 / the service that takes over")
	f.StringVar(&o.state, "state", "", "记录进度和冲突的文件 / file that keeps place and conflicts")
	f.StringVar(&o.key, "key", "", "部门系统的 SM2 私钥 PEM / SM2 key of the department's system")
	f.StringVar(&o.cert, "cert", "", "其证书 PEM / its certificate")
	f.StringVar(&o.ca, "cacert", "", "为两个服务作保的机构 PEM / authorities of both services")
	f.StringVar(&o.from.bearer, "from-bearer", "", "沙箱密钥文件（来源）/ file with the sandbox's key, of --from")
	f.StringVar(&o.to.bearer, "to-bearer", "", "沙箱密钥文件（汇集到）/ file with the sandbox's key, of --to")
	f.DurationVar(&o.every, "every", 0, "持续运行，隔多久看一次 / keep running, look so often")
	cli.MustHave(cmd, "from")
	cli.MustHave(cmd, "to")
	cli.MustHave(cmd, "state")
	return cmd
}

func (c *program) sync(ctx context.Context, o *syncOrder) error {
	state, err := readSyncState(o.state)
	if err != nil {
		return err
	}
	from, err := c.endpointClient(&o.from, o)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := c.endpointClient(&o.to, o)
	if err != nil {
		return err
	}
	defer to.Close()
	s := &client.Sync{From: from, To: to}
	for {
		if err := c.syncOnce(ctx, s, o.state, state); err != nil {
			return err
		}
		if o.every <= 0 {
			break
		}
		pause := time.NewTimer(o.every)
		select {
		case <-ctx.Done():
			pause.Stop()
			return nil
		case <-pause.C:
		}
	}
	if len(state.Conflicts) > 0 {
		return &cli.ExitError{Code: cli.ExitIndeterminate}
	}
	return nil
}

// syncOnce goes to the end of the feed. Place and conflicts are durable after each page: what a crash cuts off is done
// again without harm.
func (c *program) syncOnce(ctx context.Context, s *client.Sync, path string, state *syncState) error {
	licences, events, before := 0, 0, len(state.Conflicts)
	for end := false; !end; {
		step, err := s.Step(ctx, state.Next)
		if err != nil {
			return fmt.Errorf("syncing from %d on: %w", state.Next, err)
		}
		end = step.End
		licences, events = licences+step.Licences, events+step.Events
		state.Conflicts = append(state.Conflicts, step.Conflicts...)
		if state.Next == step.Next && len(step.Conflicts) == 0 {
			continue
		}
		state.Next = step.Next
		text, err := json.MarshalIndent(state, "", "  ")
		if err != nil {
			return err
		}
		if err := writeFile(path, append(text, '\n')); err != nil {
			return err
		}
	}
	found := state.Conflicts[before:]
	out := map[string]any{"licences": licences, "events": events, "next": state.Next, "conflicts": found}
	return c.Emit(out, func() {
		c.Tell("汇集 %d 件证照，%d 个事件；下次从序号 %d 起", "%d licences with %d events; next from %d", licences, events, state.Next)
		for _, x := range found {
			c.Tell("  冲突：%s %s [%s]", "  conflict: %s %s [%s]", x.Identifier, c.Say(x.Zh, x.En), x.Code)
		}
	})
}

func readSyncState(path string) (*syncState, error) {
	state := &syncState{Conflicts: []client.Conflict{}}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return state, nil
	}
	if err != nil {
		return nil, err
	}
	if json.Unmarshal(text, state) != nil {
		return nil, cli.Usage("--state 不是 sync 写的文件："+path, "--state is no file that sync wrote: "+path)
	}
	return state, nil
}

func (c *program) endpointClient(e *endpoint, o *syncOrder) (*client.Client, error) {
	roots, err := rootsIn(o.ca)
	if err != nil {
		return nil, err
	}
	cfg := client.Config{
		URL: e.url, Rand: c.Rand, Now: c.Now, TLS: clientTLS(roots),
	}
	if o.key != "" {
		key, chain, err := c.openKey(o.key, o.cert)
		if err != nil {
			return nil, err
		}
		cfg.Key = &client.Key{Certificate: chain[0].Raw, Signer: key}
	}
	if e.bearer != "" {
		text, err := os.ReadFile(e.bearer)
		if err != nil {
			return nil, err
		}
		key := strings.TrimSpace(string(text))
		cfg.Bearer = func(context.Context) (string, error) { return key, nil }
	}
	return client.New(cfg)
}

// clientTLS is how clients connect; roots nil: the authorities of the machine.
func clientTLS(roots *x509.CertPool) *tls.Config {
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}
