package main

import (
	"context"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/code"
)

func (c *program) initCommand() *cobra.Command {
	var p plan
	cmd := &cobra.Command{
		Use:   "init",
		Short: "建立证照库 / set up a vault",
		Long: "在数据目录中建立证照库：密钥环、小型 CA、库的签名证书。主密钥来自环境变量所指的口令或密钥文件，绝不与数据放在一起：\n" +
			"ELICENSE_PASSPHRASE_FILE、ELICENSE_PASSPHRASE 或 ELICENSE_MASTER_FILE（64 位十六进制）。\n" +
			"--sandbox 例外：主密钥放在数据目录内，并带示例省的部门和证照目录，只可用于试用。" + cli.Between +
			"Sets a vault up: keyring, a small CA, the vault's certificate. The master key comes from a passphrase or " +
			"key file\n" +
			"named in the environment and never lies beside the data:\n" +
			"ELICENSE_PASSPHRASE_FILE, ELICENSE_PASSPHRASE or ELICENSE_MASTER_FILE (64 hexadecimal digits).\n" +
			"A sandbox is the exception: its master key lies in it, with a made-up province; only for trying things.",
		Example: "  elicense init --sandbox\n" +
			"  ELICENSE_PASSPHRASE_FILE=/run/secret elicense init --origin vault.example.gov.cn --name 示例省数据管理局 --code " +
			"11350000EX0000002M",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.initialise(cmd.Context(), p) },
	}
	f := cmd.Flags()
	f.StringVar(&p.origin, "origin", "", "账本名称，如 vault.fj.gov.cn / name of the ledger")
	f.StringVar(&p.zone, "zone", "Asia/Shanghai", "法定时区 / legal time zone")
	f.StringVar(&p.operator.name, "name", "", "运行机构名称 / name of the operator")
	f.StringVar(&p.operator.uscc, "code", "", "运行机构统一社会信用代码 / its credit code")
	f.BoolVar(&p.sandbox, "sandbox", false, "沙箱：示例省，仅供试用 / a made-up province to try things in")
	return cmd
}

func (c *program) initialise(ctx context.Context, p plan) error {
	if p.sandbox {
		p.origin, p.operator = fixtures.Origin, body{fixtures.Authority().Name, fixtures.Authority().Code}
	}
	switch _, err := time.LoadLocation(p.zone); {
	case err != nil:
		return cli.Usage("--zone 不是已知的时区："+p.zone, "--zone is not known: "+p.zone)
	case p.origin == "" || p.operator.name == "":
		return cli.Usage("请给出 --origin、--name、--code，或使用 --sandbox", "give --origin, --name and --code, or --sandbox")
	}
	if err := checkBody(p.operator); err != nil {
		return err
	}
	h, err := c.createHouse(ctx, filepath.Clean(c.dir), p)
	if err != nil {
		return err
	}
	key := h.signer.NoteKey()
	if err := h.close(); err != nil {
		return err
	}
	out := map[string]any{"data": c.dir, "origin": p.origin, "sandbox": p.sandbox, "note_key": key}
	return c.Emit(out, func() { c.showInit(p, key) })
}

func (c *program) showInit(p plan, key string) {
	c.Tell("证照库已建立：%s", "the vault is set up: %s", c.dir)
	c.Tell("账本公钥（验证者凭此核对账本，请公布）：", "the ledger's key, by which anybody verifies (publish it):")
	c.Fact("  %s", key)
	c.Tell("接着输入：", "next:")
	if p.sandbox {
		c.Fact("  %s type list", c.again())
		c.Fact("  %s type show 食品经营许可证", c.again())
		c.Tell("沙箱的主密钥就在数据目录中，仅供试用，勿存真实数据。",
			"A sandbox keeps its master key beside the data: for trying things, never for real data.")
		return
	}
	c.Tell("  %s department add --name 部门名称 --code 信用代码 --issues 证照类型代码",
		"  %s department add --name NAME --code CREDIT-CODE --issues TYPE-CODE", c.again())
	c.Tell("  %s type shipped          # 随附的证照类型，可照此编写",
		"  %s type shipped          # types that are shipped, as patterns", c.again())
	c.Tell("主密钥不在数据目录中：请妥善备份口令或密钥文件，丢失后数据无法读取。",
		"The master key is not in the data directory: keep the passphrase or key file safe; without it the data "+
			"cannot be read.")
}

// again is how to call the program for the same data directory, or at the same service as the same system.
func (c *program) again() string {
	if s := &c.service; s.url != "" {
		call := c.Name
		for _, f := range []struct{ flag, value, env string }{
			{"server", s.url, "ELICENSE_SERVER"}, {"cacert", s.cacert, "ELICENSE_CACERT"},
			{"credentials", s.credentials, "ELICENSE_CREDENTIALS"}, {"token-file", s.token, ""},
		} {
			if f.value != "" && f.value != c.Env(f.env) {
				call += " --" + f.flag + " " + quoted(f.value)
			}
		}
		return call
	}
	if c.dir == c.defaultDir() {
		return c.Name
	}
	return c.Name + " -d " + quoted(c.dir)
}

// checkBody wants a name and a sound credit code.
func checkBody(b body) error {
	if b.name == "" {
		return cli.Usage("请用 --name 给出名称", "give the name with --name")
	}
	if code.CheckUSCC(b.uscc) != nil {
		return cli.Usage(
			"--code 不是有效的统一社会信用代码（18 位，末位为校验码）："+b.uscc,
			"--code is no sound unified social credit code (18 characters, the last a check character): "+b.uscc,
		)
	}
	return nil
}
