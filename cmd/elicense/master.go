package main

import (
	"context"
	"encoding/hex"
	"errors"
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

// openingMaster is readMaster for who opens the data directory: where the environment names the file of a key to come
// too, and that is the one in use, it is taken. So a service whose master key was changed starts again also before the
// file of the former one was replaced.
func (c *program) openingMaster(ctx context.Context, h *house) (sealed.Master, error) {
	present, err := c.readMaster(ctx, h)
	path := c.Env(nextKey.file)
	if err != nil || path == "" {
		return present, err
	}
	_, wrong := sealed.OpenKeyring(ctx, h.main, present)
	next, err := masterFromFile(path)
	if err != nil || !errors.Is(wrong, sealed.ErrWrongMaster) {
		return present, nil //nolint:nilerr // there is no key to come, and none is needed
	}
	if _, err := sealed.OpenKeyring(ctx, h.main, next); err != nil {
		return present, nil //nolint:nilerr // neither fits: it is the present one that is wrong
	}
	c.Aside(c.Say("新主密钥已在用：请以它替换 "+presentKey.file+" 所指的文件\n",
		"the new master key is in use: put it in place of the file that "+presentKey.file+" names\n"))
	return next, nil
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

// openSecrets are the files of master keys and passphrases that anybody on the machine can read, or others can write.
// Read by a group is nobody's mistake: that is how systemd hands a credential to the service's user.
func (c *program) openSecrets() (open []string) {
	for _, name := range []string{presentKey.file, presentKey.passphraseFile, nextKey.file, nextKey.passphraseFile} {
		path := c.Env(name)
		if info, err := os.Stat(path); path != "" && err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o026 != 0 {
			open = append(open, path)
		}
	}
	return open
}
