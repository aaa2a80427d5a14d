package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/convert"
)

// temporary is a file that is gone once it is closed.
type temporary struct{ *os.File }

func (t temporary) Close() error { return errors.Join(t.File.Close(), os.Remove(t.Name())) }

// converter is what conversions into a house are made with. The returned function removes what a dry run left.
func (w *world) converter(h *house, access vault.Access) (convert.Config, func() error) {
	var scratch string
	var engine *badger.Engine
	cfg := convert.Config{
		Vault: h.vault, Access: access, Now: w.now, Workers: workers(),
		Temp: func() (convert.TempFile, error) {
			f, err := os.CreateTemp("", "elicense-*")
			return temporary{f}, err
		},
		OpenDryRun: func(ctx context.Context, spec vault.BatchSpec) (*vault.DryRun, error) {
			var err error
			if scratch, err = os.MkdirTemp("", "elicense-dry-*"); err != nil {
				return nil, err
			}
			if engine, err = badger.Open(badger.Config{Dir: filepath.Join(scratch, "seen")}); err != nil {
				return nil, err
			}
			return h.vault.OpenDryRun(ctx, access, spec, engine)
		},
	}
	return cfg, func() error {
		if engine == nil {
			return nil
		}
		return errors.Join(engine.Close(), os.RemoveAll(scratch))
	}
}
