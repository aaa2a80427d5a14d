package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/server/identity"
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
			return c.keeping(cmd.Context(), operator("登记调用系统"), func(d custodian) error {
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
func (c *program) makeSystemKeys(ctx context.Context, d custodian, r *registering, out string) error {
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
	if err := noKeysIn(out); err != nil {
		return err
	}
	passphrase, err := c.keySecret()
	if err != nil {
		return err
	}
	certify := func(request []byte) ([][]byte, error) { return d.certify(ctx, certifying{r.Caller, request}) }
	if err := c.makeSignatureKey(certify, filepath.Join(out, signatureFile), passphrase); err != nil {
		return err
	}
	if err := c.makeConnectionKey(r.ID, out); err != nil {
		return err
	}
	r.certificates = []string{filepath.Join(out, signatureFile), filepath.Join(out, connectionFile)}
	return nil
}

// noKeysIn refuses to write over keys: they are nowhere else, and may be in use.
func noKeysIn(dir string) error {
	for _, name := range []string{signatureFile, connectionFile, connectionKey} {
		_, err := os.Lstat(filepath.Join(dir, name))
		if err == nil {
			return cli.Usage("--out 中已有密钥，不覆盖："+filepath.Join(dir, name)+"；请另指目录",
				"there are keys in --out, which are not overwritten: "+filepath.Join(dir, name)+"; name another directory")
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// certifying asks for a certificate of a system's key. The key itself stays with who asks.
type certifying struct {
	Caller  string `json:"caller"`
	Request []byte `json:"request"` // PKCS#10, DER
}

// certify has the CA of the data directory certify a system's key in the name of its caller's department.
func (d *ownDesk) certify(ctx context.Context, r certifying) ([][]byte, error) {
	caller, err := callerNamed(ctx, d, r.Caller)
	if err != nil {
		return nil, err
	}
	return d.c.certifySystem(d.h, body{caller.Name, caller.Department}, r.Request)
}

// certifySystem gives the certificate of a system's key and those above it.
func (c *program) certifySystem(h *house, of body, request []byte) ([][]byte, error) {
	var authority *ca.Authority
	err := h.withMaster(func(sealed.Master) (err error) { // with which the CA's key is encrypted
		authority, err = c.openAuthority(h)
		return err
	})
	if err != nil {
		return nil, err
	}
	cert, err := authority.Issue(ca.Request{
		Profile: ca.ProfileDepartment, USCC: of.uscc, CSR: request, Subject: ca.Name{Organization: of.name, CommonName: of.name},
	})
	if err != nil {
		return nil, fmt.Errorf("certifying a system's key: %w", err)
	}
	chain := [][]byte{cert.Raw}
	for _, x := range authority.Chain() {
		chain = append(chain, x.Raw)
	}
	return chain, nil
}

// makeSignatureKey makes a key for signatures, has it certified and writes both to a file.
func (c *program) makeSignatureKey(certify func(request []byte) ([][]byte, error), path string, passphrase []byte) error {
	key, err := pki.GenerateKey(c.Rand)
	if err != nil {
		return err
	}
	request, err := ca.MakeRequest(c.Rand, key)
	if err != nil {
		return err
	}
	chain, err := certify(request)
	if err != nil {
		return err
	}
	text, err := pki.MarshalKey(key, passphrase, c.Rand)
	if err != nil {
		return err
	}
	for _, der := range chain {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return writeFile(path, text)
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
