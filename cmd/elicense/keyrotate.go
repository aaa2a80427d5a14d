package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/pki"
)

// newMaster is a master key to come, with the salt of its passphrase if it has one.
type newMaster struct {
	key     sealed.Master
	stretch *sealed.Stretch
}

// rotateMaster puts a data directory that nobody has open under another master key, or finishes what was broken off. It
// tells whether there was anything to do.
func (c *program) rotateMaster(ctx context.Context) (changed bool, err error) {
	s, err := readSettings(c.dir)
	if err != nil {
		return false, err
	}
	h := &house{dir: c.dir, settings: s}
	defer func() { err = errors.Join(err, h.close()) }()
	if err := c.checkCryptography(); err != nil {
		return false, err
	}
	if err := h.openEngines(); err != nil {
		return false, err
	}
	_, pending := os.Stat(h.rotated())
	if err := errors.Join(c.finishRotation(ctx, h), c.placeEnrolled(h)); err != nil {
		return false, err
	}
	if pending == nil && s.Sandbox {
		return true, nil // its new key came with it
	}
	if done, err := c.isRotated(ctx, h); done || err != nil {
		return pending == nil, err
	}
	next, err := c.newMaster(h)
	if err == nil {
		err = c.prepareRotation(ctx, h, &next)
	}
	if err != nil {
		return false, errors.Join(err, os.RemoveAll(h.rotated()+unfinished))
	}
	if err := c.decide(h.rotated()+unfinished, h.rotated()); err != nil {
		return false, err
	}
	return true, c.finishRotation(ctx, h)
}

// isRotated finds out whether the old key, now in h.master, has been replaced by the new one before. A key that is
// neither is an error.
func (c *program) isRotated(ctx context.Context, h *house) (done bool, err error) {
	if h.master, err = c.readMaster(ctx, h); err != nil {
		return false, err
	}
	_, err = sealed.OpenKeyring(ctx, h.main, h.master)
	if !errors.Is(err, sealed.ErrWrongMaster) || h.settings.Sandbox {
		return false, err
	}
	next, later := c.nextMaster(ctx, h)
	if later != nil {
		return false, errors.Join(err, later)
	}
	_, err = sealed.OpenKeyring(ctx, h.main, next)
	return err == nil, err
}

// nextMaster is the new key of a data directory that has been put under it.
func (c *program) nextMaster(ctx context.Context, h *house) (sealed.Master, error) {
	if path := c.Env(nextKey.file); path != "" {
		return masterFromFile(path)
	}
	return c.stretched(ctx, h, nextKey)
}

// newMaster is the key that a data directory is about to be put under.
func (c *program) newMaster(h *house) (m newMaster, err error) {
	if h.settings.Sandbox {
		m.key, err = c.drawMaster(filepath.Join(h.rotated()+unfinished, rotationFiles, masterFile))
		return m, err
	}
	if path := c.Env(nextKey.file); path != "" {
		m.key, err = masterFromFile(path)
		return m, err
	}
	passphrase, err := c.passphrase(nextKey)
	if err != nil {
		return m, err
	}
	stretch, err := sealed.NewStretch(c.Rand)
	if err != nil {
		return m, err
	}
	m.stretch = &stretch
	m.key, err = sealed.MasterFromPassphrase(passphrase, stretch)
	return m, err
}

// prepareRotation writes everything anew under the new key, and reads it back. Nothing in place changes.
func (c *program) prepareRotation(ctx context.Context, h *house, next *newMaster) error {
	made := h.rotated() + unfinished
	if next.key == h.master {
		return errSameMaster
	}
	for _, name := range backedUp() {
		e, err := h.engineNamed(name)
		if err != nil {
			return err
		}
		if e == nil {
			continue
		}
		record, err := sealed.RewrappedKeyring(ctx, e, h.master, next.key, c.Rand)
		if isKept(name) && errors.Is(err, sealed.ErrNoKeyring) {
			continue // made and never used
		}
		if err != nil {
			return fmt.Errorf("keyring of %s: %w", name, err)
		}
		if err := c.prepareFile(filepath.Join(made, rotationKeyrings, name), record); err != nil {
			return err
		}
	}
	if next.stretch != nil {
		if err := c.prepareFile(filepath.Join(made, rotationStretch), next.stretch.Marshal()); err != nil {
			return err
		}
	}
	return c.prepareKeyFiles(h, next.key)
}

var errSameMaster = cli.Usage("新的主密钥与现在的相同", "the new master key is the present one")

func (c *program) prepareFile(path string, content []byte) error {
	c.atWrite()
	return writeFile(path, content)
}

// atWrite says that a change of the master key is about to write something.
func (c *program) atWrite() {
	if c.beforeWrite != nil {
		c.beforeWrite()
	}
}

// prepareKeyFiles encrypts every key file of the data directory anew, but those of a sandbox's systems, which have a
// passphrase of their own.
func (c *program) prepareKeyFiles(h *house, next sealed.Master) error {
	to := filepath.Join(h.rotated()+unfinished, rotationFiles, keysDir)
	from, systems := filepath.Join(h.dir, keysDir), filepath.Join(h.dir, sandboxSystems)
	return filesBelow(from, func(name string) error {
		if strings.HasPrefix(filepath.Join(from, name), systems+string(filepath.Separator)) {
			return nil
		}
		text, err := os.ReadFile(filepath.Join(from, name))
		if err != nil || !bytes.HasPrefix(text, []byte(encryptedHead)) {
			return err
		}
		text, err = c.reencrypt(text, h.master, next)
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Join(keysDir, name), err)
		}
		return c.prepareFile(filepath.Join(to, name), text)
	})
}

const (
	keysDir       = "keys"
	encryptedHead = "-----BEGIN ENCRYPTED PRIVATE KEY-----"
)

// reencrypt puts the key of a key file under another master key; the certificates behind it stay as they are.
func (c *program) reencrypt(text []byte, from, to sealed.Master) ([]byte, error) {
	at := bytes.Index(text, []byte(certificateHead))
	if at < 0 {
		at = len(text)
	}
	key, err := pki.ParseKey(text[:at], keyPassphrase(from))
	if err != nil {
		return nil, err
	}
	again, err := pki.MarshalKey(key, keyPassphrase(to), c.Rand)
	if err != nil {
		return nil, err
	}
	read, err := pki.ParseKey(again, keyPassphrase(to))
	if err != nil {
		return nil, err
	}
	before, err := pki.PublicKeyOf(key.Public())
	if err != nil {
		return nil, err
	}
	if after, err := pki.PublicKeyOf(read.Public()); err != nil || !after.Equal(before) {
		return nil, errKeyMismatch
	}
	return append(again, text[at:]...), nil
}

// decide gives what was prepared its name, once all of it is on the disk.
func (c *program) decide(made, dir string) error {
	err := filepath.WalkDir(made, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		return syncDir(path)
	})
	if err != nil {
		return err
	}
	c.atWrite()
	return moveFile(made, dir)
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	_ = dir.Sync() // not every file system can
	return dir.Close()
}
