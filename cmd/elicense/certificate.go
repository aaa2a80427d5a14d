package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/moment"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/vault"
)

func (c *program) certificateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "certificate", Short: "证书：何时到期、换发 / certificates: when they end, and their renewal",
	}
	cmd.AddCommand(c.certificateList(), c.certificateRenew(), c.certificateCRL(), c.certificateTrust())
	return cmd
}

// held is a certificate of the data directory.
type held struct {
	file        string
	whose       string // root, issuing, vault, sealmaker, or a department's credit code
	certificate *pki.Certificate
}

// Names of certificates that are no department's.
const (
	whoseRoot    = "root"
	whoseIssuing = "issuing"
	whoseVault   = "vault"

	whoseSealMaker = "sealmaker"
)

// certificateFiles names every present certificate file; former ones of departments are left out.
func certificateFiles(dir string) ([]held, error) {
	list := []held{{anchorsFile, whoseRoot, nil}, {issuingFile, whoseIssuing, nil}, {vaultFile, whoseVault, nil}}
	if _, err := os.Stat(filepath.Join(dir, sealsMakerFile)); err == nil { // enrolled with the first seal
		list = append(list, held{sealsMakerFile, whoseSealMaker, nil})
	}
	names, err := filepath.Glob(filepath.Join(dir, staffDir, "*.pem"))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if base := filepath.Base(name); strings.Count(base, ".") == 1 {
			list = append(list, held{filepath.Join(staffDir, base), strings.TrimSuffix(base, ".pem"), nil})
		}
	}
	return list, nil
}

// inBoth is what people call the certificate.
func (x *held) inBoth() (zh, en string) {
	switch x.whose {
	case whoseRoot:
		return "根证书", "the root certificate"
	case whoseIssuing:
		return "签发证书", "the issuing CA's certificate"
	case whoseVault:
		return "证照库的证书", "the vault's certificate"
	case whoseSealMaker:
		return "制章人的证书", "the seal maker's certificate"
	}
	name := x.whose
	if x.certificate != nil && x.certificate.Holder.Organization != "" {
		name = x.certificate.Holder.Organization
	}
	return name + "的证书", "the certificate of " + name
}

// daysLeft is how many whole days a certificate still holds.
func daysLeft(x *pki.Certificate, now time.Time) int { return daysTo(x.NotAfter, now) }

func daysTo(end, now time.Time) int { return int(end.Sub(now).Hours() / 24) }

// certificateEnds asks the service, or reads the data directory without opening its database.
func (c *program) certificateEnds(ctx context.Context) ([]api.CertificateEnd, error) {
	if c.service.url == "" {
		return certificateEndsIn(c.dir)
	}
	cl, err := c.dial()
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	answer, err := cl.Certificates(ctx)
	if err != nil {
		return nil, err
	}
	return answer.Certificates, nil
}

// certificateEndsIn says when the certificates of a data directory end.
func certificateEndsIn(dir string) ([]api.CertificateEnd, error) {
	if _, err := readSettings(dir); err != nil {
		return nil, err
	}
	list, err := certificateFiles(dir)
	if err != nil {
		return nil, err
	}
	out := make([]api.CertificateEnd, len(list))
	for i := range list {
		certs, err := certificatesIn(filepath.Join(dir, list[i].file))
		if err != nil {
			return nil, err
		}
		x := certs[0]
		list[i].certificate = x
		zh, en := list[i].inBoth()
		out[i] = api.CertificateEnd{
			Whose: list[i].whose, NameZh: zh, NameEn: en, Serial: fmt.Sprintf("%X", x.Serial), NotBefore: x.NotBefore,
			NotAfter: x.NotAfter,
		}
	}
	return out, nil
}

func (c *program) certificateList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "各证书何时到期 / when each certificate ends", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := c.certificateEnds(cmd.Context())
			if err != nil {
				return err
			}
			out := make([]certificateJSON, len(list))
			for i := range list {
				x := &list[i]
				out[i] = certificateJSON{
					x.Whose, c.Say(x.NameZh, x.NameEn), x.Serial, x.NotBefore, x.NotAfter, daysTo(x.NotAfter, c.Now()),
				}
			}
			return c.Emit(out, func() {
				for _, x := range out {
					c.Tell("%-18s  至 %s，还有 %d 天  %s", "%-18s  until %s, %d days left  %s", x.Whose, moment.Day(x.NotAfter, nil),
						x.DaysLeft, x.Name)
				}
			})
		},
	}
}

// certificateJSON is a certificate as --json shows it.
type certificateJSON struct {
	Whose     string    `json:"whose"`
	Name      string    `json:"name"`
	Serial    string    `json:"serial"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	DaysLeft  int       `json:"days_left"`
}

func (c *program) certificateRenew() *cobra.Command {
	cmd := &cobra.Command{
		Use: "renew vault|sealmaker|USCC", Args: cobra.ExactArgs(1),
		Short: "换发证书：证照库、制章人或某部门的 / renew the vault's certificate, the seal maker's or a department's",
		Long: "证照库：密钥不变，账本公钥因此不变。部门：换新密钥；旧证书留存，所签证照照样可验证；印章一并重做。\n" +
			"制章人：换新密钥，此前做的印章照样可验证。服务运行时由服务换发，不停服。" + cli.Between +
			"The vault keeps its key, so that the ledger's key stays. A department gets a new key; the former certificate stays\n" +
			"known, because what it signed is verified with it; its seal is made anew. The seal maker gets a new key; seals made\n" +
			"before stay good. A running service does it itself and goes on answering.",
		Example: "  elicense certificate renew vault\n  elicense certificate renew 11350100EX0000010M",
		RunE: func(cmd *cobra.Command, args []string) error {
			err := c.keeping(cmd.Context(), operator("换发证书"), func(d custodian) error {
				return d.renewCertificate(cmd.Context(), args[0])
			})
			if err != nil {
				return err
			}
			return c.showRenewed(filepath.Join(c.dir, certificateFileOf(args[0])), args[0])
		},
	}
	return cmd
}

// certificateFileOf is where the certificate of somebody lies.
func certificateFileOf(whose string) string {
	switch whose {
	case whoseVault:
		return vaultFile
	case whoseSealMaker:
		return sealsMakerFile
	}
	return filepath.Join(staffDir, whose+".pem")
}

// renewCertificate makes a new certificate and has it used from then on. Who signs meanwhile signs with the former; a
// record that names it and comes too late is made again by the vault.
func (d *ownDesk) renewCertificate(ctx context.Context, whose string) error {
	callers, err := d.callers(ctx) // the right to, and the audit entry, come first
	if err != nil {
		return err
	}
	return d.h.alone(func() error {
		switch whose {
		case whoseVault:
			return d.c.renewVault(d.h)
		case whoseSealMaker:
			return d.c.renewSealMaker(d.h)
		}
		return d.c.renewDepartment(ctx, d.h, callers, whose)
	})
}

func (c *program) showRenewed(file, whose string) error {
	certs, err := certificatesIn(file)
	if err != nil {
		return err
	}
	until := certs[0].NotAfter
	return c.Emit(map[string]any{"whose": whose, "serial": fmt.Sprintf("%X", certs[0].Serial), "not_after": until}, func() {
		c.Tell("已换发：%s 的新证书到 %s", "renewed: the new certificate of %s holds until %s", whose, moment.Day(until, nil))
	})
}

// renewVault certifies the vault's key anew. The file is replaced whole or not at all.
func (c *program) renewVault(h *house) error {
	path := filepath.Join(h.dir, vaultFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	config, err := c.readSigner(h, vaultFile)
	if err != nil {
		return err
	}
	key, ok := config.Key.(*lockedKey)
	if !ok {
		return fmt.Errorf("%w: %s", pki.ErrKeyFile, vaultFile)
	}
	if err := key.open(); err != nil {
		return err
	}
	authority, err := c.openAuthority(h)
	if err != nil {
		return err
	}
	old := config.Chain[0].Holder
	fresh, err := authority.Issue(ca.Request{
		Profile: ca.ProfileVault, USCC: old.USCC, PublicKey: key.Public(),
		Subject: ca.Name{Organization: old.Organization, CommonName: old.CommonName},
	})
	if err != nil {
		return err
	}
	chain := append([]*pki.Certificate{fresh}, authority.Chain()...)
	kept := bytes.Clone(text[:bytes.Index(text, []byte(certificateHead))])
	if err := writeFile(path, pki.AppendPEM(kept, chain...)); err != nil {
		return err
	}
	config.Chain = chain
	if err := h.signer.Renew(config); err != nil {
		return err
	}
	h.service.Store(&config)
	return nil
}

// renewDepartment makes a new key for a department that is registered and whose key is kept here.
func (c *program) renewDepartment(ctx context.Context, h *house, callers []vault.Caller, uscc string) error {
	file := filepath.Join(staffDir, uscc+".pem")
	for i := range callers {
		if callers[i].Department != uscc || len(callers[i].Issues) == 0 {
			continue
		}
		present, err := c.readSigner(h, file)
		switch {
		case err == nil && present.Key == nil:
			return cli.Usage(
				"该部门自持密钥，请由其向认证机构换发："+uscc, "this department keeps its key itself and renews with its authority: "+uscc,
			)
		case err != nil && !errors.Is(err, os.ErrNotExist):
			return err
		}
		return c.hire(ctx, h, body{callers[i].Name, uscc}, enrolled{})
	}
	return cli.Usage(
		"没有这个颁发部门："+uscc+"；应为 vault、sealmaker 或部门的信用代码，见 certificate list",
		"no such department: "+uscc+"; name vault, sealmaker or a department's credit code, see certificate list",
	)
}
