package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/engine/sealed"
)

// keySource is the environment that says where a master key comes from: the one in use, or the one to come.
type keySource struct{ file, passphraseFile, passphrase string }

var (
	presentKey = keySource{"ELICENSE_MASTER_FILE", "ELICENSE_PASSPHRASE_FILE", "ELICENSE_PASSPHRASE"}
	nextKey    = keySource{"ELICENSE_NEW_MASTER_FILE", "ELICENSE_NEW_PASSPHRASE_FILE", "ELICENSE_NEW_PASSPHRASE"}
)

// readMaster finds the master key: a file named by ELICENSE_MASTER_FILE, a passphrase in the file that
// ELICENSE_PASSPHRASE_FILE names or in ELICENSE_PASSPHRASE, or, in a sandbox only, beside the data.
func (c *program) readMaster(ctx context.Context, h *house) (sealed.Master, error) {
	path := c.Env(presentKey.file)
	if path == "" && h.settings.Sandbox {
		path = filepath.Join(h.dir, masterFile)
	}
	if path != "" {
		return masterFromFile(path)
	}
	return c.stretched(ctx, h, presentKey)
}

// stretched makes the master key from a passphrase, as the data directory says.
func (c *program) stretched(ctx context.Context, h *house, from keySource) (sealed.Master, error) {
	passphrase, err := c.passphrase(from)
	if err != nil {
		return sealed.Master{}, err
	}
	stretch, err := sealed.LoadStretch(ctx, h.main)
	if err != nil {
		return sealed.Master{}, err
	}
	return sealed.MasterFromPassphrase(passphrase, stretch)
}

func masterFromFile(path string) (sealed.Master, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return sealed.Master{}, fmt.Errorf("reading the master key: %w", err)
	}
	m, ok := sealed.ParseMaster(text)
	if !ok {
		return m, cli.Usage(
			"主密钥文件应为 64 位十六进制数字："+path, "the master key file must hold 64 hexadecimal digits: "+path,
		)
	}
	return m, nil
}

func (c *program) passphrase(from keySource) (string, error) {
	if path := c.Env(from.passphraseFile); path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("reading the passphrase: %w", err)
		}
		return strings.TrimRight(string(text), "\r\n"), nil
	}
	if p := c.Env(from.passphrase); p != "" {
		return p, nil
	}
	return "", cli.Usage(
		"需要主密钥：请设置 "+from.passphraseFile+"、"+from.passphrase+" 或 "+from.file,
		"the master key is needed: set "+from.passphraseFile+", "+from.passphrase+" or "+from.file,
	)
}

// makeMaster draws the master key of a sandbox, or takes the one that the operator keeps.
func (c *program) makeMaster(ctx context.Context, h *house) (sealed.Master, error) {
	if h.settings.Sandbox {
		return c.drawMaster(filepath.Join(h.dir, masterFile))
	}
	if path := c.Env(presentKey.file); path != "" {
		return masterFromFile(path)
	}
	passphrase, err := c.passphrase(presentKey)
	if err != nil {
		return sealed.Master{}, err
	}
	stretch, err := sealed.NewStretch(c.Rand)
	if err != nil {
		return sealed.Master{}, err
	}
	if err := sealed.SaveStretch(ctx, h.main, stretch); err != nil {
		return sealed.Master{}, err
	}
	return sealed.MasterFromPassphrase(passphrase, stretch)
}

// drawMaster draws the master key of a sandbox and writes it to a file.
func (c *program) drawMaster(path string) (sealed.Master, error) {
	var m sealed.Master
	if _, err := io.ReadFull(c.Rand, m[:]); err != nil {
		return m, fmt.Errorf("drawing a master key: %w", err)
	}
	return m, writeFile(path, []byte(hex.EncodeToString(m[:])+"\n"))
}
