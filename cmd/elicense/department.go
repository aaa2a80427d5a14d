package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/vault"
)

func (c *program) departmentCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "department", Short: "颁发部门 / issuing departments"}
	cmd.AddCommand(c.departmentAdd())
	return cmd
}

func (c *program) departmentAdd() *cobra.Command {
	var o departmentOrder
	cmd := &cobra.Command{
		Use:     "add --name NAME --code USCC",
		Short:   "登记颁发部门：发签名证书（密钥托管）并登记调用方 / enrol a department: certificate, key in custody, caller",
		Example: "  elicense department add --name 示例市市场监督管理局 --code 11350100EX0000010M --issues 11990000MB1E000137001",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkBody(body{o.Caller.Name, o.Caller.Department}); err != nil {
				return err
			}
			if o.Caller.ID == "" {
				o.Caller.ID = o.Caller.Department
			}
			return c.keeping(cmd.Context(), operator("登记部门"), func(d custodian) error {
				done, err := d.addDepartment(cmd.Context(), o)
				if err != nil {
					return err
				}
				return c.Emit(done.Caller, func() {
					c.Tell("已登记：%s，调用方 %s", "enrolled: %s, caller %s", done.Caller.Name, done.Caller.ID)
					for _, x := range done.Changes {
						c.Fact("  %s", c.Say(x.Zh, x.En))
					}
				})
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Caller.Name, "name", "", "名称 / name")
	f.StringVar(&o.Caller.Department, "code", "", "统一社会信用代码 / credit code")
	f.StringVar(&o.Caller.ID, "id", "", "调用方标识，缺省为信用代码 / caller id; the credit code if not given")
	f.StringSliceVar(&o.Caller.Issues, "issues", nil, "可颁发的证照类型，名称或代码，一次列全 / types it may issue, by name or code, all of them")
	f.BoolVar(&o.Replace, "replace", false, "已登记的也照此更改，并换发证书和印章 / change one that is registered, with a new certificate and seal")
	cli.MustHave(cmd, "name", "code")
	return cmd
}

// departmentOrder says which department is to be added; one that is registered is changed only with Replace.
type departmentOrder struct {
	Caller  vault.Caller `json:"caller"` // types by name or code
	Replace bool         `json:"replace,omitempty"`
}

// departmentAdded is the registration that was made, and what it has changed of one that was there.
type departmentAdded struct {
	Caller  vault.Caller `json:"caller"`
	Changes []changed    `json:"changes,omitempty"`
}

// changed is one thing that would be otherwise.
type changed struct {
	Zh string `json:"zh"`
	En string `json:"en"`
}

// addDepartment registers a department and certifies a key of it, with its seal: all of it or nothing. Rights and
// registration are judged first, since a certificate cannot be taken back.
func (d *ownDesk) addDepartment(ctx context.Context, o departmentOrder) (*departmentAdded, error) {
	issues, err := d.codes(ctx, o.Caller.Issues)
	if err != nil {
		return nil, err
	}
	o.Caller.Issues = issues
	added := &departmentAdded{Caller: o.Caller}
	err = d.h.alone(func() error { // two that add the same department do so one after the other
		if added.Changes, err = d.c.registered(ctx, d.h, d.access, o.Caller); err != nil {
			return err
		}
		if len(added.Changes) > 0 && !o.Replace {
			return alreadyRegistered(o.Caller, added.Changes)
		}
		if vault.CheckCaller(&o.Caller) != nil {
			return d.h.vault.PutCaller(ctx, d.access, o.Caller) // is refused, which the audit tells
		}
		whose := enrolled{Caller: &o.Caller, By: askerOf(&d.access)}
		return d.c.hire(ctx, d.h, body{o.Caller.Name, o.Caller.Department}, whose)
	})
	if err != nil {
		return nil, err
	}
	return added, nil
}

// registered says what a registration would change of one that is there; nothing for a new one.
func (c *program) registered(ctx context.Context, h *house, a vault.Access, want vault.Caller) ([]changed, error) {
	callers, err := h.vault.Callers(ctx, a)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(callers, func(x vault.Caller) bool { return x.ID == want.ID })
	if i < 0 {
		return nil, nil
	}
	was := &callers[i]
	out := []changed{{"换发签名证书和印章", "a new signing certificate and seal"}}
	for _, f := range []struct{ zh, en, was, is string }{
		{"名称", "name", was.Name, want.Name}, {"信用代码", "credit code", was.Department, want.Department},
	} {
		if f.was != f.is {
			out = append(out, changed{f.zh + "：" + f.was + " → " + f.is, f.en + ": " + f.was + " -> " + f.is})
		}
	}
	for _, x := range was.Issues {
		if !slices.Contains(want.Issues, x) {
			out = append(out, changed{"不再颁发 " + h.typeName(ctx, x), "issues no more " + h.typeName(ctx, x)})
		}
	}
	for _, x := range want.Issues {
		if !slices.Contains(was.Issues, x) {
			out = append(out, changed{"增加颁发 " + h.typeName(ctx, x), "issues also " + h.typeName(ctx, x)})
		}
	}
	if was.Operator || was.Auditor || len(was.Bases) > 0 || was.MaxLevel > 0 {
		out = append(out, changed{"取消其他权限（管理员、查询依据、断言级别）", "other rights end (operator, bases, level)"})
	}
	return out, nil
}

// typeName is a type's code with its name, where it is declared.
func (h *house) typeName(ctx context.Context, code string) string {
	if t, err := h.vault.Type(ctx, code); err == nil {
		return code + " " + t.Definition.Name
	}
	return code
}

// alreadyRegistered refuses to change a registration by the way.
func alreadyRegistered(x vault.Caller, changes []changed) error {
	var zh, en []string
	for _, c := range changes {
		zh, en = append(zh, c.Zh), append(en, c.En)
	}
	return cli.Usage(
		"已登记："+x.ID+"；照此登记将改为："+strings.Join(zh, "；")+"。确要更改请加 --replace，证照类型须一次列全",
		x.ID+" is registered; this would change: "+strings.Join(en, "; ")+". Add --replace to do so, naming every type",
	)
}

func (c *program) callerCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "caller", Short: "调用方 / callers"}
	cmd.AddCommand(c.callerAdd(), c.callerRegister(), c.callerEnrol(), c.callerPromote(), c.callerSystems(), c.callerRevoke(), &cobra.Command{
		Use: "list", Short: "列出调用方 / list callers", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.atRegistry(cmd.Context(), operator("查看调用方"), func(d registrar) error {
				list, err := d.callers(cmd.Context())
				if err != nil {
					return err
				}
				return c.Emit(list, func() {
					for _, x := range list {
						c.Fact("%-18s  %-18s  %s  %s", x.ID, x.Department, x.Name, c.rights(&x))
					}
				})
			})
		},
	})
	return cmd
}

func (c *program) callerAdd() *cobra.Command {
	var x vault.Caller
	var level int
	cmd := &cobra.Command{
		Use: "add ID", Short: "登记或更改调用方 / register or change a caller", Args: cobra.ExactArgs(1),
		Example: "  elicense caller add hall --name 示例省网上办事大厅 --bases 示例省政务数据管理办法第十二条 --max-level 3",
		RunE: func(cmd *cobra.Command, args []string) error {
			x.ID, x.MaxLevel = args[0], vault.Level(level)
			return c.atRegistry(cmd.Context(), operator("登记调用方"), func(d registrar) (err error) {
				if x.Issues, err = d.codes(cmd.Context(), x.Issues); err != nil {
					return err
				}
				if err := d.putCaller(cmd.Context(), x); err != nil {
					return err
				}
				return c.Emit(x, func() { c.Tell("已登记：%s", "registered: %s", x.ID) })
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&x.Name, "name", "", "名称 / name")
	f.StringVar(&x.Department, "code", "", "所属部门统一社会信用代码 / credit code of its department")
	f.StringSliceVar(&x.Issues, "issues", nil, "可颁发的证照类型，名称或代码 / types it may issue, by name or code")
	f.StringSliceVar(&x.Bases, "bases", nil, "可据以查询他人的法律依据 / legal bases on which it may ask about others")
	f.IntVar(&level, "max-level", 0, "可断言的最高认证级别 0-3 / strongest login it may vouch for, 0-3")
	f.BoolVar(&x.Operator, "operator", false, "管理员 / an operator")
	f.BoolVar(&x.Auditor, "auditor", false, "审计方，可读审计记录 / an auditor, who may read the audit")
	return cmd
}

// rights says what a caller may do.
func (c *program) rights(x *vault.Caller) string {
	var list []string
	if x.Operator {
		list = append(list, c.Say("管理员", "operator"))
	}
	if x.Auditor {
		list = append(list, c.Say("审计方", "auditor"))
	}
	if n := len(x.Issues); n > 0 {
		list = append(list, fmt.Sprintf(c.Say("颁发 %d 类证照", "issues %d types"), n))
	}
	if len(x.Bases) > 0 {
		list = append(list, c.Say("依据：", "bases: ")+strings.Join(x.Bases, "、"))
	}
	if x.MaxLevel > vault.LevelNone {
		list = append(list, fmt.Sprintf(c.Say("可断言至 %d 级", "vouches up to level %d"), x.MaxLevel))
	}
	return strings.Join(list, c.Say("；", "; "))
}

// rememberAsker makes the first caller with a legal basis the one that look-ups ask as when they do not say.
func (h *house) rememberAsker(x vault.Caller) error {
	if h.settings.Caller != "" || len(x.Bases) == 0 {
		return nil
	}
	h.settings.Caller, h.settings.Basis = x.ID, x.Bases[0]
	return h.settings.write(h.dir)
}
