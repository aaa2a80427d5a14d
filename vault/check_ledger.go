package vault

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
)

// ledger rebuilds the tree from the stream of leaves and holds it against the events, the stored tiles, the head and
// the checkpoints.
func (ip *inspector) ledger() error {
	size, root, err := treeHead(ip.r)
	if err != nil {
		ip.in.find("ledger", "head is damaged")
		return nil //nolint:nilerr // found
	}
	ip.in.Leaves, ip.in.Root = size, root
	if ip.losses, err = losses(ip.r); err != nil {
		ip.in.find("ledger", "what was lost is damaged")
		return nil //nolint:nilerr // found
	}
	tree := &rebuilding{open: map[ledger.TileID][]byte{}}
	if tree.frontier, err = ledger.NewFrontier(0, nil); err != nil {
		return err
	}
	err = ip.r.Scan(engine.Range{Prefix: []byte{spaceStream}}, func(k, value []byte) (bool, error) {
		at := tree.frontier.Size()
		if len(k) != 9 || len(value)%stagedLeafBytes != 0 || binary.BigEndian.Uint64(k[1:]) != at {
			ip.in.find("ledger", "stream breaks at leaf %d", at)
			return false, nil
		}
		return true, ip.extend(tree, value)
	})
	if err != nil {
		return err
	}
	for id, data := range tree.open {
		ip.tile(id, data)
	}
	if tree.frontier.Size() != size || size > 0 && tree.frontier.Root() != ledger.Hash(root) {
		ip.in.find("ledger", "tree does not follow from its leaves")
	}
	err = ip.r.Scan(engine.Range{Prefix: []byte{spaceStaged}}, func(_, value []byte) (bool, error) {
		for b := value; len(b) >= stagedLeafBytes; b = b[stagedLeafBytes:] {
			ip.streamed(b)
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	return ip.checkpoints(size)
}

// rebuilding is a tree on its way; tiles that are not full yet wait in open for their last state.
type rebuilding struct {
	frontier ledger.Frontier
	open     map[ledger.TileID][]byte
}

func (ip *inspector) extend(tree *rebuilding, value []byte) error {
	leaves := make([]ledger.Hash, 0, len(value)/stagedLeafBytes)
	for b := value; len(b) > 0; b = b[stagedLeafBytes:] {
		if isVoid(b) {
			ip.void(tree.frontier.Size()+uint64(len(leaves)), b)
		} else {
			ip.streamed(b)
		}
		leaves = append(leaves, ledger.Hash(b[20:stagedLeafBytes]))
	}
	next, writes, err := tree.frontier.Append(leaves)
	if err != nil {
		return err
	}
	tree.frontier = next
	for _, t := range writes {
		if len(t.Data) < ledger.MaxTileBytes {
			tree.open[t.ID] = bytes.Clone(t.Data)
			continue
		}
		delete(tree.open, t.ID)
		ip.tile(t.ID, t.Data)
	}
	return nil
}

func (ip *inspector) tile(id ledger.TileID, want []byte) {
	if data, err := ip.r.Get(tileKey(id)); err != nil || !bytes.Equal(data, want) {
		ip.in.find("ledger", "tile %d of level %d does not follow from the leaves", id.Index, id.Level)
	}
}

// void holds a leaf without an event against the losses that were accepted.
func (ip *inspector) void(index uint64, leaf []byte) {
	ip.in.Void++
	inLoss := slices.ContainsFunc(ip.losses, func(l Lost) bool { return l.From <= index && index < l.To })
	if !inLoss || ledger.VoidLeaf(index) != ledger.Hash(leaf[20:stagedLeafBytes]) {
		ip.in.find("ledger", "leaf %d stands for no event and was not given up for lost", index)
	}
}

// streamed holds a leaf of the stream against the event it stands for.
func (ip *inspector) streamed(leaf []byte) {
	id, number := licenceID(leaf[:16]), int(binary.BigEndian.Uint32(leaf[16:20]))
	st, err := getStoredEvent(ip.r, id, number)
	if err != nil || ledger.Commit(st.salt, st.raw) != ledger.Hash(leaf[20:stagedLeafBytes]) {
		ip.in.find("ledger", "a leaf stands for no event")
	}
}

func (ip *inspector) checkpoints(size uint64) error {
	var newest record.Checkpoint
	err := ip.r.Scan(engine.Range{Prefix: []byte{spaceCheckpoint}}, func(k, value []byte) (bool, error) {
		at := binary.BigEndian.Uint64(k[1:])
		root, err := ledger.Root(at, tileReader(ip.r))
		if err != nil || at > size {
			ip.in.find("ledger", "checkpoint at %d is beyond the tree", at)
			return true, nil //nolint:nilerr // the finding says it
		}
		lines, err := lossLines(ip.r, at)
		if err != nil {
			return false, err
		}
		text, err := ledger.AppendCheckpoint(nil, ledger.Checkpoint{
			Origin: ip.v.Name(), Size: at, Root: root, Extensions: lines,
		})
		if err != nil || !bytes.HasPrefix(value, append(text, '\n')) {
			ip.in.find("ledger", "checkpoint at %d is not of this tree", at)
			return true, nil //nolint:nilerr // the finding says it
		}
		if len(ip.v.cfg.CheckpointKeys) > 0 {
			if _, err := ledger.ParseCheckpoint(value, ip.v.cfg.CheckpointKeys...); err != nil {
				ip.in.find("ledger", "signature of the checkpoint at %d is refused", at)
			}
		}
		newest = record.Checkpoint{Size: int(at), Root: root} //nolint:gosec // below 2^62
		return true, nil
	})
	if err != nil {
		return err
	}
	if last, _, err := lastSigned(ip.r); err != nil || last != newest {
		ip.in.find("ledger", "the last checkpoint is not the newest")
	}
	return nil
}
