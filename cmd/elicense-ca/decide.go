package main

import (
	"context"
	"encoding/pem"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

// ruling is what an officer decides about an application.
type ruling func(*ca.Register, context.Context, ca.Actor, ca.ApplicationID, string) (*ca.Application, error)

func (c *program) rulingCommands() []*cobra.Command {
	return []*cobra.Command{
		c.rulingCommand("approve", "审核通过 / approve applications", (*ca.Register).Approve),
		c.rulingCommand("refuse", "驳回申请 / refuse applications", (*ca.Register).Refuse),
		c.rulingCommand("withdraw", "撤回申请 / withdraw applications", (*ca.Register).Withdraw),
	}
}

func (c *program) rulingCommand(name, short string, rule ruling) *cobra.Command {
	var officer, text string
	cmd := &cobra.Command{
		Use: name + " APPLICATION…", Args: cobra.MinimumNArgs(1), Short: short,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.asOfficer(cmd.Context(), officer, func(ctx context.Context, o *office, who ca.Actor) error {
				return c.each(args, func(arg string) error {
					id, err := ca.ParseApplicationID(arg)
					if err != nil {
						return &cli.UsageError{Zh: "申请号是 32 位十六进制数字：" + arg, En: "an application has 32 hexadecimal digits: " + arg}
					}
					a, err := rule(o.register, ctx, who, id, text)
					if err == nil {
						c.applicationLine(a)
					}
					return err
				})
			})
		},
	}
	c.officerFlag(cmd, &officer)
	cmd.Flags().StringVar(&text, "note", "", "意见、理由 / the reason in words")
	return cmd
}

// each does something for each argument. One that is refused holds up no other; in the end the command fails.
func (c *program) each(args []string, do func(string) error) error {
	refused := 0
	for i, arg := range args {
		err := do(arg)
		if err == nil {
			continue
		}
		if len(args) == 1 || ca.ReasonOf(err) == "" {
			return err
		}
		refused++
		c.refusedLine(i+1, err)
	}
	if refused > 0 {
		return &cli.ExitError{Code: cli.ExitFailed}
	}
	return nil
}

func (c *program) issueCommand() *cobra.Command {
	var officer, csr, out string
	cmd := &cobra.Command{
		Use: "issue APPLICATION", Args: cobra.ExactArgs(1),
		Short: "签发审核通过的申请 / issue what was approved",
		Long: "重复执行得到同一张证书。--csr 用于申请时没有请求的情形；证书、加密证书和加密密钥写入 --out 目录。" + cli.Between +
			"Running it again gives the same certificate. --csr is for applications that came without a request; certificate, " +
			"encryption certificate and enveloped key go to the directory of --out.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.asOfficer(cmd.Context(), officer, func(ctx context.Context, o *office, who ca.Actor) error {
				return c.issue(ctx, o, who, issuing{args[0], csr, c.path(out)})
			})
		},
	}
	c.officerFlag(cmd, &officer)
	cmd.Flags().StringVar(&csr, "csr", "", "证书请求文件 / certificate request")
	cmd.Flags().StringVar(&out, "out", ".", "写入的目录 / directory to write to")
	return cmd
}

type issuing struct{ application, csr, out string }

func (c *program) issue(ctx context.Context, o *office, who ca.Actor, i issuing) error {
	id, err := ca.ParseApplicationID(i.application)
	if err != nil {
		return &cli.UsageError{Zh: "申请号是 32 位十六进制数字", En: "an application has 32 hexadecimal digits"}
	}
	var csr []byte
	if i.csr != "" {
		if csr, err = readDER(c.path(i.csr), "CERTIFICATE REQUEST"); err != nil {
			return err
		}
	}
	done, err := o.register.Issue(ctx, who, id, csr)
	if err != nil {
		return err
	}
	files, err := c.writeCertified(ctx, o, done, i.out)
	if err != nil {
		return err
	}
	return c.Emit(map[string]any{"certificate": done.Certificate.ID.String(), "files": files}, func() {
		c.Tell("✓ 已签发 %s", "✓ issued %s", done.Certificate.ID)
		for _, f := range files {
			c.Put("  " + f + "\n")
		}
	})
}

// writeCertified writes what was issued: the certificate with its chain, and of a pair the encryption certificate and
// the enveloped key. A file that holds it already, from an earlier run, is left as it is.
func (c *program) writeCertified(ctx context.Context, o *office, done *ca.Certified, dir string) ([]string, error) {
	chains, err := o.register.IssuerChains(ctx, done.Certificate.ID.Issuer)
	if err != nil {
		return nil, err
	}
	var issuers []byte
	if n := len(chains); n > 0 {
		issuers = pki.AppendPEM(nil, chains[n-1][:max(len(chains[n-1])-1, 1)]...)
	}
	stem := filepath.Join(dir, done.Certificate.ID.Serial.String())
	parts := map[string][]byte{stem + ".pem": append(certificatePEM(done.Certificate.DER), issuers...)}
	names := []string{stem + ".pem"}
	if done.Twin != nil {
		names = append(names, stem+"-enc.pem", stem+"-enc.key")
		parts[stem+"-enc.pem"] = append(certificatePEM(done.Twin.DER), issuers...)
		parts[stem+"-enc.key"] = done.Enveloped
	}
	for _, name := range names {
		if err := replaceFile(name, parts[name]); err != nil {
			return nil, err
		}
	}
	return names, nil
}

func certificatePEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

var stages = map[string]ca.Stage{
	"applied": ca.StageApplied, "approved": ca.StageApproved, "issued": ca.StageIssued, "refused": ca.StageRefused,
	"withdrawn": ca.StageWithdrawn,
}

func (c *program) listCommand() *cobra.Command {
	var officer, stage string
	cmd := &cobra.Command{
		Use: "list", Args: cobra.NoArgs, Short: "待办的申请，最早的在前 / applications that wait, oldest first",
		RunE: func(cmd *cobra.Command, _ []string) error {
			at, ok := stages[stage]
			if !ok {
				return &cli.UsageError{Zh: "--stage 有 applied、approved", En: "--stage is applied or approved"}
			}
			return c.asOfficer(cmd.Context(), officer, func(ctx context.Context, o *office, who ca.Actor) error {
				n := 0
				err := o.register.Work(ctx, who, at, ca.ApplicationID{}, func(a *ca.Application) bool {
					c.applicationLine(a)
					n++
					return true
				})
				c.Tell("共 %d 份", "%d in all", n)
				return err
			})
		},
	}
	c.officerFlag(cmd, &officer)
	cmd.Flags().StringVar(&stage, "stage", "applied", "进度 / stage")
	return cmd
}
