package main

import (
	"encoding/hex"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/moment"
	"github.com/elicense/elicense/pki"
)

func (c *program) showCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show FILE…", Args: cobra.MinimumNArgs(1),
		Short: "把证书说给人听 / tell people what a certificate says",
		Long: "只读出证书写了什么，不判断是否可信；核验请用 verify-chain。证件号码只显示尾四位。" + cli.Between +
			"Reads what is written; whether it is to be trusted is for verify-chain. Of identity numbers the last four " +
			"characters are shown.",
		RunE: func(_ *cobra.Command, args []string) error {
			for _, path := range args {
				cert, _, err := readBundle(path)
				if err != nil {
					return err
				}
				c.show(cert)
			}
			return nil
		},
	}
}

// fact is one line of a certificate in words.
type fact struct{ zh, en, value string }

func (c *program) show(cert *pki.Certificate) {
	facts := factsOf(cert)
	c.Line(jsonOf(cert), func() {
		for _, f := range facts {
			if f.value != "" {
				c.Put(padded(c.Say(f.zh, f.en)) + moment.SayAll(f.value, nil, c.Lang) + "\n")
			}
		}
		c.Put("\n")
	})
}

func factsOf(c *pki.Certificate) []fact {
	h := &c.Holder
	return []fact{
		{"持有人", "holder", firstOf(h.Name, h.CommonName, c.Subject)},
		{"单位", "organisation", h.Organization},
		{"统一社会信用代码", "credit code", h.USCC},
		{"证件号码", "number", masked(h.Number)},
		{"印章编码", "seal code", h.SealCode},
		{"主体", "subject", c.Subject},
		{"签发者", "issuer", c.Issuer},
		{"序列号", "serial", c.Serial.Text(16)},
		{"有效期自", "valid from", c.NotBefore.Format(time.RFC3339)},
		{"有效期至", "valid until", c.NotAfter.Format(time.RFC3339)},
		{"密钥用途", "key usage", strings.Join(usages(c), ", ")},
		{"扩展用途", "purposes", strings.Join(purposes(c), ", ")},
		{"主机名", "host names", strings.Join(hosts(c), ", ")},
		{"CRL", "CRL", strings.Join(crls(c), " ")},
		{"OCSP", "OCSP", strings.Join(c.OCSPServers(), " ")},
		{"SM3 指纹", "SM3", hex.EncodeToString(c.Digest[:])},
		{"宽容读取", "tolerances", strings.Join(tolerances(c), ", ")},
	}
}

func jsonOf(c *pki.Certificate) map[string]any {
	out := map[string]any{}
	for _, f := range factsOf(c) {
		if f.value != "" {
			out[strings.ReplaceAll(f.en, " ", "_")] = f.value
		}
	}
	return out
}

// padded sets the names of facts in a column; a Chinese character takes two places.
func padded(name string) string {
	const column = 18
	width := 0
	for _, r := range name {
		width++
		if r > 0x2e80 {
			width++
		}
	}
	return name + strings.Repeat(" ", max(column-width, 1))
}

// masked shows the last four characters of a person's number.
func masked(n pki.IdentityNumber) string {
	all := []rune(n.Reveal())
	if len(all) <= 4 {
		return strings.Repeat("*", len(all))
	}
	return strings.Repeat("*", len(all)-4) + string(all[len(all)-4:])
}

func firstOf(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

var usageNames = []struct {
	bit  pki.KeyUsage
	name string
}{
	{pki.UsageDigitalSignature, "digitalSignature"}, {pki.UsageNonRepudiation, "nonRepudiation"},
	{pki.UsageKeyEncipherment, "keyEncipherment"}, {pki.UsageDataEncipherment, "dataEncipherment"},
	{pki.UsageKeyAgreement, "keyAgreement"}, {pki.UsageCertSign, "keyCertSign"}, {pki.UsageCRLSign, "cRLSign"},
}

func usages(c *pki.Certificate) []string {
	var list []string
	for _, u := range usageNames {
		if c.KeyUsage&u.bit != 0 {
			list = append(list, u.name)
		}
	}
	return list
}

func purposes(c *pki.Certificate) []string {
	var list []string
	for _, p := range c.ExtKeyUsage {
		list = append(list, p.String())
	}
	return list
}

func hosts(c *pki.Certificate) []string {
	var list []string
	for _, n := range c.SubjectAltNames {
		list = append(list, textOf(n))
	}
	return list
}

func textOf(n pki.GeneralName) string {
	if n.Form == pki.FormDirectory {
		return n.Directory.String()
	}
	return n.Text
}

func crls(c *pki.Certificate) []string {
	var list []string
	for _, p := range c.CRLDistributionPoints {
		for _, n := range p.FullName {
			list = append(list, textOf(n))
		}
	}
	return list
}

func tolerances(c *pki.Certificate) []string {
	var list []string
	for _, t := range c.Tolerances {
		list = append(list, string(t))
	}
	return list
}

func digestOf(der []byte) string {
	d := sm3.Sum(der)
	return hex.EncodeToString(d[:])
}
