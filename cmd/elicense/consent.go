package main

import (
	"crypto/rand"
	"time"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/moment"
	"github.com/elicense/elicense/vault"
)

func (c *program) consentCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "consent", Short: "持证主体的授权：给予、查看、收回 / holders' consents: give, list, take back",
		Long: "持证主体在办件中登录（--present、--case、--level），授权某部门查询其证照；随时可以收回。\n" +
			"被授权的部门查询时：elicense lookup … --ground consent --basis 授权编号。" + cli.Between +
			"The holder, logged in for a case (--present, --case, --level), lets a department see his or her licences, and can\n" +
			"take that back at any time. The department looks up with --ground consent --basis CONSENT.",
	}
	cmd.AddCommand(c.consentGrant(), c.consentList(), c.consentWithdraw())
	return cmd
}

func (c *program) consentGrant() *cobra.Command {
	var until string
	var req vault.ConsentRequest
	cmd := &cobra.Command{
		Use:   "grant --to USCC --until yyyy-mm-dd --present HOLDER --case CASE --level N",
		Short: "给予授权 / give a consent", Args: cobra.NoArgs,
		Example: "  elicense consent grant --to 11350100EX0000029J --until 2026-03-31 --present 91350100EX0000002J " +
			"--case 2026-0001 --level 2",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if code.CheckUSCC(req.Department) != nil {
				return cli.Usage("--to 不是有效的统一社会信用代码："+req.Department,
					"--to is no sound unified social credit code: "+req.Department)
			}
			return c.at(cmd.Context(), byHolder("授权查询证照"), func(d desk) error {
				var err error
				if req.Until, err = lastDay("--until", until, d.zone()); err != nil {
					return err
				}
				if req.Key == "" {
					req.Key = rand.Text()
				}
				given, err := d.grant(cmd.Context(), req)
				if err != nil {
					return err
				}
				return c.showGiven(given, until)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&req.Department, "to", "", "被授权部门的统一社会信用代码 / credit code of the department that may ask")
	f.StringVar(&until, "until", "", "有效至 yyyy-mm-dd / last day")
	f.StringSliceVar(&req.Types, "type", nil, "只限这些证照类型代码 / only licences of these types")
	f.StringVar(&req.Key, "key", "", "幂等键：重试时用同一个 / idempotency key, the same for a retry")
	f.StringVar(&req.Case, "only-case", "", "只用于此办件 / only for this case")
	cli.MustHave(cmd, "to", "until")
	return cmd
}

func (c *program) showGiven(given *vault.Consent, until string) error {
	return c.Emit(map[string]any{
		"id": given.ID, "department": given.Department, "case": given.Case, "types": given.Types, "expires": given.Expires,
	}, func() {
		c.Tell("已授权：%s", "given: %s", given.ID)
		c.Tell("%s 可凭此查询，至 %s：", "%s may look up by it until %s:", given.Department, until)
		c.Tell("  %s lookup --ground consent --basis %s --as 该部门的调用方 …",
			"  %s lookup --ground consent --basis %s --as ITS-CALLER …", c.again(), given.ID)
	})
}

// consentJSON is a consent as --json shows it.
type consentJSON struct {
	ID         string    `json:"id"`
	State      string    `json:"state"` // open, ended or withdrawn
	Department string    `json:"department"`
	Case       string    `json:"case,omitempty"`
	Granted    time.Time `json:"granted"`
	Expires    time.Time `json:"expires"`
	Withdrawn  time.Time `json:"withdrawn,omitzero"`
}

var consentWords = map[string][2]string{
	"open": {"有效", "open"}, "ended": {"已过期", "ended"}, "withdrawn": {"已收回", "taken back"},
}

func showConsent(x *vault.Consent, now time.Time) consentJSON {
	out := consentJSON{x.ID, "open", x.Department, x.Case, x.Granted, x.Expires, x.Withdrawn}
	switch {
	case !x.Withdrawn.IsZero():
		out.State = "withdrawn"
	case !now.Before(x.Expires):
		out.State = "ended"
	}
	return out
}

func (c *program) consentList() *cobra.Command {
	return &cobra.Command{
		Use: "list --present HOLDER --case CASE --level N", Short: "本人给过的授权 / what the holder has consented to",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.at(cmd.Context(), byHolder("查看本人的授权"), func(d desk) error {
				list, err := d.granted(cmd.Context())
				if err != nil {
					return err
				}
				out := make([]consentJSON, len(list))
				for i := range list {
					out[i] = showConsent(&list[i], c.Now())
				}
				return c.Emit(out, func() { c.showConsents(out, d.zone()) })
			})
		},
	}
}

func (c *program) showConsents(list []consentJSON, zone *time.Location) {
	if len(list) == 0 {
		c.Tell("没有授权过", "nothing was consented to")
	}
	for i := range list {
		x := &list[i]
		w := consentWords[x.State]
		only := ""
		if x.Case != "" {
			only = c.Say("  限办件 ", "  only for case ") + x.Case
		}
		c.Tell("【%s】%s  %s 至 %s%s", "[%s] %s  %s until %s%s", c.Say(w[0], w[1]), x.ID, x.Department,
			moment.Day(x.Expires, zone), only)
	}
}

func (c *program) consentWithdraw() *cobra.Command {
	return &cobra.Command{
		Use: "withdraw CONSENT --present HOLDER --case CASE --level N", Short: "收回授权 / take a consent back",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.at(cmd.Context(), byHolder("收回授权"), func(d desk) error {
				if err := d.withdraw(cmd.Context(), args[0]); err != nil {
					return err
				}
				return c.Emit(map[string]string{"withdrawn": args[0]}, func() {
					c.Tell("已收回：%s，即刻起不能再凭此查询", "taken back: %s; nothing is shown by it from now on", args[0])
				})
			})
		},
	}
}
