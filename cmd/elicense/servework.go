package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/server"
	"github.com/elicense/elicense/vault/convert"
)

// What the service keeps apart from the vault: its own records, and files that were uploaded or made by long work.
const (
	serviceDir      = "service"
	serviceFilesDir = "service-files"
	serviceScratch  = "service-scratch" // of work under way; what a crash left there is removed at the start
)

// openKept opens an engine of the service, with a keyring of its own under the same master key.
func (c *program) openKept(ctx context.Context, h *house, name string) (*sealed.Engine, error) {
	e, err := h.openKeptEngine(name)
	if err != nil {
		return nil, err
	}
	store, err := c.store(ctx, h, name)
	if !errors.Is(err, sealed.ErrNoKeyring) {
		return store, err
	}
	if _, err := sealed.CreateKeyring(ctx, e, h.master, c.Rand); err != nil {
		return nil, err
	}
	return c.store(ctx, h, name)
}

// openKeptEngine opens an engine of the service, or gives the one that is open.
func (h *house) openKeptEngine(name string) (*badger.Engine, error) {
	if e := h.kept[name]; e != nil {
		return e, nil
	}
	e, err := badger.Open(badger.Config{
		Dir: filepath.Join(h.dir, name), GCInterval: gcInterval, ReserveBytes: h.settings.reserveBytes(),
	})
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", name, err)
	}
	h.engines = append(h.engines, e)
	if h.kept == nil {
		h.kept = map[string]*badger.Engine{}
	}
	h.kept[name] = e
	return e, nil
}

// serviceWork is what long work needs.
type serviceWork struct {
	files      blob.Store
	converting *server.Converting
}

func (c *program) openWork(ctx context.Context, h *house) (*serviceWork, error) {
	store, err := c.openKept(ctx, h, serviceFilesDir)
	if err != nil {
		return nil, err
	}
	files, err := blob.Open(blob.Config{Engine: store, Now: c.Now, Hash: store.Keys().AddressHash})
	if err != nil {
		return nil, err
	}
	scratch := filepath.Join(h.dir, serviceScratch)
	if err := errors.Join(os.RemoveAll(scratch), os.Mkdir(scratch, 0o700)); err != nil {
		return nil, err
	}
	return &serviceWork{files: files, converting: &server.Converting{
		Temp:    func() (convert.TempFile, error) { return newTemporary(scratch) },
		Scratch: func(context.Context) (engine.Engine, func() error, error) { return h.scratchEngine(scratch) },
		Workers: workers(),
	}}, nil
}

// scratchEngine is an empty engine that its function removes.
func (h *house) scratchEngine(in string) (engine.Engine, func() error, error) {
	dir, err := os.MkdirTemp(in, "seen")
	if err != nil {
		return nil, nil, err
	}
	e, err := badger.Open(badger.Config{Dir: dir, ReserveBytes: h.settings.reserveBytes()})
	if err != nil {
		return nil, nil, err
	}
	return e, func() error { return errors.Join(e.Close(), os.RemoveAll(dir)) }, nil
}

// alongside runs long work beside the answering of requests. When that ends, or the context does, work under way goes
// back into its queue; when the work fails, no more requests are answered.
func alongside(ctx context.Context, work, answer func(context.Context) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	worked := make(chan error, 1)
	go func() {
		err := work(ctx)
		if err != nil {
			err = fmt.Errorf("long work: %w", err)
			stop()
		}
		worked <- err
	}()
	err := answer(ctx)
	stop()
	return errors.Join(err, <-worked)
}
