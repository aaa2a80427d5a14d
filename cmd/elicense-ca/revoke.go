package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/pki/ca"
)

// changing is what a command does to certificates.
type changing struct {
	to      ca.State
	cause   string
	invalid string
	note    string
}

func (c *program) changeCommands() []*cobra.Command {
	revoke := c.changeCommand("revoke", "吊销证书，随即发布 / revoke certificates, on a CRL at once", ca.StateRevoked)
	hold := c.changeCommand("suspend", "挂起证书 / put certificates on hold", ca.StateHeld)
	return []*cobra.Command{
		revoke, hold, c.changeCommand("resume", "解除挂起 / end a hold", ca.StateValid),
	}
}

func (c *program) changeCommand(name, short string, to ca.State) *cobra.Command {
	k := &changing{to: to}
	var officer string
	cmd := &cobra.Command{
		Use: name + " CERTIFICATE…", Args: cobra.MinimumNArgs(1), Short: short,
		Long: "CERTIFICATE 是证书文件，或 签发者密钥标识/序列号。命令返回时，新的 CRL 已落盘并可下载。" + cli.Between +
			"CERTIFICATE is a file, or ISSUER-KEY/SERIAL. When the command returns the new CRL is durable and served.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.asOfficer(cmd.Context(), officer, func(ctx context.Context, o *office, who ca.Actor) error {
				return c.change(ctx, o, who, k, args)
			})
		},
	}
	c.officerFlag(cmd, &officer)
	cmd.Flags().StringVar(&k.note, "note", "", "理由 / the reason in words")
	if to == ca.StateRevoked {
		cmd.Flags().StringVar(&k.cause, "reason", "unspecified",
			"原因：keyCompromise、affiliationChanged、superseded、cessationOfOperation… / CRL reason (RFC 5280)")
		cmd.Flags().StringVar(&k.invalid, "since", "", "密钥可能失控之日 / day from which the key may be in other hands (2026-01-31)")
	}
	return cmd
}

func (c *program) change(ctx context.Context, o *office, who ca.Actor, k *changing, args []string) error {
	template := ca.Change{To: k.to, Note: k.note}
	var err error
	if k.to == ca.StateRevoked {
		if template.Cause, err = ca.ParseCause(k.cause); err != nil {
			return &cli.UsageError{Zh: "没有这个吊销原因：" + k.cause, En: "no such reason: " + k.cause}
		}
		if k.invalid != "" {
			if template.Invalid, err = time.Parse(time.DateOnly, k.invalid); err != nil {
				return &cli.UsageError{Zh: "--since 应为 2026-01-31 这样的日期", En: "--since wants a day like 2026-01-31"}
			}
		}
	}
	changes := make([]ca.Change, len(args))
	for i, arg := range args {
		changes[i] = template
		if changes[i].ID, err = c.certificateID(arg); err != nil {
			return err
		}
	}
	return c.changed(ctx, o, changes, o.publisher.ChangeAll(ctx, who, changes))
}

// changed tells of each change; answers of OCSP that were signed for an earlier status are made anew.
func (c *program) changed(ctx context.Context, o *office, changes []ca.Change, outcomes []ca.Outcome) error {
	var ids []ca.CertificateID
	failed := 0
	for i := range outcomes {
		id, out := changes[i].ID, outcomes[i]
		if out.Err != nil {
			failed++
			c.refusedLine(i+1, out.Err)
			continue
		}
		ids = append(ids, id)
		c.Line(map[string]any{"certificate": id.String(), "state": out.Status.State.String()}, func() {
			c.Tell("✓ %s  %s", "✓ %s  %s", id, out.Status.State)
		})
	}
	var err error
	for _, r := range o.responders {
		err = errors.Join(err, r.Refresh(ctx, ids...))
	}
	if err == nil && failed > 0 {
		err = &cli.ExitError{Code: cli.ExitFailed}
	}
	return err
}
