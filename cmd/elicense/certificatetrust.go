package main

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/server"
	"github.com/elicense/elicense/verify"
)

// ledgerKeysFile is the name under which a trust folder has the keys of vaults.
const ledgerKeysFile = "ledger-keys.txt"

// typesFolder is where a folder of trust has definitions of licence types, for the words of reports.
const typesFolder = "types/"

// certificateTrust writes the folder that somebody without the data directory verifies with. It opens no database.
func (c *program) certificateTrust() *cobra.Command {
	return &cobra.Command{
		Use:   "trust DIR",
		Short: "导出信任目录：根证书与账本公钥，供他人核验 / what others verify with: root and ledger key",
		Long: "写出 verify --trust 用的目录。交给别人时请走另一条可信的渠道：信任谁，全凭这个目录。" + cli.Between +
			"Writes the folder for verify --trust. Hand it over by a channel of its own that can be relied on: it decides\n" +
			"who is trusted.",
		Example: "  elicense certificate trust 信任目录 && elicense verify 办件.evidence --trust 信任目录",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return c.exportTrust(cmd.Context(), args[0]) },
	}
}

func (c *program) exportTrust(ctx context.Context, dir string) error {
	files, err := c.ownTrust(ctx)
	if err != nil {
		return err
	}
	keys, err := verify.ParseLedgerKeys(string(files[ledgerKeysFile]))
	if err != nil {
		return err
	}
	if err := writeNew(filepath.Join(dir, "root.pem"), files[anchorsFile]); err != nil {
		return err
	}
	if err := writeNew(filepath.Join(dir, ledgerKeysFile), files[ledgerKeysFile]); err != nil {
		return err
	}
	for name, text := range files {
		if strings.HasPrefix(name, typesFolder) && filepath.IsLocal(name) {
			if err := writeNew(filepath.Join(dir, filepath.FromSlash(name)), text); err != nil {
				return err
			}
		}
	}
	return c.Emit(map[string]any{"folder": dir, "ledger_keys": len(keys)}, func() {
		c.Tell("已写：%s（根证书、账本公钥）", "written: %s (root, ledger key)", dir)
	})
}

// ownTrust is what the vault's licences are verified with, from the service or from the data directory: the folder
// "trust", and over it roots and ledger key.
func (c *program) ownTrust(ctx context.Context) (map[string][]byte, error) {
	if c.service.url != "" {
		return c.serviceTrust(ctx)
	}
	return trustIn(c.dir)
}

// trustIn reads the trust of a data directory without opening its database.
func trustIn(dir string) (map[string][]byte, error) {
	files := map[string][]byte{}
	if own := filepath.Join(dir, trustFolder); isFolder(own) {
		if err := readFolder(files, own); err != nil {
			return nil, err
		}
	}
	for name := range files {
		if path.Base(name) == ledgerKeysFile { // the directory's own key alone is believed
			delete(files, name)
		}
	}
	roots, err := os.ReadFile(filepath.Join(dir, anchorsFile))
	if err != nil {
		return nil, err
	}
	key, err := ledgerKeyIn(dir)
	if err != nil {
		return nil, err
	}
	files[anchorsFile], files[ledgerKeysFile] = roots, fmt.Appendln(nil, key)
	return files, nil
}

// servedHouse tells those who call a service what its data directory is verified with and when certificates end.
type servedHouse struct{ dir string }

var _ server.House = servedHouse{}

// Trust implements server.House. Files are read each time: revocation lists are renewed meanwhile.
func (h servedHouse) Trust(context.Context) (map[string][]byte, error) { return trustIn(h.dir) }

// Certificates implements server.House.
func (h servedHouse) Certificates(context.Context) ([]api.CertificateEnd, error) {
	return certificateEndsIn(h.dir)
}
