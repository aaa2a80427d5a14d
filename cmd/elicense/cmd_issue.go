package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
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
				return nil, fmt.Errorf("%s: %w", name, errors.New("a JSON object of texts is wanted"))
			}
			continue
		}
		name, value, ok := strings.Cut(a, "=")
		if !ok {
			return nil, &usageError{"要素应写成 名=值：" + a, "write elements as NAME=VALUE: " + a}
		}
		m[name] = value
	}
	return m, nil
}

// requestFlags are those of everything that issues.
func requestFlags(cmd *cobra.Command, req *vault.Request) {
	f := cmd.Flags()
	f.StringVar(&req.Type, "type", "", "证照类型代码 / type code")
	f.StringVar(&req.Key, "key", "", "幂等键：重试时用同一个 / idempotency key, the same for a retry")
	f.StringVar(&req.Paper, "paper", "", "纸质证照印刷序号 / serial of the printed paper")
	f.StringVar(&req.Division, "division", "", "编号用的行政区划代码 / division for allocated numbers")
	for _, name := range []string{"type", "key"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // a flag that does not exist is a mistake in this file
		}
	}
}

func (c *cli) issueCommand() *cobra.Command {
	var req vault.Request
	cmd := &cobra.Command{
		Use:   "issue --type CODE --key KEY --paper SERIAL 要素=值…",
		Short: "签发：纸质与电子同步 / issue with the printed paper's serial",
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if req.Values, err = values(args); err != nil {
				return err
			}
			return c.withHouse(cmd.Context(), func(h *house) error {
				a, err := h.vault.Issue(cmd.Context(), c.by(h, vault.GroundIssuer, "核发证照"), req)
				return c.answer(a, err)
			})
		},
	}
	requestFlags(cmd, &req)
	return cmd
}

func (c *cli) reserveCommand() *cobra.Command {
	var req vault.Request
	cmd := &cobra.Command{
		Use: "reserve --type CODE --key KEY 要素=值…", Short: "预留编号，待打印纸质证照 / take a number before the paper is printed",
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if req.Values, err = values(args); err != nil {
				return err
			}
			return c.withHouse(cmd.Context(), func(h *house) error {
				a, err := h.vault.Reserve(cmd.Context(), c.by(h, vault.GroundIssuer, "核发证照"), req)
				return c.answer(a, err)
			})
		},
	}
	requestFlags(cmd, &req)
	return cmd
}

func (c *cli) confirmCommand() *cobra.Command {
	var cf vault.Confirmation
	var signature string
	cmd := &cobra.Command{
		Use: "confirm 标识 --key KEY --paper SERIAL", Short: "确认：纸质已打印，电子同时生效 / the paper is printed: issue",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			cf.Identifier = args[0]
			if signature != "" {
				if cf.Signature, err = os.ReadFile(signature); err != nil {
					return err
				}
			}
			return c.withHouse(cmd.Context(), func(h *house) error {
				a, err := h.vault.Confirm(cmd.Context(), c.by(h, vault.GroundIssuer, "核发证照"), cf)
				return c.answer(a, err)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&cf.Key, "key", "", "幂等键 / idempotency key")
	f.StringVar(&cf.Paper, "paper", "", "纸质证照印刷序号 / serial of the printed paper")
	f.StringVar(&signature, "signature", "", "部门自持密钥时：签名文件 / with a remote key: file of the signature")
	return cmd
}

func (c *cli) voidCommand() *cobra.Command {
	var key, reason string
	cmd := &cobra.Command{
		Use: "void 标识 --key KEY --reason TEXT", Short: "作废预留，编号不再使用 / give a reservation up", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withHouse(cmd.Context(), func(h *house) error {
				a, err := h.vault.Void(cmd.Context(), c.by(h, vault.GroundIssuer, "作废预留"), key, args[0], reason)
				return c.answer(a, err)
			})
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "幂等键 / idempotency key")
	cmd.Flags().StringVar(&reason, "reason", "", "理由 / reason")
	return cmd
}

func (c *cli) reconcileCommand() *cobra.Command {
	return &cobra.Command{
		Use: "reconcile", Short: "已预留未确认的清单 / what hangs between paper and electronic licence", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withHouse(cmd.Context(), func(h *house) error {
				list, err := h.vault.Reconcile(cmd.Context(), c.by(h, vault.GroundIssuer, "日终核对"))
				if err != nil {
					return err
				}
				return c.emit(list, func() {
					for _, u := range list {
						c.printf("%s  %s  自 %s", "%s  %s  since %s", u.Identifier, u.Number, u.Since)
					}
					c.printf("共 %d 件待确认或作废", "%d to be confirmed or voided", len(list))
				})
			})
		},
	}
}

// answer shows the outcome of a write.
func (c *cli) answer(a *vault.Answer, err error) error {
	if err != nil {
		return err
	}
	return c.emit(a, func() {
		c.printf("%s  编号 %s  第 %d 版  %s", "%s  number %s  version %d  %s", a.Identifier, a.Number, a.Version, c.state(a.State))
		if a.Replayed {
			c.printf("（重复请求：这是首次的答复）", "(replayed: this is the first answer)")
		}
		for _, n := range a.Notes {
			c.printf("  已规范 %s：%s → %s（%s）", "  normalised %s: %s -> %s (%s)", n.Field, n.Old, n.New, n.Code)
		}
		if a.ToSign != nil {
			c.printf("待签数据（用 --json 取得 to_sign）", "bytes to sign are in to_sign of --json")
		}
	})
}

// state is a state in the user's language.
func (c *cli) state(s vault.State) string { return c.say(s.Chinese(), string(s)) }

// actCommands are those that do something to a licence that exists.
func (c *cli) actCommands() []*cobra.Command {
	list := []struct {
		use, short string
		kind       record.Kind
	}{
		{"change", "变更：新版本 / change: a new version", record.EventChanged},
		{"renew", "延续：新的有效期 / renew: a new validity", record.EventRenewed},
		{"reissue", "补证、换证：新的纸质证照 / reissue: a new paper", record.EventReissued},
		{"suspend", "暂停、暂扣 / suspend", record.EventSuspended},
		{"resume", "恢复 / resume", record.EventResumed},
		{"cancel", "注销 / cancel", record.EventCancelled},
		{"revoke", "吊销 / revoke", record.EventRevoked},
		{"annul", "撤销 / annul", record.EventAnnulled},
	}
	out := make([]*cobra.Command, len(list))
	for i, x := range list {
		out[i] = c.actCommand(x.use, x.short, x.kind)
	}
	return out
}

func (c *cli) actCommand(use, short string, kind record.Kind) *cobra.Command {
	act := vault.Act{Kind: kind}
	var effective, basis string
	cmd := &cobra.Command{
		Use: use + " 标识 --key KEY --law TEXT --reason TEXT [要素=值…]", Short: short, Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			act.Identifier, act.Basis = args[0], basis
			if act.Values, err = values(args[1:]); err != nil {
				return err
			}
			if err := act.Effective.UnmarshalText([]byte(effective)); err != nil {
				return &usageError{"--effective 应为 yyyy-mm-dd", "--effective wants yyyy-mm-dd"}
			}
			return c.withHouse(cmd.Context(), func(h *house) error {
				a, err := perform(cmd, h.vault, c.by(h, vault.GroundIssuer, "办理证照业务"), act)
				return c.answer(a, err)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&act.Key, "key", "", "幂等键 / idempotency key")
	f.IntVar(&act.Version, "version", 0, "所见的版本，防止覆盖他人更新 / version you saw")
	f.StringVar(&effective, "effective", "", "生效日期 yyyy-mm-dd / effective day")
	f.StringVar(&basis, "law", "", "法律依据 / legal basis")
	f.StringVar(&act.Reason, "reason", "", "理由 / reason")
	f.StringVar(&act.Paper, "paper", "", "新纸质证照印刷序号 / serial of a new paper")
	return cmd
}

func perform(cmd *cobra.Command, v *vault.Vault, a vault.Access, act vault.Act) (*vault.Answer, error) {
	ctx := cmd.Context()
	switch act.Kind {
	case record.EventChanged:
		return v.Change(ctx, a, act)
	case record.EventRenewed:
		return v.Renew(ctx, a, act)
	case record.EventReissued:
		return v.Reissue(ctx, a, act)
	case record.EventSuspended:
		return v.Suspend(ctx, a, act)
	case record.EventResumed:
		return v.Resume(ctx, a, act)
	default:
		return v.Revoke(ctx, a, act)
	}
}
