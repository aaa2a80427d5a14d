package files

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/engine"
)

// Overhead is what is counted for a file beside its content: a flood of empty files fills a disk too.
const Overhead = 512

// counted is how much of its owner's room a file takes.
func (f *File) counted() int64 { return f.Size + Overhead }

func (s *Store) ownersKey(owner string) []byte {
	d := sm3.Sum([]byte(owner))
	return s.key('o', d[:])
}

func (s *Store) ownerKey(f *File, id []byte) []byte {
	at := uint64(f.Created.Unix()) //nolint:gosec // after 1970
	return append(binary.BigEndian.AppendUint64(s.ownersKey(f.Owner), at), id...)
}

// List gives files of an owner, the newest first, beginning behind the one of that id; "": with the newest.
func (s *Store) List(ctx context.Context, owner, after string, limit int) ([]*File, error) {
	all := engine.Range{Prefix: s.ownersKey(owner), Reverse: true, KeysOnly: true}
	var list []*File
	err := s.cfg.Engine.View(ctx, func(r engine.Reader) error {
		list = nil
		if after != "" {
			var err error
			if all.Start, err = s.placeOf(r, owner, after); err != nil {
				return err
			}
		}
		var ids [][]byte
		err := r.Scan(all, func(k, _ []byte) (bool, error) {
			if len(k) != len(all.Prefix)+8+idBytes {
				return false, fmt.Errorf("%w: list of files", ErrDamaged)
			}
			if !bytes.Equal(k, all.Start) {
				ids = append(ids, slices.Clone(k[len(k)-idBytes:]))
			}
			return len(ids) < limit, nil
		})
		if err != nil {
			return err
		}
		for _, id := range ids {
			f, err := s.get(r, id)
			if err != nil {
				return err
			}
			list = append(list, f)
		}
		return nil
	})
	return list, err
}

// placeOf is where a file stands in its owner's list; another's is not found.
func (s *Store) placeOf(r engine.Reader, owner, id string) ([]byte, error) {
	raw, err := parseID(id)
	if err != nil {
		return nil, err
	}
	f, err := s.get(r, raw)
	if err != nil {
		return nil, err
	}
	if f.Owner != owner {
		return nil, ErrNotFound
	}
	return s.ownerKey(f, raw), nil
}

// entered is how many files are listed in one transaction.
const entered = 500

// enter counts files and lists them by owner where that was never done. A crash in between leaves it undone, and it
// begins anew: counts become durable with the mark that it is done.
func (s *Store) enter(ctx context.Context) error {
	done := false
	sums := map[string]int64{}
	var keys [][]byte
	err := s.cfg.Engine.View(ctx, func(r engine.Reader) error {
		done, keys = false, nil
		clear(sums)
		_, err := r.Get(s.key('n'))
		if done = err == nil; done || !errors.Is(err, engine.ErrNotFound) {
			return err
		}
		return r.Scan(engine.Range{Prefix: s.key('f')}, func(k, v []byte) (bool, error) {
			f, err := parseManifest(hex.EncodeToString(k[2:]), v)
			if err != nil {
				return false, err
			}
			sums[f.Owner] += f.counted()
			keys = append(keys, s.ownerKey(f, k[2:]))
			return true, nil
		})
	})
	if err != nil || done {
		return err
	}
	for part := range slices.Chunk(keys, entered) {
		err := s.cfg.Engine.Update(ctx, func(w engine.Writer) error {
			for _, k := range part {
				if err := w.Put(k, nil); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return s.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		for _, owner := range slices.Sorted(maps.Keys(sums)) {
			if err := s.cfg.Accounts.Add(w, owner, sums[owner]); err != nil {
				return err
			}
		}
		return w.Put(s.key('n'), nil)
	})
}
