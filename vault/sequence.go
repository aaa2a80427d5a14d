package vault

import (
	"context"
	"errors"
	"fmt"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
)

// sequenceLeaves bounds how many leaves one transaction of the sequencer takes into the ledger.
const sequenceLeaves = 16 << 10

// Sequence gives every staged leaf its place in the ledger and returns the ledger's size. It is the only writer of
// the tree; several of them may run, the engine lets one at a time through. A restored vault gives no places: it
// could give a place twice.
func (v *Vault) Sequence(ctx context.Context) (uint64, error) {
	if err := v.writable(ctx); err != nil {
		return 0, err
	}
	return v.sequence(ctx, openForWriting)
}

// sequence takes in what is staged, while guard lets it; nil lets it always.
func (v *Vault) sequence(ctx context.Context, guard func(engine.Reader) error) (uint64, error) {
	v.sequencing.Lock()
	defer v.sequencing.Unlock()
	for {
		size, more, err := v.sequenceOnce(ctx, guard)
		if err != nil || !more {
			return size, err
		}
	}
}

// stagedGroup is the leaves of one transaction.
type stagedGroup struct {
	place  []byte
	leaves []byte
}

func (v *Vault) sequenceOnce(ctx context.Context, guard func(engine.Reader) error) (
	size uint64, more bool, err error,
) {
	err = v.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		if guard != nil {
			if err := guard(w); err != nil {
				return err
			}
		}
		groups, full, err := stagedGroups(w)
		if err != nil {
			return err
		}
		size, _, err = treeHead(w)
		if err != nil || len(groups) == 0 {
			more = false
			return err
		}
		more = full
		size, err = appendGroups(w, size, groups)
		return err
	})
	return size, more, err
}

func stagedGroups(r engine.Reader) (groups []stagedGroup, full bool, err error) {
	n := 0
	err = r.Scan(engine.Range{Prefix: []byte{spaceStaged}}, func(k, value []byte) (bool, error) {
		if len(k) != 17 || len(value)%stagedLeafBytes != 0 {
			return false, fmt.Errorf("%w: staged leaves", ErrDamaged)
		}
		groups = append(groups, stagedGroup{append([]byte(nil), k[1:]...), append([]byte(nil), value...)})
		n += len(value) / stagedLeafBytes
		full = n >= sequenceLeaves
		return !full, nil
	})
	return groups, full, err
}

// appendGroups appends the leaves to the tree, moves each group from staging to the stream and remembers its place.
func appendGroups(w engine.Writer, size uint64, groups []stagedGroup) (uint64, error) {
	var commitments []ledger.Hash
	at := size
	for _, g := range groups {
		if err := moveGroup(w, g, at); err != nil {
			return 0, err
		}
		for b := g.leaves; len(b) > 0; b = b[stagedLeafBytes:] {
			commitments = append(commitments, ledger.Hash(b[20:stagedLeafBytes]))
			at++
		}
	}
	return appendLeaves(w, size, commitments)
}

// appendLeaves writes the tiles and the head of the tree with these leaves behind it.
func appendLeaves(w engine.Writer, size uint64, commitments []ledger.Hash) (uint64, error) {
	writes, root, newSize, err := ledger.Append(size, tileReader(w), commitments)
	if err != nil {
		return 0, fmt.Errorf("vault: appending to the ledger: %w", err)
	}
	for _, t := range writes {
		if err := w.Put(tileKey(t.ID), t.Data); err != nil {
			return 0, err
		}
	}
	return newSize, w.Put([]byte{spaceTree}, append(be64(newSize), root[:]...))
}

func moveGroup(w engine.Writer, g stagedGroup, at uint64) error {
	if err := w.Put(key(spacePlace, g.place), be64(at)); err != nil {
		return err
	}
	if err := w.Put(key(spaceStream, be64(at)), g.leaves); err != nil {
		return err
	}
	return w.Delete(key(spaceStaged, g.place))
}

func tileKey(id ledger.TileID) []byte { return key(spaceTile, []byte{id.Level}, be64(id.Index)) }

func tileReader(r engine.Reader) ledger.TileReader {
	return func(id ledger.TileID) ([]byte, error) { return r.Get(tileKey(id)) }
}

// treeHead is the ledger's size and root; zero and the zero digest while it is empty.
func treeHead(r engine.Reader) (uint64, record.Digest, error) {
	b, err := r.Get([]byte{spaceTree})
	if errors.Is(err, engine.ErrNotFound) {
		return 0, record.Digest{}, nil
	}
	if err != nil {
		return 0, record.Digest{}, err
	}
	d := decoder{b: b}
	var root record.Digest
	size := d.uint64()
	d.fixed(root[:])
	return size, root, d.end()
}

// Checkpoint sequences what is staged, signs the tree head and keeps the signed checkpoint. It returns the checkpoint's
// bytes; asking again without news returns the same.
func (v *Vault) Checkpoint(ctx context.Context) ([]byte, error) {
	if _, err := v.Sequence(ctx); err != nil {
		return nil, err
	}
	var size uint64
	var root record.Digest
	var known []byte
	var lines []string
	err := v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		var err error
		if size, root, err = treeHead(r); err != nil || size == 0 {
			return err
		}
		if lines, err = lossLines(r, size); err != nil {
			return err
		}
		known, err = r.Get(key(spaceCheckpoint, be64(size)))
		if errors.Is(err, engine.ErrNotFound) {
			return nil
		}
		return err
	})
	if err != nil || known != nil {
		return known, err
	}
	if size == 0 {
		return nil, refuse(ErrNotFound, CodeCheckpoint, "")
	}
	cp := ledger.Checkpoint{Origin: v.Name(), Size: size, Root: ledger.Hash(root), Extensions: lines}
	signed, err := ledger.SignCheckpoint(cp, v.cfg.Signer)
	if err != nil {
		return nil, fmt.Errorf("vault: signing a checkpoint: %w", err)
	}
	err = v.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		if err := openForWriting(w); err != nil {
			return err
		}
		var err error
		known, err = w.Get(key(spaceCheckpoint, be64(size)))
		if errors.Is(err, engine.ErrNotFound) {
			known = signed
			return putCheckpoint(w, cp, signed)
		}
		return err
	})
	return whole(known, err)
}

// lossLines are the lines by which a checkpoint of a size says what is lost; of very many losses the latest.
func lossLines(r engine.Reader, size uint64) ([]string, error) {
	list, err := losses(r)
	var lines []string
	for i := range list {
		if list[i].To <= size {
			lines = append(lines, list[i].extension())
		}
	}
	return lines[max(0, len(lines)-ledger.MaxExtensions):], err
}

// putCheckpoint keeps a signed checkpoint and, unless a newer one is known, remembers it as the last.
func putCheckpoint(w engine.Writer, cp ledger.Checkpoint, signed []byte) error {
	last, _, err := lastSigned(w)
	if err != nil {
		return err
	}
	if uint64(last.Size) < cp.Size { //nolint:gosec // never negative
		if err := w.Put([]byte{spaceLastSigned}, append(be64(cp.Size), cp.Root[:]...)); err != nil {
			return err
		}
	}
	return w.Put(key(spaceCheckpoint, be64(cp.Size)), signed)
}

// lastSigned gives the newest signed checkpoint, as statements name it and as it was signed; nil if there is none.
func lastSigned(r engine.Reader) (record.Checkpoint, []byte, error) {
	cp, err := lastNamed(r)
	if err != nil || cp.Size == 0 {
		return record.Checkpoint{}, nil, err
	}
	signed, err := r.Get(key(spaceCheckpoint, be64(uint64(cp.Size)))) //nolint:gosec // never negative
	if err != nil {
		return record.Checkpoint{}, nil, fmt.Errorf("%w: last checkpoint", ErrDamaged)
	}
	return cp, signed, nil
}

// lastNamed is lastSigned without the checkpoint itself.
func lastNamed(r engine.Reader) (record.Checkpoint, error) {
	b, err := r.Get([]byte{spaceLastSigned})
	if errors.Is(err, engine.ErrNotFound) {
		return record.Checkpoint{}, nil
	}
	if err != nil {
		return record.Checkpoint{}, err
	}
	d := decoder{b: b}
	cp := record.Checkpoint{Size: int(d.uint64())} //nolint:gosec // below 2^62
	d.fixed(cp.Root[:])
	return cp, d.end()
}

// Consistency proves that the ledger at an older size is a prefix of the one at a newer size.
func (v *Vault) Consistency(ctx context.Context, older, newer uint64) ([]ledger.Hash, error) {
	var hashes []ledger.Hash
	err := v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		var err error
		hashes, err = ledger.ConsistencyProof(older, newer, tileReader(r))
		return err
	})
	return hashes, err
}

// Growth is the consistency file that shows the ledger to have only grown between a size, which a receipt or a former
// checkpoint names, and the newest signed checkpoint. It tells nothing but hashes.
func (v *Vault) Growth(ctx context.Context, older uint64) ([]byte, error) {
	var file []byte
	err := v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		last, signed, err := lastSigned(r)
		if err != nil {
			return err
		}
		newer := uint64(last.Size) //nolint:gosec // never negative
		if older == 0 || older > newer {
			return refuse(ErrNotFound, CodeCheckpoint, "size")
		}
		list, err := losses(r)
		for i := range list {
			if list[i].From < older && older < list[i].To {
				return refuse(ErrNotFound, CodeLedgerLost, "size")
			}
		}
		if err != nil {
			return err
		}
		c := ledger.Consistency{Older: older, Checkpoint: signed}
		if c.OlderRoot, err = ledger.Root(older, tileReader(r)); err != nil {
			return fmt.Errorf("vault: reading the ledger: %w", err)
		}
		if c.Hashes, err = ledger.ConsistencyProof(older, newer, tileReader(r)); err != nil {
			return fmt.Errorf("vault: proving consistency: %w", err)
		}
		file, err = ledger.AppendConsistency(nil, c)
		return err
	})
	return whole(file, err)
}

// leafIndex finds an event's place in the ledger; ErrNotFound while it is only staged.
func leafIndex(r engine.Reader, st *storedEvent) (uint64, error) {
	b, err := r.Get(key(spacePlace, st.place[:]))
	if errors.Is(err, engine.ErrNotFound) {
		return 0, refuse(ErrNotFound, CodeCheckpoint, "")
	}
	if err != nil {
		return 0, err
	}
	d := decoder{b: b}
	base := d.uint64()
	return base + uint64(st.index), d.end() //nolint:gosec // never negative
}

// proofOf makes the inclusion proof of an event under the newest checkpoint, without the event itself.
func proofOf(r engine.Reader, st *storedEvent) ([]byte, error) {
	index, err := leafIndex(r, st)
	if err != nil {
		return nil, err
	}
	last, checkpoint, err := lastSigned(r)
	if err != nil {
		return nil, err
	}
	size := uint64(last.Size) //nolint:gosec // never negative
	if index >= size {
		return nil, refuse(ErrNotFound, CodeCheckpoint, "")
	}
	hashes, err := ledger.InclusionProof(index, size, tileReader(r))
	if err != nil {
		return nil, fmt.Errorf("vault: proving inclusion: %w", err)
	}
	p := ledger.Proof{Index: index, Salt: st.salt[:], Event: st.raw, Hashes: hashes, Checkpoint: checkpoint}
	return ledger.AppendProof(nil, p)
}

// NewestCheckpoint gives the newest signed checkpoint as it stands: nothing is sequenced or signed.
func (v *Vault) NewestCheckpoint(ctx context.Context) ([]byte, error) {
	var signed []byte
	err := v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		var err error
		if _, signed, err = lastSigned(r); err == nil && signed == nil {
			err = refuse(ErrNotFound, CodeCheckpoint, "")
		}
		return err
	})
	return whole(signed, err)
}
