package main

import (
	"context"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/pki/ca"
)

func (c *program) drillCommand() *cobra.Command {
	var officer, signed, since string
	cmd := &cobra.Command{
		Use: "drill CERTIFICATE", Args: cobra.ExactArgs(1),
		Short: "密钥失控演练：这把钥签过什么，先后怎么办 / a key is stolen: what did it sign, and what to do in order",
		Long: "--signed 是证照库一侧 elicense signed-by CERTIFICATE --json 写出的文件。只出方案，不作任何更改。" + cli.Between +
			"--signed is the file that elicense signed-by CERTIFICATE --json writes on the vault's side. It makes a plan and " +
			"changes nothing.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.asOfficer(cmd.Context(), officer, func(ctx context.Context, o *office, who ca.Actor) error {
				return c.drill(ctx, o, who, [3]string{args[0], c.path(signed), since})
			})
		},
	}
	c.officerFlag(cmd, &officer)
	cmd.Flags().StringVar(&signed, "signed", "", "签过的版本 / file of what was signed")
	cmd.Flags().StringVar(&since, "since", "", "密钥可能失控之日 / day from which the key may be in other hands (2026-01-31)")
	cobra.CheckErr(cmd.MarkFlagRequired("signed"))
	return cmd
}

// drill plans; of the words come the certificate, the file and the day.
func (c *program) drill(ctx context.Context, o *office, who ca.Actor, words [3]string) error {
	id, err := c.certificateID(words[0])
	if err != nil {
		return err
	}
	d := ca.DrillRequest{Certificate: id}
	if words[2] != "" {
		if d.Since, err = time.Parse(time.DateOnly, words[2]); err != nil {
			return &cli.UsageError{Zh: "--since 应为 2026-01-31 这样的日期", En: "--since wants a day like 2026-01-31"}
		}
	}
	f, err := os.Open(words[1])
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // read only
	d.Signed = f
	plan, err := o.register.Drill(ctx, who, d)
	if err != nil {
		return err
	}
	if c.JSON {
		return plan.WriteJSON(c.Output())
	}
	return plan.WriteText(c.Output(), c.Lang != "en")
}
