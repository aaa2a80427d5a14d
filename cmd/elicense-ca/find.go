package main

import (
	"context"
	"encoding/hex"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/moment"
	"github.com/elicense/elicense/pki/ca"
)

func (c *program) searchCommand() *cobra.Command {
	var officer string
	var q struct{ uscc, name, personFile, key string }
	cmd := &cobra.Command{
		Use: "search", Args: cobra.NoArgs,
		Short: "查找某人、某单位的证书 / find the certificates of somebody",
		Long: "四种查法任选其一。公民身份号码和护照号不写在命令行上：--person 指定一个只有该号码的文件。" + cli.Between +
			"One of the four. Citizen and passport numbers do not stand on a command line: --person names a file that " +
			"holds nothing but the number.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			query := ca.Query{USCC: q.uscc, Name: q.name}
			if q.key != "" {
				x, _, err := readBundle(c.path(q.key))
				if err != nil {
					return err
				}
				query.Key = ca.KeyDigest(x.PublicKey)
			}
			if q.personFile != "" {
				number, err := readWord(c.path(q.personFile))
				if err != nil {
					return err
				}
				if len(number) == 18 {
					query.CitizenNumber = number
				} else {
					query.PassportNumber = number
				}
			}
			return c.asOfficer(cmd.Context(), officer, func(ctx context.Context, o *office, who ca.Actor) error {
				return c.search(ctx, o, who, query)
			})
		},
	}
	c.officerFlag(cmd, &officer)
	cmd.Flags().StringVar(&q.uscc, "uscc", "", "统一社会信用代码 / unified social credit code")
	cmd.Flags().StringVar(&q.name, "name", "", "证书持有人名称，完整 / whole common name")
	cmd.Flags().StringVar(&q.key, "key", "", "证书文件：同一密钥的全部证书 / certificate file: everything certified for its key")
	cmd.Flags().StringVar(&q.personFile, "person", "", "存有证件号码的文件 / file with a citizen or passport number")
	return cmd
}

func (c *program) search(ctx context.Context, o *office, who ca.Actor, q ca.Query) error {
	n := 0
	for {
		page, err := o.register.Search(ctx, who, q)
		if err != nil {
			return err
		}
		for _, f := range page {
			c.foundLine(f)
		}
		n += len(page)
		if len(page) == 0 {
			break
		}
		q.After = page[len(page)-1].ID
	}
	c.Tell("共 %d 张", "%d in all", n)
	return nil
}

// foundLine tells of a certificate without what is personal in it.
func (c *program) foundLine(f *ca.Found) {
	until := f.Status.NotAfter.Format(time.DateOnly)
	c.Line(map[string]any{
		"certificate": f.ID.String(), "profile": f.Profile, "state": f.Status.State.String(), "until": until,
		"renews": renewed(f), "digest": digestOf(f.DER),
	}, func() {
		c.Tell("%s  %s  %s  至 %s", "%s  %s  %s  until %s", f.ID, f.Profile, f.Status.State, moment.Day(f.Status.NotAfter, nil))
	})
}

func renewed(f *ca.Found) string {
	if f.Renews == (ca.CertificateID{}) {
		return ""
	}
	return f.Renews.String()
}

func (c *program) radarCommand() *cobra.Command {
	var officer string
	cmd := &cobra.Command{
		Use: "radar", Args: cobra.NoArgs, Short: "到期预警：90、30、7 天 / what expires within 90, 30 and 7 days",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.asOfficer(cmd.Context(), officer, func(ctx context.Context, o *office, who ca.Actor) error {
				bands, err := o.register.Radar(ctx, who, 100)
				if err != nil {
					return err
				}
				for _, b := range bands {
					c.Line(map[string]any{"days": b.Days, "count": b.Count}, func() {
						c.Tell("%d 天内到期 %d 张", "within %d days: %d", b.Days, b.Count)
					})
					for _, f := range b.Certificates {
						c.foundLine(f)
					}
				}
				return c.deadlines(ctx, o, who)
			})
		},
	}
	c.officerFlag(cmd, &officer)
	return cmd
}

// deadlineWords say what of the authority's own ends.
var deadlineWords = map[string][2]string{
	"crl": {"根 CRL", "the root's CRL"}, "root": {"根证书", "root certificate"}, "link": {"衔接证书", "link certificate"},
	"issuer": {"签发证书", "issuing certificate"},
}

// deadlines lists what of the authority itself needs a ceremony soon.
func (c *program) deadlines(ctx context.Context, o *office, who ca.Actor) error {
	list, err := o.register.Deadlines(ctx, who)
	if err != nil {
		return err
	}
	for _, d := range list {
		until := d.Ends.Format(time.DateOnly)
		if d.Ends.IsZero() {
			until = "–"
		}
		c.Line(map[string]any{"what": d.What, "key": d.Key.String(), "until": until, "days": d.Days}, func() {
			w := deadlineWords[d.What]
			c.Tell("！%s %s 至 %s", "! %s %s until %s", c.Say(w[0], w[1]), d.Key, until)
		})
	}
	return nil
}

func (c *program) sweepCommand() *cobra.Command {
	var officer string
	cmd := &cobra.Command{
		Use: "sweep", Args: cobra.NoArgs, Short: "把已签发的全部证书重新核验一遍 / lint everything issued again",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.asOfficer(cmd.Context(), officer, c.sweep)
		},
	}
	c.officerFlag(cmd, &officer)
	return cmd
}

func (c *program) sweep(ctx context.Context, o *office, who ca.Actor) error {
	issuers, err := o.register.Issuers(ctx)
	if err != nil {
		return err
	}
	checked, wrong := 0, 0
	for _, issuer := range issuers {
		n, err := o.register.Sweep(ctx, who, issuer, func(s ca.Swept) bool {
			wrong++
			faults := make([]string, len(s.Faults))
			for i, f := range s.Faults {
				faults[i] = f.String()
			}
			c.Line(map[string]any{"certificate": s.ID.String(), "faults": faults}, func() {
				c.Tell("✗ %s：%s", "✗ %s: %s", s.ID, strings.Join(faults, "; "))
			})
			return true
		})
		if err != nil {
			return err
		}
		checked += n
	}
	err = c.Emit(map[string]any{"checked": checked, "wrong": wrong}, func() {
		c.Tell("核验 %d 张，有问题 %d 张", "%d checked, %d with faults", checked, wrong)
	})
	if err == nil && wrong > 0 {
		err = &cli.ExitError{Code: cli.ExitNotPassed}
	}
	return err
}

func (c *program) auditCommand() *cobra.Command {
	var officer string
	var from uint64
	cmd := &cobra.Command{
		Use: "audit", Args: cobra.NoArgs,
		Short: "审计记录，并核对其链 / the audit trail, its chain checked on the way",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.asOfficer(cmd.Context(), officer, func(ctx context.Context, o *office, who ca.Actor) error {
				return o.register.AuditTrail(ctx, who, from, func(e ca.AuditEntry) bool {
					c.auditLine(&e)
					return true
				})
			})
		},
	}
	c.officerFlag(cmd, &officer)
	cmd.Flags().Uint64Var(&from, "from", 1, "起始编号 / first number")
	return cmd
}

func (c *program) auditLine(e *ca.AuditEntry) {
	at := e.At.Format(time.RFC3339)
	c.Line(map[string]any{
		"number": e.Number, "previous": hex.EncodeToString(e.Previous[:]), "at": at, "actor": e.Actor, "act": e.Act,
		"object": e.Object, "note": e.Note, "refused": e.Refused,
	}, func() {
		outcome := ""
		if e.Refused {
			outcome = c.Say("  拒绝", "  refused")
		}
		c.Put(strings.TrimRight(strings.Join([]string{
			c.When(e.At, nil), e.Actor, e.Act, e.Object + outcome, e.Note,
		}, "  "), " ") + "\n")
	})
}
