package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

// crlValidity is how long a CRL of the data directory's own authority speaks.
const crlValidity = 31 * 24 * time.Hour

// renewCRLs makes the next CRLs, whether they are due or not.
func (d *ownDesk) renewCRLs(context.Context) error {
	d.h.revoking.Lock()
	defer d.h.revoking.Unlock()
	return d.c.publishRevocations(d.h)
}

// publishRevocations makes the next CRL of the root and of the issuing CA, and puts them where verify looks, beside the
// issuing CA's certificate. Nothing is revoked here: a province runs elicense-ca for that.
func (c *program) publishRevocations(h *house) error {
	h.secret.RLock()
	defer h.secret.RUnlock()
	for _, a := range []struct{ key, crl, certificate string }{
		{rootFile, "root.crl", ""}, {issuingFile, "issuing.crl", "issuing.pem"},
	} {
		authority, err := c.loadAuthority(h, a.key)
		if err != nil {
			return err
		}
		path := filepath.Join(h.dir, trustFolder, a.crl)
		previous, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		crl, err := authority.NextCRL(previous, nil, crlValidity)
		if err != nil {
			return fmt.Errorf("making a CRL: %w", err)
		}
		if err := writeFile(path, crl); err != nil {
			return err
		}
		if a.certificate == "" {
			continue
		}
		text := pki.AppendPEM(nil, authority.Certificate())
		if err := writeFile(filepath.Join(h.dir, trustFolder, a.certificate), text); err != nil {
			return err
		}
	}
	return nil
}

// keepRevocations renews the CRLs of the data directory's own authority once half of their time has gone. A directory
// whose authority is elsewhere has none of its own. A failure is told and stops nothing: verify says what is stale.
func (c *program) keepRevocations(h *house) {
	if _, err := os.Stat(filepath.Join(h.dir, rootFile)); err != nil {
		return
	}
	h.revoking.Lock()
	defer h.revoking.Unlock()
	text, err := os.ReadFile(filepath.Join(h.dir, trustFolder, "issuing.crl"))
	if err == nil {
		crl, err := pki.ParseCRL(text)
		if err == nil && c.Now().Before(crl.NextUpdate.Add(-crlValidity/2)) {
			return
		}
	}
	if err := c.publishRevocations(h); err != nil {
		c.Aside(c.Say("吊销列表未能更新：", "the CRLs could not be renewed: ") + err.Error() + "\n")
	}
}

// loadAuthority loads one of the two authorities of a data directory.
func (c *program) loadAuthority(h *house, file string) (*ca.Authority, error) {
	text, err := os.ReadFile(filepath.Join(h.dir, file))
	if err != nil {
		return nil, fmt.Errorf("reading the CA: %w", err)
	}
	return ca.Load(ca.Config{Rand: c.Rand, Now: c.Now}, text, keyPassphrase(h.master))
}

func (c *program) certificateCRL() *cobra.Command {
	return &cobra.Command{
		Use: "crl", Short: "更新本目录自有 CA 的吊销列表 / renew the CRLs of the data directory's own CA", Args: cobra.NoArgs,
		Long: "离线验证印章需要新的吊销列表；本目录自有 CA 的列表有效 31 天。全省的 CA 用 elicense-ca，其 CRL 放入 " + trustFolder + " 目录即可。" +
			cli.Between + "To verify seals offline takes fresh CRLs; those of the data directory's own CA are good for 31 days. " +
			"A province's CA is\nelicense-ca: put its CRLs into the folder " + trustFolder + ".",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.keeping(cmd.Context(), operator("更新吊销列表"), func(d custodian) error {
				if err := d.renewCRLs(cmd.Context()); err != nil {
					return err
				}
				folder := filepath.Join(c.dir, trustFolder)
				return c.Emit(map[string]string{"folder": folder}, func() {
					c.Tell("吊销列表已更新：%s", "the CRLs are renewed: %s", folder)
				})
			})
		},
	}
}
