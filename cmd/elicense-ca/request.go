package main

import (
	"encoding/pem"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

func (c *program) requestCommand() *cobra.Command {
	return &cobra.Command{
		Use: "request NAME", Args: cobra.ExactArgs(1),
		Short: "在持有人处生成签名密钥和证书请求 / make a signing key and its request, where the holder is",
		Long: "写出 NAME.key（口令 ELICENSE_CA_KEY_PASSPHRASE）和 NAME.csr。私钥不离开本机；只把 NAME.csr 交给窗口。" + cli.Between +
			"Writes NAME.key, under ELICENSE_CA_KEY_PASSPHRASE, and NAME.csr. The key stays here; take NAME.csr to the window.",
		RunE: func(_ *cobra.Command, args []string) error { return c.request(args[0]) },
	}
}

func (c *program) request(name string) error {
	passphrase, err := c.secret("ELICENSE_CA_KEY_PASSPHRASE")
	if err != nil {
		return err
	}
	key, err := pki.GenerateKey(c.Rand)
	if err != nil {
		return err
	}
	text, err := pki.MarshalKey(key, []byte(passphrase), c.Rand)
	if err != nil {
		return err
	}
	csr, err := ca.MakeRequest(c.Rand, key)
	if err != nil {
		return err
	}
	if err := writeNew(name+".key", text); err != nil {
		return err
	}
	if err := writeNew(name+".csr", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr})); err != nil {
		return err
	}
	return c.Emit(map[string]any{"key": name + ".key", "csr": name + ".csr"}, func() {
		c.Tell("✓ %s.key（妥善保管）、%s.csr（交给窗口）", "✓ %s.key (keep it), %s.csr (take it to the window)", name, name)
	})
}
