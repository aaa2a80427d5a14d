package main

import (
	"context"
	"encoding/pem"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

// A new issuing authority comes in three steps: request makes its key where it stays, certify has the root sign it where
// the root is, install puts both together and has it sign what is new. The one before goes on to sign its CRLs.

func (c *program) rootRequestCommand() *cobra.Command {
	var officer, out string
	cmd := &cobra.Command{
		Use: "request", Args: cobra.NoArgs,
		Short: "生成新签发机构的密钥和请求 / make the key and the request of a new issuing authority",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.asOfficer(cmd.Context(), officer, func(_ context.Context, o *office, who ca.Actor) error {
				if who.Roles&ca.RoleOperate == 0 {
					return &cli.UsageError{Zh: "需要 operate 职责", En: "needs the role operate"}
				}
				return c.requestIssuing(o, c.path(out))
			})
		},
	}
	c.officerFlag(cmd, &officer)
	cmd.Flags().StringVar(&out, "out", "", "请求文件 / where the request goes")
	cobra.CheckErr(cmd.MarkFlagRequired("out"))
	return cmd
}

func (c *program) requestIssuing(o *office, out string) error {
	key, err := pki.GenerateKey(c.Rand)
	if err != nil {
		return err
	}
	csr, err := ca.MakeRequest(c.Rand, key)
	if err != nil {
		return err
	}
	text, err := pki.MarshalKey(key, keyPassphrase(o.master), c.Rand)
	if err != nil {
		return err
	}
	id, err := ca.KeyIDOf(key.Public())
	if err != nil {
		return err
	}
	if err := writeNew(filepath.Join(o.dir, issuingFileOf(id)), text); err != nil {
		return err
	}
	if err := writeNew(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr})); err != nil {
		return err
	}
	return c.Emit(map[string]any{"key": id.String(), "csr": out}, func() {
		c.Tell("✓ %s；下一步：在离线机器上 root certify", "✓ %s; next: root certify on the offline machine", out)
	})
}

func issuingFileOf(id ca.KeyID) string   { return "issuing-" + id.String() + ".pem" }
func responderFileOf(id ca.KeyID) string { return "ocsp-" + id.String() + ".pem" }

func (c *program) rootCertifyCommand() *cobra.Command {
	k := &rootAct{}
	var name string
	cmd := &cobra.Command{
		Use: "certify REQUEST", Args: cobra.ExactArgs(1),
		Short: "根为新的签发机构签发证书 / the root certifies a new issuing authority",
		RunE: func(_ *cobra.Command, args []string) error {
			csr, err := readDER(args[0], "CERTIFICATE REQUEST")
			if err != nil {
				return err
			}
			if err := c.openRoot(k, "certify"); err != nil {
				return err
			}
			x, err := k.root.CertifyIssuing(csr, siblingName(k.root.Certificate(), name))
			if err != nil {
				return err
			}
			k.log.addCertificate(x)
			if err := writeNew(k.out, pki.AppendPEM(nil, x, k.root.Certificate())); err != nil {
				return err
			}
			if err := k.closeAct(); err != nil {
				return err
			}
			return c.made(k, "下一步：root install", "Next: root install")
		},
	}
	c.rootFlags(cmd, k)
	cmd.Flags().StringVar(&name, "common-name", "", "新签发机构的名称 / name of the new issuing authority")
	cobra.CheckErr(cmd.MarkFlagRequired("common-name"))
	return cmd
}

// siblingName is a name of the same organisation.
func siblingName(of *pki.Certificate, commonName string) ca.Name {
	n := ca.Name{Organization: of.Holder.Organization, CommonName: commonName}
	if provinces := of.SubjectName.Values(oid.Province); len(provinces) == 1 {
		n.Province = provinces[0]
	}
	return n
}

func (c *program) rootInstallCommand() *cobra.Command {
	var officer, record string
	cmd := &cobra.Command{
		Use: "install CERTIFICATE", Args: cobra.ExactArgs(1),
		Short: "启用新的签发机构（先停服务）/ put a new issuing authority to work (stop the service first)",
		Long: "与 root request 生成的密钥合为一处，签发它的 OCSP 证书，并在 " + settingsFile + " 中排在首位；原签发机构继续发布 CRL。可重复执行。" +
			cli.Between + "Puts the certificate to the key of root request, has an OCSP certificate made below it, and puts it first " +
			"in " + settingsFile + "; the one before goes on to publish its CRLs. It may be run again.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.asOfficer(cmd.Context(), officer, func(ctx context.Context, o *office, who ca.Actor) error {
				if who.Roles&ca.RoleOperate == 0 {
					return &cli.UsageError{Zh: "需要 operate 职责", En: "needs the role operate"}
				}
				return c.install(ctx, o, who, rootResult{files: args, record: record})
			})
		},
	}
	c.officerFlag(cmd, &officer)
	cmd.Flags().StringVar(&record, "record", "", "记录 / the record")
	cobra.CheckErr(cmd.MarkFlagRequired("record"))
	return cmd
}

func (c *program) install(ctx context.Context, o *office, who ca.Actor, result rootResult) error {
	x, above, err := readBundle(result.files[0])
	if err != nil {
		return err
	}
	if err := o.witnessed(ctx, result.record, []string{digestOf(x.Raw)}); err != nil {
		return err
	}
	fresh, err := c.joinIssuing(o, append([]*pki.Certificate{x}, above...))
	if err != nil {
		return err
	}
	issuers, err := c.issuers(o.station)
	if err != nil {
		return err
	}
	file, responder := issuingFileOf(fresh.KeyID()), responderFileOf(fresh.KeyID())
	register, err := c.openRegister(ctx, o, append([]*ca.Authority{fresh}, issuers...), map[string]int{ca.ProfileOCSP: 0})
	if err != nil {
		return err
	}
	own := ownProgram{
		by: ca.Actor{Name: who.Name, Roles: founding.Roles}, issuer: fresh.KeyID(), profile: ca.ProfileOCSP, file: responder,
	}
	name := siblingName(x, x.Holder.CommonName+" OCSP")
	if _, err := c.certify(ctx, &office{station: o.station, register: register}, own, name); err != nil {
		return err
	}
	if err := addIssuer(filepath.Join(o.dir, settingsFile), file, responder); err != nil {
		return err
	}
	return c.Emit(map[string]any{"issuing": file, "responder": responder}, func() {
		c.Tell("✓ 新的签发机构已启用：%s", "✓ the new issuing authority is at work: %s", x.Subject)
	})
}

// joinIssuing puts the certificate of a new authority to its key, whose file then holds both.
func (c *program) joinIssuing(o *office, chain []*pki.Certificate) (*ca.Authority, error) {
	if len(chain[0].SubjectKeyID) != len(ca.KeyID{}) {
		return nil, ca.ErrAuthority
	}
	path := issuingFileOf(ca.KeyID(chain[0].SubjectKeyID))
	text, err := o.read(path)
	if err != nil {
		return nil, &cli.UsageError{Zh: "没有此证书的密钥，请用 root request 的结果", En: "its key is not here: certify what root request has made"}
	}
	first, _ := pem.Decode(text)
	if first == nil {
		return nil, pki.ErrKeyFile
	}
	key, err := pki.ParseKey(pem.EncodeToMemory(first), keyPassphrase(o.master))
	if err != nil {
		return nil, err
	}
	a, err := ca.NewAuthority(ca.Config{Rand: c.Rand, Now: c.Now}, key, chain)
	if err != nil {
		return nil, err
	}
	whole, err := a.Save(keyPassphrase(o.master))
	if err != nil {
		return nil, err
	}
	return a, replaceFile(filepath.Join(o.dir, path), whole)
}
