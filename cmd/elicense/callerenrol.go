package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

// Files that a system is given.
const (
	signatureFile  = "signature.pem" // SM2 key, encrypted, and its certificates
	connectionFile = "tls.pem"       // certificate of connections
	connectionKey  = "tls-key.pem"   // its key
)

// connectionYears is how long a certificate for connections is valid, as departments' certificates for signatures are.
const connectionYears = 5

func (c *program) callerEnrol() *cobra.Command {
	var r registering
	var out string
	cmd := &cobra.Command{
		Use: "enrol ID --caller CALLER --out DIR", Args: cobra.ExactArgs(1),
		Short: "为一个系统生成密钥和证书并登记 / make keys and certificates for a system, and register it",
		Long: "生成 SM2 签名密钥（由本目录的 CA 发证，口令取自 ELICENSE_KEY_PASSPHRASE_FILE）和双向 TLS 的密钥，写入 --out，并登记。\n" +
			"有自己密钥的系统用 elicense caller register。" + cli.Between +
			"Makes an SM2 key for signatures (certified by the CA of the data directory; its passphrase is that of\n" +
			"ELICENSE_KEY_PASSPHRASE_FILE) and a key for mutual TLS, writes them to --out, and registers them. A system with keys\n" +
			"of its own is registered with elicense caller register.",
		Example: "  elicense caller enrol market-1 --caller department-1 --out market-1",
		RunE: func(cmd *cobra.Command, args []string) error {
			r.ID, r.Role, r.pin = args[0], identity.Role(r.role), true
			return c.with(cmd.Context(), operator("登记调用系统"), func(h *house, a vault.Access) error {
				d := &ownDesk{c, h, a}
				if err := c.makeSystemKeys(cmd.Context(), d, &r, out); err != nil {
					return err
				}
				return c.register(cmd.Context(), d, &r)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&r.Caller, "caller", "", "以哪个已登记的调用方的身份 / registered caller as which it acts")
	f.StringVar(&r.role, "role", string(identity.RoleDepartmentSystem), "角色 / role")
	f.StringVar(&out, "out", "", "密钥和证书写入的目录 / directory for keys and certificates")
	f.StringSliceVar(&r.Types, "only", nil, "只限这些证照类型，名称或代码 / for these licence types only, by name or code")
	cli.MustHave(cmd, "caller", "out")
	return cmd
}

// makeSystemKeys writes both keys with their certificates, which are then to be registered.
func (c *program) makeSystemKeys(ctx context.Context, d *ownDesk, r *registering, out string) error {
	caller, err := callerNamed(ctx, d, r.Caller)
	if err != nil {
		return err
	}
	if caller.Department == "" {
		return cli.Usage("该调用方不属于任何部门，本目录的 CA 不能为其发证；请先用 elicense caller add --code 写明所属部门，"+
			"或用 elicense caller register 登记它自己的证书",
			"the caller belongs to no department, and the CA here certifies departments; name its own with "+
				"elicense caller add --code, or register certificates of its own with elicense caller register")
	}
	passphrase, err := c.keySecret()
	if err != nil {
		return err
	}
	if err := c.makeSignatureKey(d.h, body{caller.Name, caller.Department}, filepath.Join(out, signatureFile), passphrase); err != nil {
		return err
	}
	if err := c.makeConnectionKey(r.ID, out); err != nil {
		return err
	}
	r.certificates = []string{filepath.Join(out, signatureFile), filepath.Join(out, connectionFile)}
	return nil
}

func (c *program) makeSignatureKey(h *house, of body, path string, passphrase []byte) error {
	authority, err := c.openAuthority(h)
	if err != nil {
		return err
	}
	key, err := pki.GenerateKey(c.Rand)
	if err != nil {
		return err
	}
	cert, err := authority.Issue(ca.Request{
		Profile: ca.ProfileDepartment, USCC: of.uscc, PublicKey: key.Public(),
		Subject: ca.Name{Organization: of.name, CommonName: of.name},
	})
	if err != nil {
		return fmt.Errorf("certifying a system's key: %w", err)
	}
	text, err := pki.MarshalKey(key, passphrase, c.Rand)
	if err != nil {
		return err
	}
	return writeFile(path, pki.AppendPEM(text, append([]*pki.Certificate{cert}, authority.Chain()...)...))
}

// makeConnectionKey makes a key whose certificate vouches for itself: that it is registered is what makes it good.
func (c *program) makeConnectionKey(name, out string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), c.Rand)
	if err != nil {
		return fmt.Errorf("making a key for connections: %w", err)
	}
	serial := make([]byte, 16)
	if _, err := c.Rand.Read(serial); err != nil {
		return err
	}
	now := c.Now()
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(connectionYears, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(c.Rand, template, template, key.Public(), key)
	if err != nil {
		return fmt.Errorf("certifying a key for connections: %w", err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("writing a key for connections: %w", err)
	}
	err = writeFile(filepath.Join(out, connectionKey), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(out, connectionFile), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
