package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/vault"
)

// values reads 名=值 arguments, or a JSON object from a file with @FILE.
func values(args []string) (map[string]string, error) {
	m := map[string]string{}
	for _, a := range args {
		if name, ok := strings.CutPrefix(a, "@"); ok {
			text, err := os.ReadFile(name)
			if err != nil {
				return nil, err
			}
			if err := json.Unmarshal(text, &m); err != nil {
				return nil, cli.Usage(name+" 应是一个 JSON 对象，值都是文字", name+" must be a JSON object of texts")
			}
			continue
		}
		name, value, ok := strings.Cut(a, "=")
		if !ok {
			return nil, cli.Usage("要素应写成 名=值："+a, "write elements as NAME=VALUE: "+a)
		}
		if _, twice := m[name]; twice {
			return nil, cli.Usage("要素写了两次："+name, "the element is given twice: "+name)
		}
		m[name] = value
	}
	return m, nil
}

// shortNames turns the labels among the names of values into short names: 住所 is as good as KZ_ZS. Names that mean
// nothing stay, for the vault to refuse.
func shortNames(t *vault.LicenceType, m map[string]string) (map[string]string, error) {
	out := make(map[string]string, len(m))
	for name, value := range m {
		short := name
		if _, known := t.Column(name); !known {
			if list := t.FindHeading(name); len(list) > 0 {
				short = list[0]
			}
		}
		if _, twice := out[short]; twice {
			return nil, cli.Usage("要素写了两次："+name+"（"+short+"）", "the element is given twice: "+name+
				" ("+short+")")
		}
		out[short] = value
	}
	return out, nil
}

// request completes a request with the type's code and short names.
func (c *program) request(cmd *cobra.Command, d desk, req *vault.Request, photo string) error {
	t, err := resolveType(cmd.Context(), d, req.Type)
	if err != nil {
		return err
	}
	req.Type = t.Definition.Code
	if req.Values, err = shortNames(t, req.Values); err != nil {
		return err
	}
	req.Images, err = takeImages(t, req.Values, photo)
	return err
}

// requestFlags are those of everything that issues.
func requestFlags(cmd *cobra.Command, req *vault.Request) {
	f := cmd.Flags()
	f.StringVar(&req.Type, "type", "", "证照类型：名称或代码 / type: name or code")
	f.StringVar(&req.Key, "key", "", "幂等键：重试时用同一个 / idempotency key, the same for a retry")
	f.StringVar(&req.Division, "division", "", "编号用的行政区划代码 / division for allocated numbers")
	cli.MustHave(cmd, "type", "key")
}

func (c *program) issueCommand() *cobra.Command {
	var req vault.Request
	var validate bool
	var photo string
	cmd := &cobra.Command{
		Use:   "issue --type TYPE --key KEY --paper SERIAL 要素=值…",
		Short: "签发：纸质与电子同步 / issue with the printed paper's serial",
		Long: "纸质证照已打印，凭其印刷序号一次签发电子证照（A72）。要素用短名或中文名，见 elicense type show；也可用 @文件.json。\n" +
			"超时后用同一 --key 重试，得到首次的答复。" + cli.Between +
			"The paper is printed: one call issues the electronic licence with its serial. Elements by short name or " +
			"label, see\n" +
			"elicense type show, or @FILE.json. After a timeout try again with the same --key and get the first answer.",
		Example: "  elicense issue --type 食品经营许可证 --key 2026-0187 --paper NO.00012345 --division 350102 \\\n" +
			"    经营者名称=… 统一社会信用代码=91… 持证主体代码类型代码=001 签发日期=2026-03-02 @其余.json",
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if req.Values, err = values(args); err != nil {
				return err
			}
			return c.at(cmd.Context(), issuer("核发证照"), func(d desk) error {
				if err := c.request(cmd, d, &req, photo); err != nil {
					return err
				}
				if validate {
					return c.validate(cmd.Context(), d, req)
				}
				answer, err := d.issue(cmd.Context(), req)
				return c.answer(answer, err)
			})
		},
	}
	requestFlags(cmd, &req)
	photoFlag(cmd, &photo)
	cmd.Flags().BoolVar(&validate, "validate", false, "只校验，不签发 / check everything, change nothing")
	cmd.Flags().StringVar(&req.Paper, "paper", "", "纸质证照印刷序号 / serial of the printed paper")
	return cmd
}

// validate runs the whole path and changes nothing (D1.2).
func (c *program) validate(ctx context.Context, d desk, req vault.Request) error {
	notes, err := d.validate(ctx, req)
	if err != nil {
		return err
	}
	return c.Emit(map[string]any{"valid": true, "notes": notes}, func() {
		c.Tell("可以签发（仅校验，未签发）", "this can be issued (checked only, nothing was done)")
		c.showNotes(notes)
	})
}

func (c *program) showNotes(notes []vault.Note) {
	for _, n := range notes {
		zh, en := n.Sentence()
		c.Tell("  %[1]s：%[2]s → %[3]s；%[4]s [%[6]s]", "  %[1]s: %[2]s -> %[3]s; %[5]s [%[6]s]",
			n.Field, cmp.Or(n.Old, c.Say("（空）", "(empty)")), n.New, zh, en, n.Code)
	}
}

func (c *program) reserveCommand() *cobra.Command {
	var req vault.Request
	var photo string
	cmd := &cobra.Command{
		Use:   "reserve --type TYPE --key KEY 要素=值…",
		Short: "预留编号，待打印纸质证照 / take a number before the paper is printed",
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if req.Values, err = values(args); err != nil {
				return err
			}
			return c.at(cmd.Context(), issuer("核发证照"), func(d desk) error {
				if err := c.request(cmd, d, &req, photo); err != nil {
					return err
				}
				answer, err := d.reserve(cmd.Context(), req)
				if err := c.answer(answer, err); err != nil {
					return err
				}
				c.Tell("打印后：%s confirm %s --key 新的键 --paper 印刷序号", "when printed: %s confirm %s --key NEW-KEY --paper SERIAL",
					c.again(), answer.Identifier)
				return nil
			})
		},
	}
	requestFlags(cmd, &req)
	photoFlag(cmd, &photo)
	return cmd
}

func (c *program) confirmCommand() *cobra.Command {
	var cf vault.Confirmation
	var signature string
	cmd := &cobra.Command{
		Use:   "confirm IDENTIFIER --key KEY --paper SERIAL",
		Short: "确认：纸质已打印，电子同时生效 / the paper is printed: issue", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			cf.Identifier = args[0]
			if signature != "" {
				if cf.Signature, err = os.ReadFile(signature); err != nil {
					return err
				}
			}
			return c.at(cmd.Context(), issuer("核发证照"), func(d desk) error {
				answer, err := d.confirm(cmd.Context(), cf)
				return c.answer(answer, err)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&cf.Key, "key", "", "幂等键 / idempotency key")
	f.StringVar(&cf.Paper, "paper", "", "纸质证照印刷序号 / serial of the printed paper")
	f.StringVar(&signature, "signature", "", "部门自持密钥时：签名文件 / with a remote key: file of the signature")
	cli.MustHave(cmd, "key", "paper")
	return cmd
}

func (c *program) voidCommand() *cobra.Command {
	var key, reason string
	cmd := &cobra.Command{
		Use:   "void IDENTIFIER --key KEY --reason TEXT",
		Short: "作废预留，编号不再使用 / give a reservation up; its number is not used again", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.at(cmd.Context(), issuer("作废预留"), func(d desk) error {
				answer, err := d.void(cmd.Context(), key, args[0], reason)
				return c.answer(answer, err)
			})
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "幂等键 / idempotency key")
	cmd.Flags().StringVar(&reason, "reason", "", "理由 / reason")
	cli.MustHave(cmd, "key", "reason")
	return cmd
}

func (c *program) reconcileCommand() *cobra.Command {
	return &cobra.Command{
		Use: "reconcile", Args: cobra.NoArgs,
		Short: "日终核对：已预留未确认的清单 / what hangs between paper and electronic licence",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.at(cmd.Context(), issuer("日终核对"), func(d desk) error {
				list, err := d.reconcile(cmd.Context())
				if err != nil {
					return err
				}
				return c.Emit(list, func() { c.showUnsettled(list) })
			})
		},
	}
}

func (c *program) showUnsettled(list []vault.Unsettled) {
	if len(list) == 0 {
		c.Tell("没有悬而未决的：纸质与电子一致", "nothing hangs: paper and electronic agree")
		return
	}
	c.Tell("待确认或作废 %d 件：", "%d to be confirmed or voided:", len(list))
	for _, u := range list {
		c.Tell("  编号 %s  预留于 %s  %s", "  number %s  reserved %s  %s", u.Number, u.Since, u.Identifier)
	}
	c.Tell("已打印：%[1]s confirm 标识 --key 键 --paper 印刷序号\n未打印：%[1]s void 标识 --key 键 --reason 理由",
		"printed: %[1]s confirm IDENTIFIER --key KEY --paper SERIAL\nnot printed: %[1]s void IDENTIFIER --key KEY "+
			"--reason TEXT",
		c.again())
}

func (c *program) numbersCommand() *cobra.Command {
	var typ string
	cmd := &cobra.Command{
		Use: "numbers --type TYPE", Short: "编号台账：每个号的去向 / what became of every number", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.at(cmd.Context(), issuer("核对编号"), func(d desk) error {
				if err := typeCode(cmd.Context(), d, &typ); err != nil {
					return err
				}
				list, err := d.numbers(cmd.Context(), typ)
				if err != nil {
					return err
				}
				return c.Emit(list, func() {
					c.Tell("由库分配的编号 %d 个", "%d numbers allocated by the vault", len(list))
					for i := range list {
						c.Fact("  %s", c.numberUse(&list[i]))
					}
				})
			})
		},
	}
	cmd.Flags().StringVar(&typ, "type", "", "证照类型：名称或代码 / type: name or code")
	cli.MustHave(cmd, "type")
	return cmd
}

// numberUse is one line: place in its series, number, what became of it.
func (c *program) numberUse(n *vault.NumberUse) string {
	place, what := strconv.FormatUint(n.Sequence, 10), c.state(n.State)
	if n.Through > 0 {
		place += "–" + strconv.FormatUint(n.Through, 10)
		what = c.Say("恢复备份时跳过", "passed over after a restore")
	}
	line := fmt.Sprintf("%s %6s  %s  %s  %s %s", c.series(n.Scope), place, n.Number, what, n.Identifier, n.Reason)
	return strings.TrimRight(line, " ")
}

// answer shows the outcome of a write.
func (c *program) answer(a *vault.Answer, err error) error {
	if err != nil {
		return err
	}
	return c.Emit(a, func() {
		number := ""
		if a.Number != "" { // who acts on a licence knows it
			number = c.Say("编号 ", "number ") + a.Number + "  "
		}
		version := ""
		if a.Version > 0 { // a reservation has none yet
			version = fmt.Sprintf(c.Say("第 %d 版", "version %d"), a.Version)
		}
		c.Fact("%s", strings.TrimRight(c.state(a.State)+"  "+number+version, " "))
		c.Tell("标识 %s", "identifier %s", a.Identifier)
		if a.Unchanged {
			c.Tell("（内容没有变化：未生成新版本）", "(unchanged: it says this already, no version was made)")
		}
		if a.Replayed {
			c.Tell("（重复请求：这是首次的答复，未重复办理）", "(replayed: this is the first answer, nothing was done twice)")
		}
		c.showNotes(a.Notes)
		if a.ToSign != nil {
			c.Tell("待签数据见 --json 的 to_sign", "the bytes to sign are in to_sign of --json")
		}
	})
}

// state is a state in the user's language.
func (c *program) state(s vault.State) string { return c.Say(s.Chinese(), string(s)) }
