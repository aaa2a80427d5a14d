package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
)

// ledgerKeysFile is the name under which a trust folder has the keys of vaults.
const ledgerKeysFile = "ledger-keys.txt"

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
		RunE:    func(_ *cobra.Command, args []string) error { return c.exportTrust(args[0]) },
	}
}

func (c *program) exportTrust(dir string) error {
	roots, err := os.ReadFile(filepath.Join(c.dir, anchorsFile))
	if err != nil {
		return err
	}
	keys, err := c.ledgerKeys(&trust{})
	if err != nil {
		return err
	}
	var text strings.Builder
	for _, k := range keys {
		fmt.Fprintln(&text, k)
	}
	if err := writeNew(filepath.Join(dir, "root.pem"), roots); err != nil {
		return err
	}
	if err := writeNew(filepath.Join(dir, ledgerKeysFile), []byte(text.String())); err != nil {
		return err
	}
	return c.Emit(map[string]any{"folder": dir, "ledger_keys": len(keys)}, func() {
		c.Tell("已写：%s（根证书、账本公钥）", "written: %s (root, ledger key)", dir)
	})
}
