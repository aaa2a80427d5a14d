package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// actCommands are those that do something to a licence that exists.
func (c *program) actCommands() []*cobra.Command {
	list := []struct {
		use, short string
		kind       record.Kind
	}{
		{"change", "变更：新版本 / change what the licence says: a new version", record.EventChanged},
		{"renew", "延续：新的有效期 / renew the validity", record.EventRenewed},
		{"reissue", "补证、换证：新的纸质证照 / reissue with a new paper", record.EventReissued},
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

func (c *program) actCommand(use, short string, kind record.Kind) *cobra.Command {
	act := vault.Act{Kind: kind}
	var effective, basis, photo string
	cmd := &cobra.Command{
		Use: use + actUsage(kind), Short: short, Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			act.Identifier, act.Basis = args[0], basis
			if act.Values, err = values(args[1:]); err != nil {
				return err
			}
			if err := act.Effective.UnmarshalText([]byte(effective)); err != nil {
				return cli.Usage("--effective 应为 yyyy-mm-dd", "--effective wants yyyy-mm-dd")
			}
			return c.at(cmd.Context(), issuer("办理证照业务"), func(d desk) error {
				if err := namesOf(cmd.Context(), d, &act, photo); err != nil {
					return err
				}
				answer, err := d.perform(cmd.Context(), act)
				return c.answer(answer, err)
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
	cli.MustHave(cmd, "key", "reason", "law")
	if kind == record.EventReissued {
		cli.MustHave(cmd, "paper")
	}
	if kind.MakesVersion() {
		photoFlag(cmd, &photo)
	}
	return cmd
}

// actUsage is how an act is called: those that bring a new version take elements.
func actUsage(kind record.Kind) string {
	use := " IDENTIFIER --key KEY --reason TEXT --law TEXT"
	if kind == record.EventReissued {
		use += " --paper SERIAL"
	}
	if kind.MakesVersion() {
		use += " [要素=值…]"
	}
	return use
}

// namesOf turns labels into short names, and reads files of images, by the type that the identifier bears. A malformed one is the vault's to
// refuse.
func namesOf(ctx context.Context, v shelf, act *vault.Act, photo string) error {
	id, err := code.ParseIdentifier(act.Identifier)
	if err != nil || len(act.Values) == 0 && photo == "" {
		return nil //nolint:nilerr // the vault says it with its code
	}
	t, err := v.Type(ctx, id.Type)
	if err != nil {
		return err
	}
	if act.Values, err = shortNames(t, act.Values); err != nil {
		return err
	}
	act.Images, err = takeImages(t, act.Values, photo)
	return err
}

func perform(ctx context.Context, v *vault.Vault, a vault.Access, act vault.Act) (*vault.Answer, error) {
	switch act.Kind { //nolint:exhaustive // all that end a licence are one call, which refuses the others
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
