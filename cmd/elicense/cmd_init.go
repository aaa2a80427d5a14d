package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/vault"
)

func (c *cli) initCommand() *cobra.Command {
	var p plan
	cmd := &cobra.Command{
		Use:   "init",
		Short: "建立证照库 / set up a vault",
		Long: "在数据目录中建立证照库：密钥环、小型 CA、库的签名证书。主密钥来自环境变量指定的口令或密钥文件，绝不与数据放在一起；\n" +
			"--sandbox 例外：主密钥放在数据目录内，并带示例省的部门和证照目录，只可用于试用。\n" +
			"Sets a vault up: keyring, a small CA, the vault's certificate. The master key comes from a passphrase or key file\n" +
			"named in the environment and never lies beside the data, except in a sandbox.",
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

func (c *cli) initialise(ctx context.Context, p plan) error {
	if p.sandbox {
		p.origin, p.operator = fixtures.Origin, body{fixtures.Authority().Name, fixtures.Authority().Code}
	}
	switch {
	case p.origin == "" || p.operator.name == "":
		return &usageError{"请给出 --origin、--name、--code，或使用 --sandbox", "give --origin, --name and --code, or --sandbox"}
	case code.CheckUSCC(p.operator.uscc) != nil:
		return &usageError{"--code 不是有效的统一社会信用代码", "--code is not a sound credit code"}
	}
	h, err := c.createHouse(ctx, c.dir, p)
	if err != nil {
		return err
	}
	if err := h.close(); err != nil {
		return err
	}
	return c.emit(map[string]any{"data": c.dir, "origin": p.origin, "sandbox": p.sandbox, "note_key": h.signer.NoteKey()}, func() {
		c.printf("证照库已建立：%s", "the vault is set up: %s", c.dir)
		c.printf("账本公钥（验证检查点用，请公布）：%s", "the ledger's key (publish it): %s", h.signer.NoteKey())
		if p.sandbox {
			c.printf("注意：沙箱的主密钥就在数据目录中，仅供试用。", "note: a sandbox keeps its master key beside the data; only for trying things.")
			return
		}
		c.printf("下一步：elicense department add、elicense type put", "next: elicense department add, elicense type put")
	})
}

func (c *cli) departmentCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "department", Short: "部门 / departments"}
	var d body
	var id string
	var issues []string
	add := &cobra.Command{
		Use:   "add",
		Short: "登记颁发部门：发签名证书（密钥托管）并登记调用方 / enrol an issuing department",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if d.name == "" || code.CheckUSCC(d.uscc) != nil {
				return &usageError{"请给出 --name 和有效的 --code", "give --name and a sound --code"}
			}
			return c.withHouse(cmd.Context(), func(h *house) error {
				if err := c.hire(h, d); err != nil {
					return err
				}
				caller := vault.Caller{ID: id, Name: d.name, Department: d.uscc, Issues: issues}
				if caller.ID == "" {
					caller.ID = d.uscc
				}
				if err := h.vault.PutCaller(cmd.Context(), c.operator(h, "登记部门"), caller); err != nil {
					return err
				}
				return c.emit(caller, func() { c.printf("已登记：%s，调用方 %s", "enrolled: %s, caller %s", d.name, caller.ID) })
			})
		},
	}
	f := add.Flags()
	f.StringVar(&d.name, "name", "", "名称 / name")
	f.StringVar(&d.uscc, "code", "", "统一社会信用代码 / credit code")
	f.StringVar(&id, "id", "", "调用方标识，缺省为信用代码 / caller id")
	f.StringSliceVar(&issues, "issues", nil, "可颁发的证照类型代码 / types it may issue")
	cmd.AddCommand(add)
	return cmd
}

// operator is the access of whoever runs the vault.
func (c *cli) operator(h *house, purpose string) vault.Access {
	a := c.by(h, vault.GroundOperator, purpose)
	if c.access.Caller == "" {
		a.Caller = fixtures.Operator
	}
	return a
}

func (c *cli) callerCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "caller", Short: "调用方 / callers"}
	cmd.AddCommand(c.callerAdd(), &cobra.Command{
		Use: "list", Short: "列出调用方 / list callers", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withHouse(cmd.Context(), func(h *house) error {
				list, err := h.vault.Callers(cmd.Context(), c.operator(h, "查看调用方"))
				if err != nil {
					return err
				}
				return c.emit(list, func() {
					for _, x := range list {
						c.printf("%-20s %s %s", "%-20s %s %s", x.ID, x.Department, x.Name)
					}
				})
			})
		},
	})
	return cmd
}

func (c *cli) callerAdd() *cobra.Command {
	var x vault.Caller
	var level int
	cmd := &cobra.Command{
		Use: "add ID", Short: "登记或更改调用方 / register or change a caller", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			x.ID, x.MaxLevel = args[0], vault.Level(level)
			return c.withHouse(cmd.Context(), func(h *house) error {
				if err := h.vault.PutCaller(cmd.Context(), c.operator(h, "登记调用方"), x); err != nil {
					return err
				}
				return c.emit(x, func() { c.printf("已登记 %s", "registered %s", x.ID) })
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&x.Name, "name", "", "名称 / name")
	f.StringVar(&x.Department, "code", "", "所属部门统一社会信用代码 / credit code of its department")
	f.StringSliceVar(&x.Issues, "issues", nil, "可颁发的证照类型代码 / types it may issue")
	f.StringSliceVar(&x.Bases, "bases", nil, "可用的法律依据 / legal bases granted")
	f.IntVar(&level, "max-level", 0, "可断言的最高认证级别 0-3 / strongest login it may vouch for")
	f.BoolVar(&x.Operator, "operator", false, "管理员 / an operator")
	return cmd
}

func (c *cli) typeCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "type", Short: "证照目录 / licence types"}
	cmd.AddCommand(&cobra.Command{
		Use: "put FILE.yaml", Short: "登记或更新证照类型 / declare a type or a new version of it", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			yaml, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			return c.withHouse(cmd.Context(), func(h *house) error {
				t, err := h.vault.PutType(cmd.Context(), c.by(h, vault.GroundIssuer, "登记证照目录"), yaml)
				if err != nil {
					return err
				}
				return c.emit(t.Definition, func() {
					c.printf("%s %s 第 %d 版", "%s %s version %d", t.Definition.Code, t.Definition.Name, t.Definition.Version)
				})
			})
		},
	}, &cobra.Command{
		Use: "report", Short: "已登记／已入库／缺失 / declared, live in the vault, missing", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withHouse(cmd.Context(), func(h *house) error {
				list, err := h.vault.TypeReport(cmd.Context())
				if err != nil {
					return err
				}
				return c.emit(list, func() { c.typeTable(list) })
			})
		},
	})
	return cmd
}

func (c *cli) typeTable(list []vault.TypeStatus) {
	live, missing := 0, 0
	for i := range list {
		t := &list[i]
		state := c.say("缺失", "missing")
		switch {
		case t.Live:
			state, live = c.say("已入库", "live"), live+1
		case !t.Missing:
			state = c.say("不入库", "stays out")
		default:
			missing++
		}
		c.printf("%s  %s  第%d版  %s", "%s  %s  v%d  %s", t.Code, t.Name, t.Version, state)
	}
	c.printf("应入库 %d 类，已入库 %d 类，缺失 %d 类", "%d types listed, %d live, %d missing", len(list), live, missing)
}
