package main

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
)

func (c *program) typeCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "type", Short: "证照目录 / licence types"}
	cmd.AddCommand(c.typeList(), c.typeShow(), c.typePut(), c.typeTemplate(), c.typeReport(), c.typeShipped(), c.typeComplete())
	return cmd
}

// resolveType finds a declared type by its code, its name, or a part of the name that only one type has.
func resolveType(ctx context.Context, v shelf, s string) (*vault.LicenceType, error) {
	list, err := v.TypeReport(ctx)
	if err != nil {
		return nil, err
	}
	var near []string
	code := s
	for i := range list {
		switch {
		case list[i].Code == s || list[i].Name == s:
			return v.Type(ctx, list[i].Code)
		case s != "" && strings.Contains(list[i].Name, s):
			near, code = append(near, list[i].Name), list[i].Code
		}
	}
	if len(near) > 1 {
		names := strings.Join(near, "、")
		return nil, cli.Usage("“"+s+"”可指多类证照："+names, s+" can mean several types: "+names)
	}
	return v.Type(ctx, code)
}

// typeCode completes a --type flag; an empty one stays so.
func typeCode(ctx context.Context, v shelf, s *string) error {
	if *s == "" {
		return nil
	}
	t, err := resolveType(ctx, v, *s)
	if err != nil {
		return err
	}
	*s = t.Definition.Code
	return nil
}

// typeCodes completes a list of types that a department issues. It may name shipped types that nobody has declared yet;
// what is no type at all stays, for the vault to refuse.
func typeCodes(ctx context.Context, v shelf, list []string) ([]string, error) {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strings.TrimSpace(s)
		if code.CheckLicenceType(out[i]) == nil {
			continue
		}
		t, err := resolveType(ctx, v, out[i])
		switch {
		case err == nil:
			out[i] = t.Definition.Code
		case errors.Is(err, vault.ErrUnknownType):
			out[i] = shippedCode(out[i])
		default:
			return nil, err
		}
	}
	return out, nil
}

// shippedCode is the code of a shipped type by its name, or the name itself.
func shippedCode(name string) string {
	for _, t := range catalogue.Shipped() {
		if t.Name == name {
			return t.Code
		}
	}
	return name
}

func (c *program) typeList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "列出已登记的证照类型 / list the declared types", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.at(cmd.Context(), operator("查看证照目录"), func(d desk) error {
				list, err := d.TypeReport(cmd.Context())
				if err != nil {
					return err
				}
				return c.Emit(list, func() {
					for i := range list {
						if t := &list[i]; t.Declared {
							c.Tell("%s  第 %d 版  %s", "%s  v%d  %s", t.Code, t.Version, t.Name)
						}
					}
				})
			})
		},
	}
}

func (c *program) typeShow() *cobra.Command {
	var yaml bool
	cmd := &cobra.Command{
		Use: "show TYPE", Short: "证照类型的要素：签发和转换时要填什么 / the elements of a type: what to give when issuing",
		Example: "  elicense type show 食品经营许可证\n  elicense type show 食品经营许可证 --yaml > 我的类型.yaml",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.at(cmd.Context(), operator("查看证照目录"), func(d desk) error {
				t, err := resolveType(cmd.Context(), d, args[0])
				if err != nil {
					return err
				}
				if yaml {
					text, err := t.Definition.Encode()
					if err == nil {
						c.Put(string(text))
					}
					return err
				}
				return c.Emit(t.Definition, func() { c.showType(t) })
			})
		},
	}
	cmd.Flags().BoolVar(&yaml, "yaml", false, "输出定义文件 / print the definition")
	return cmd
}

func (c *program) showType(t *vault.LicenceType) {
	d := &t.Definition
	c.Tell("%s  %s  第 %d 版  %s", "%s  %s  v%d  %s", d.Name, d.Code, d.Version, d.Authority.Name)
	for _, b := range d.Basis {
		c.Tell("依据：%s %s", "basis: %s %s", b.Document, b.Article)
	}
	if d.Numbering.Pattern != "" {
		c.Tell("编号由库按规则产生：%s", "the vault makes numbers: %s", d.Numbering.Pattern)
	}
	c.Tell("要素（* 必填，+ 不填则由库补上）：", "elements (* required, + filled in by the vault if left out):")
	for _, col := range t.Columns() {
		star := " "
		switch {
		case filledIn(d, col.Name):
			star = "+"
		case col.Required:
			star = "*"
		}
		rule := string(col.Kind)
		if len(col.Rules.Enum) > 0 {
			rule = strings.Join(col.Rules.Enum, "|")
		}
		c.Fact("  %s %-12s %s  (%s)", star, col.Name, col.Label, rule)
	}
}

// filledIn reports elements that a request may leave to the vault.
func filledIn(d *catalogue.Type, name string) bool {
	switch name {
	case catalogue.MetaName, catalogue.MetaIssuer, catalogue.MetaIssuerCode, catalogue.MetaIdentifier,
		catalogue.MetaHolderCodeType:
		return true
	case catalogue.MetaNumber:
		return d.Numbering.Pattern != ""
	}
	return false
}

func (c *program) typePut() *cobra.Command {
	var template string
	cmd := &cobra.Command{
		Use: "put FILE.yaml", Short: "登记证照类型，或其新版本 / declare a type or a new version of it", Args: cobra.ExactArgs(1),
		Long: "读入定义文件；所有错误一次报出，带行号和改法。只有维护该类型的部门可以更改（A67）。" + cli.Between +
			"Reads a definition; all errors are told at once with line and remedy. Only the owning department may change " +
			"a type.",
		RunE: func(cmd *cobra.Command, args []string) error {
			yaml, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			def, err := catalogue.ParseType(yaml)
			if err != nil {
				return err // without asking for the master key first
			}
			if template != "" {
				if yaml, err = withTemplate(def, template); err != nil {
					return err
				}
			}
			return c.at(cmd.Context(), issuer("登记证照目录"), func(d desk) error {
				t, err := d.putType(cmd.Context(), yaml)
				if err != nil {
					return err
				}
				return c.Emit(t.Definition, func() {
					c.Tell("已登记：%s %s 第 %d 版", "declared: %s %s version %d", t.Definition.Code, t.Definition.Name,
						t.Definition.Version)
				})
			})
		},
	}
	cmd.Flags().StringVar(&template, "template", "", "自带的证照模板文件，随类型版本保存 / template of the type's own, kept with its version")
	return cmd
}

func (c *program) typeReport() *cobra.Command {
	return &cobra.Command{
		Use: "report", Short: "应入库／已入库／缺失 / listed, live in the vault, missing", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.at(cmd.Context(), operator("证照目录报告"), func(d desk) error {
				list, err := d.TypeReport(cmd.Context())
				if err != nil {
					return err
				}
				return c.Emit(list, func() { c.typeTable(list) })
			})
		},
	}
}

func (c *program) typeTable(list []vault.TypeStatus) {
	live, missing := 0, 0
	for i := range list {
		if list[i].Live {
			live++
		} else if list[i].Missing {
			missing++
		}
	}
	c.Tell("应入库 %d 类：已入库 %d，缺失 %d，不入库 %d", "%d types listed: %d live, %d missing, %d stay out",
		len(list), live, missing, len(list)-live-missing)
	for i := range list {
		t := &list[i]
		state := c.Say("不入库", "stays out")
		switch {
		case t.Live:
			state = c.Say("已入库", "live")
		case t.Missing && !t.Declared:
			state = c.Say("缺失（未登记）", "missing, not declared")
		case t.Missing:
			state = c.Say("缺失", "missing")
		}
		c.Fact("  %s  %s  %s", t.Code, state, t.Name)
	}
}

func (c *program) typeShipped() *cobra.Command {
	return &cobra.Command{
		Use: "shipped [NAME]", Short: "随附的证照类型定义，可照此编写 / definitions that are shipped, as patterns",
		Args:    cobra.MaximumNArgs(1),
		Example: "  elicense type shipped\n  elicense type shipped food-business-licence > 食品经营许可证.yaml",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				text, err := catalogue.ShippedFile(args[0])
				if err != nil {
					return cli.Usage("没有随附这个定义："+args[0], "no such definition is shipped: "+args[0])
				}
				c.Put(string(text))
				return nil
			}
			list, names := catalogue.Shipped(), catalogue.ShippedNames()
			return c.Emit(list, func() {
				for i := range list {
					c.Fact("%-28s %s  %s", names[i], list[i].Code, list[i].Name)
				}
			})
		},
	}
}

func (c *program) typeComplete() *cobra.Command {
	var issuerCode, series string
	cmd := &cobra.Command{
		Use:   "complete TYPE",
		Short: "声明存量已全部转换：此后查不到即从未核发 / declare the stock converted: from then on not found means never issued",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			asker := issuer("声明存量转换完成")
			if issuerCode == "*" {
				asker = operator(asker.purpose)
			}
			return c.at(cmd.Context(), asker, func(d desk) error {
				t, err := resolveType(cmd.Context(), d, args[0])
				if err != nil {
					return err
				}
				if err := d.complete(cmd.Context(), t.Definition.Code, issuerCode, series); err != nil {
					return err
				}
				done := map[string]string{"type": t.Definition.Code, "issuer": issuerCode, "series": series}
				return c.Emit(done, func() { c.Tell("已声明：%s", "declared: %s", t.Definition.Name) })
			})
		},
	}
	cmd.Flags().StringVar(&issuerCode, "issuer", "", "颁发机构信用代码，* 为所有机构 / credit code of the issuer, * for all")
	cmd.Flags().StringVar(&series, "series", "", "编号开头；空为全部 / beginning of the numbers; empty for all")
	cli.MustHave(cmd, "issuer")
	return cmd
}
