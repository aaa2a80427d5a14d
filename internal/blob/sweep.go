package blob

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/elicense/elicense/internal/engine"
)

// sweepPage is how many blobs a sweep looks at in one View.
const sweepPage = 1000

// Sweep implements Store. It asks Referenced outside of transactions, once for each blob that is old enough.
func (s *Embedded) Sweep(ctx context.Context, what Sweeping) (Swept, error) {
	s.beginSweep()
	defer s.endSweep()
	var swept Swept
	if !what.DryRun {
		if err := s.sweepUploads(ctx); err != nil {
			return Swept{}, fmt.Errorf("sweeping uploads: %w", err)
		}
	}
	for start := key('h', Address{}); start != nil; {
		page, next, err := s.page(ctx, 'h', start)
		if err != nil {
			return swept, fmt.Errorf("listing blobs: %w", err)
		}
		for _, f := range page {
			removed, err := s.sweepOne(ctx, f, what)
			if err != nil {
				return swept, fmt.Errorf("sweeping blob: %w", err)
			}
			if !removed {
				swept.Kept++
				continue
			}
			swept.Removed++
			swept.RemovedBytes += f.length
		}
		start = next
	}
	return swept, nil
}

// found is a blob as the listing shows it.
type found struct {
	address Address
	manifest
}

// page lists up to sweepPage keys of a space from start on, and where to go on, nil at the end.
func (s *Embedded) page(ctx context.Context, space byte, start []byte) (page []found, next []byte, err error) {
	err = s.cfg.Engine.View(ctx, func(r engine.Reader) error {
		page, next = page[:0], nil
		rg := engine.Range{Prefix: []byte{space}, Start: start}
		return r.Scan(rg, func(k, value []byte) (bool, error) {
			if len(k) != 1+len(Address{}) {
				return false, fmt.Errorf("%w: key", ErrCorrupt)
			}
			if len(page) == sweepPage {
				next = append([]byte(nil), k...)
				return false, nil
			}
			f := found{address: Address(k[1:])}
			if space == 'h' {
				var err error
				if f.manifest, err = parseManifest(value); err != nil {
					return false, err
				}
			}
			page = append(page, f)
			return true, nil
		})
	})
	return page, next, err
}

func (s *Embedded) sweepOne(ctx context.Context, f found, what Sweeping) (removed bool, err error) {
	if !f.put.Before(what.OlderThan) {
		return false, nil
	}
	wanted, err := what.Referenced(f.address)
	if err != nil || wanted {
		return false, err
	}
	if what.DryRun {
		return true, nil
	}
	return s.remove(ctx, f.address, what.OlderThan)
}

// remove deletes a blob unless it has been put again. A Put of the same content that begins after the question was
// asked here runs its transaction after this one, finds no manifest and stores the whole blob.
func (s *Embedded) remove(ctx context.Context, a Address, olderThan time.Time) (removed bool, err error) {
	err = s.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		removed = false
		m, err := readManifest(w, a)
		if errors.Is(err, ErrNotFound) || err == nil && !m.put.Before(olderThan) || s.isKept(a) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := removeChunks(w, a); err != nil {
			return err
		}
		removed = true
		return w.Delete(key('h', a))
	})
	return removed && err == nil, err
}

func removeChunks(w engine.Writer, a Address) error {
	var keys [][]byte
	err := w.Scan(engine.Range{Prefix: key('c', a), KeysOnly: true}, func(k, _ []byte) (bool, error) {
		keys = append(keys, append([]byte(nil), k...))
		return true, nil
	})
	if err != nil {
		return err
	}
	for _, k := range keys {
		if err := w.Delete(k); err != nil {
			return err
		}
	}
	return nil
}

// sweepUploads removes what crashed uploads have left. Uploads under way are kept by their Puts.
func (s *Embedded) sweepUploads(ctx context.Context) error {
	for start := key('p', Address{}); start != nil; {
		page, next, err := s.page(ctx, 'p', start)
		if err != nil {
			return err
		}
		for _, f := range page {
			if err := s.removeUpload(ctx, f.address); err != nil {
				return err
			}
		}
		start = next
	}
	return nil
}

func (s *Embedded) removeUpload(ctx context.Context, a Address) error {
	return s.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		if s.isKept(a) {
			return nil
		}
		if _, err := readManifest(w, a); err == nil {
			return w.Delete(key('p', a)) // another upload of the same content has finished
		} else if !errors.Is(err, ErrNotFound) {
			return err
		}
		if err := removeChunks(w, a); err != nil {
			return err
		}
		return w.Delete(key('p', a))
	})
}

// beginSweep keeps the blobs that are being put right now; those put later keep themselves.
func (s *Embedded) beginSweep() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweeps++
	for a := range s.putting {
		s.kept[a] = true
	}
}

func (s *Embedded) endSweep() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sweeps--; s.sweeps == 0 {
		clear(s.kept)
	}
}

func (s *Embedded) isKept(a Address) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept[a]
}
