package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/pki/ca"
)

// deliveredCommand is what the window does when the holder has opened his encryption key: until then the envelope is kept,
// so that a broken-off delivery can be repeated.
func (c *program) deliveredCommand() *cobra.Command {
	var officer string
	cmd := &cobra.Command{
		Use: "delivered APPLICATION…", Args: cobra.MinimumNArgs(1),
		Short: "持有人已收到加密密钥：销毁信封 / the holder has his encryption key: destroy the envelope",
		Long: "持有人确认收到并打开加密密钥之后执行。此后 issue 不再给出信封；密钥丢失须由保管员恢复（custody recover）。" + cli.Between +
			"To be run when the holder has said that he has received the encryption key and opened it. After it issue gives the " +
			"envelope no more; a key that is lost then needs the custodians (custody recover).",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.asOfficer(cmd.Context(), officer, func(ctx context.Context, o *office, who ca.Actor) error {
				return c.each(args, func(arg string) error { return c.delivered(ctx, o, who, arg) })
			})
		},
	}
	c.officerFlag(cmd, &officer)
	return cmd
}

var errNoPair = errors.New("the application has no encryption key")

func (c *program) delivered(ctx context.Context, o *office, who ca.Actor, application string) error {
	if who.Roles&ca.RoleEnrol == 0 {
		return &cli.UsageError{Zh: "此操作需要 enrol 职责", En: "this needs the role enrol"}
	}
	id, err := ca.ParseApplicationID(application)
	if err != nil {
		return &cli.UsageError{Zh: "申请号是 32 位十六进制数字", En: "an application has 32 hexadecimal digits"}
	}
	a, err := o.register.Application(ctx, id)
	if err != nil {
		return err
	}
	if o.centre == nil || a.Twin == (ca.CertificateID{}) {
		return errNoPair
	}
	if err := o.centre.ConfirmHolder(ctx, id.String(), a.Twin.Serial[:]); err != nil {
		return err
	}
	c.Line(map[string]any{"application": id.String(), "certificate": a.Twin.String()}, func() {
		c.Tell("✓ %s 已交付，信封已销毁", "✓ %s delivered, its envelope is destroyed", id)
	})
	return nil
}
