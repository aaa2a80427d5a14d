package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/pki"
)

// program is one run of the program: the world and the flags that every command has.
type program struct {
	*cli.World

	dir    string
	cwd    string  // of the person who typed the command, where it is not the process's own
	shared *office // of the service that carries out the command, else nil
}

// run executes one command line and gives its exit code.
func run(ctx context.Context, w *cli.World) int { return (&program{World: w}).execute(ctx) }

func (c *program) execute(ctx context.Context) int {
	w := c.World
	w.PickLang()
	cmd, err := c.root().ExecuteContextC(ctx)
	if err == nil {
		err = w.Broken()
	}
	if err != nil {
		return w.Fail(cmd, said(err), words)
	}
	return cli.ExitDone
}

func (c *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "elicense-ca",
		Short: "全省统一的证书认证机构 / the province's certificate authority",
		Long: "证书认证机构：签发、吊销、时间戳，以及面向外部系统的 TLS 证书。" + cli.Between +
			"The certificate authority: issuing, revocation, timestamps, and TLS certificates for foreign systems.",
	}
	root.PersistentFlags().StringVarP(&c.dir, "data", "d", c.defaultDir(),
		"数据目录 (ELICENSE_CA_DATA) / data directory (ELICENSE_CA_DATA)")
	root.AddCommand(c.initCommand(), c.officerCommand(), c.requestCommand(), c.serveCommand(), c.showCommand(),
		c.verifyChainCommand(), c.selftestCommand(), c.renewCommand(), c.restoreCommand(), c.custodyCommand(), c.rootCommand())
	for _, cmd := range slices.Concat(c.rulingCommands(), c.changeCommands(), []*cobra.Command{
		c.applyCommand(), c.listCommand(), c.issueCommand(), c.deliveredCommand(), c.searchCommand(), c.radarCommand(), c.sweepCommand(),
		c.auditCommand(), c.backupCommand(), c.catchUpCommand(), c.drillCommand(),
	}) {
		root.AddCommand(official(cmd))
	}
	c.Finish(root)
	check := root.PersistentPreRunE
	root.PersistentPreRunE = func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return err
		}
		return c.forward(cmd, args)
	}
	return root
}

func (c *program) defaultDir() string {
	if d := c.Env("ELICENSE_CA_DATA"); d != "" {
		return d
	}
	return "elicense-ca-data"
}

func (c *program) selftestCommand() *cobra.Command {
	return &cobra.Command{
		Use: "selftest", Args: cobra.NoArgs,
		Short: "密码算法自检 / self-test of the cryptography",
		Long: "SM2、SM3、SM4 的标准答案，以及两套互不相干的实现相互验证。服务启动时也会运行。" + cli.Between +
			"Known answers of SM2, SM3 and SM4, and two unrelated implementations that verify each other. It also runs " +
			"when the service starts.",
		RunE: func(*cobra.Command, []string) error {
			if err := pki.SelfTest(); err != nil {
				return err
			}
			return c.Emit(map[string]any{"passed": true}, func() {
				c.Tell("✓ 密码算法自检通过", "✓ the self-test of the cryptography has passed")
			})
		},
	}
}
