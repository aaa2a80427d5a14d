package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/elicense/elicense/internal/engine/sealed"
)

// A change of the master key is prepared in a directory of its own, where everything that the old key opens lies once
// more under the new one: the keyrings, the salt of a passphrase, the key files. Giving that directory its name decides:
// until then the old key opens the data directory and nothing in it has changed, from then on the new key does. What is
// decided is carried out without any key, by whoever opens the data directory next, and again from the start if that is
// broken off.
const (
	rotationDir      = "rotation"
	rotationKeyrings = "keyrings"   // by the engine's directory
	rotationStretch  = "passphrase" // if the new key comes from a passphrase
	rotationFiles    = "files"      // at their places in the data directory
)

// finishRotation carries out a change of the master key that was decided, and takes away what was only prepared. The
// engines are open and locked, so nobody else is here.
func (c *program) finishRotation(ctx context.Context, h *house) error {
	dir := filepath.Join(h.dir, rotationDir)
	if err := os.RemoveAll(dir + unfinished); err != nil {
		return err
	}
	if _, err := os.Stat(dir); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	for _, step := range c.rotationSteps(h) {
		c.atWrite()
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// errRotationPending keeps everybody from keyrings and key files while a change of the master key is decided and not
// carried out: the keyrings that it will put in place know nothing of a data key that was added since.
var errRotationPending = errors.New("a change of the master key is not finished")

// rotationPending is errRotationPending if it is so.
func (h *house) rotationPending() error {
	_, err := os.Stat(h.rotated())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	return errRotationPending
}

// withMaster does what changes a keyring or needs all of them to stay as they are.
func (h *house) withMaster(do func(sealed.Master) error) error {
	h.changing.Lock()
	defer h.changing.Unlock()
	if err := h.rotationPending(); err != nil {
		return err
	}
	return do(h.master)
}

// rotationSteps carry a decided change out. Each can be taken again, alone or with those before it.
func (c *program) rotationSteps(h *house) []func(context.Context) error {
	var steps []func(context.Context) error
	for _, name := range backedUp() {
		steps = append(steps, func(ctx context.Context) error { return h.replaceKeyring(ctx, name) })
	}
	files := func(context.Context) error { return c.replaceFiles(h.rotated(rotationFiles), h.dir) }
	end := func(context.Context) error { return c.endStep(h.rotated()) }
	return append(steps, h.replaceStretch, files, end)
}

func (h *house) rotated(name ...string) string {
	return filepath.Join(append([]string{h.dir, rotationDir}, name...)...)
}

func (h *house) replaceKeyring(ctx context.Context, name string) error {
	record, err := os.ReadFile(h.rotated(rotationKeyrings, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	e, err := h.engineNamed(name)
	if err != nil {
		return err
	}
	return sealed.ReplaceKeyring(ctx, e, record)
}

func (h *house) replaceStretch(ctx context.Context) error {
	record, err := os.ReadFile(h.rotated(rotationStretch))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	stretch, err := sealed.ParseStretch(record)
	if err != nil {
		return err
	}
	return sealed.SaveStretch(ctx, h.main, stretch)
}

// replaceFiles moves files to their places below another directory.
func (c *program) replaceFiles(from, to string) error {
	return filesBelow(from, func(name string) error {
		c.atWrite()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(to, name)), 0o700); err != nil {
			return err
		}
		return moveFile(filepath.Join(from, name), filepath.Join(to, name))
	})
}

// endStep takes the name of a directory that was carried out away first: half of it is never taken for the whole.
func (c *program) endStep(dir string) error {
	if err := moveFile(dir, dir+unfinished); err != nil {
		return err
	}
	c.atWrite()
	return os.RemoveAll(dir + unfinished)
}

// filesBelow calls visit for every file under a directory, by its path in it; there need not be such a directory.
func filesBelow(dir string, visit func(name string) error) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case d.IsDir():
			return nil
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		return visit(name)
	})
}
