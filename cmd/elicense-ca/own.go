package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/pki/ca"
)

// renewCommand renews the certificates of the authority's own programs. It works on the data directory itself: the service
// reads them when it starts.
func (c *program) renewCommand() *cobra.Command {
	var officer string
	cmd := &cobra.Command{
		Use: "renew-own ocsp|timestamp", Args: cobra.ExactArgs(1),
		Short: "更换本机构自用的证书（先停服务）/ renew a certificate of the authority's own (stop the service first)",
		Long: "OCSP 响应证书有效 90 天；radar 会提前提示。新密钥与证书写好后再启动服务。" + cli.Between +
			"The certificate of the OCSP responder is good for 90 days; radar tells in time. Start the service again when the " +
			"new key and certificate are written.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.asOfficer(cmd.Context(), officer, func(ctx context.Context, o *office, who ca.Actor) error {
				return c.renewOwn(ctx, o, who, args[0])
			})
		},
	}
	c.officerFlag(cmd, &officer)
	return cmd
}

func (c *program) renewOwn(ctx context.Context, o *office, who ca.Actor, which string) error {
	if who.Roles&ca.RoleOperate == 0 {
		return &cli.UsageError{Zh: "更换自用证书需要 operate 职责", En: "renewing needs the role operate"}
	}
	a := o.settings.Authority
	by := ca.Actor{Name: who.Name, Roles: founding.Roles} // for this alone
	own, ok := map[string]ownProgram{
		"ocsp":      {by: by, profile: ca.ProfileOCSP},
		"timestamp": {by: by, profile: ca.ProfileTSA, file: a.Timestamp},
	}[which]
	files := a.Responders
	if which == "timestamp" && own.file != "" {
		files = []string{own.file}
	}
	if !ok || len(files) == 0 {
		return &cli.UsageError{Zh: "只有 ocsp 和 timestamp：" + which, En: "there are ocsp and timestamp, not " + which}
	}
	for _, own.file = range files {
		if err := c.renewOne(ctx, o, own); err != nil {
			return fmt.Errorf("renewing %s: %w", which, err)
		}
	}
	return nil
}

// renewOne renews one certificate; that of a responder is its own issuer's again.
func (c *program) renewOne(ctx context.Context, o *office, own ownProgram) error {
	_, chain, err := o.pair(own.file)
	if err != nil {
		return err
	}
	if own.profile == ca.ProfileOCSP {
		if own.issuer, err = issuerOf(chain[0]); err != nil {
			return err
		}
	}
	issuers, err := c.issuers(o.station)
	if err != nil {
		return err
	}
	none := map[string]int{own.profile: 0} // an officer who may operate stands for it
	register, err := c.openRegister(ctx, o, issuers, none)
	if err != nil {
		return err
	}
	name := ca.Name{Organization: chain[0].Holder.Organization, CommonName: chain[0].Holder.CommonName}
	issued, err := c.certify(ctx, &office{station: o.station, register: register}, own, name)
	if err != nil {
		return err
	}
	return c.Emit(map[string]any{"certificate": issued.ID.String(), "file": own.file}, func() {
		c.Tell("✓ 已更换 %s：%s", "✓ renewed %s: %s", own.file, issued.ID)
	})
}
