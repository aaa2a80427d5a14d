package ledger_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/elicense/elicense/vault/ledger"
)

// world is a small ledger with one event whose salt and content are known.
type world struct {
	store *store
	size  uint64
	index uint64
	salt  [ledger.SaltBytes]byte
	event []byte
	log   key
}

func newWorld(t testing.TB) world {
	t.Helper()
	w := world{
		store: newStore(t), index: 300, salt: [16]byte{9, 9, 9}, log: newKey(origin),
		event: []byte("issued 1.2.156.3005.2.example"),
	}
	leaves := events(0, 1000)
	leaves[w.index] = ledger.Commit(w.salt, w.event)
	writes, _, size, err := ledger.Append(0, w.store.read, leaves)
	require.NoError(t, err)
	w.store.write(writes)
	w.size = size
	return w
}

func (w world) checkpoint(t testing.TB, size uint64) []byte {
	t.Helper()
	root, err := ledger.Root(size, w.store.read)
	require.NoError(t, err)
	return signed(t, ledger.Checkpoint{Origin: origin, Size: size, Root: root})
}

func (w world) proof(t testing.TB) ledger.Proof {
	t.Helper()
	hashes, err := ledger.InclusionProof(w.index, w.size, w.store.read)
	require.NoError(t, err)
	return ledger.Proof{
		Index: w.index, Salt: w.salt[:], Event: w.event, Hashes: hashes, Checkpoint: w.checkpoint(t, w.size),
	}
}

func TestVerifyProof(t *testing.T) {
	w := newWorld(t)
	commitment := ledger.Commit(w.salt, w.event)
	whole := w.proof(t)
	apart := whole
	apart.Event = nil
	hidden := apart
	hidden.Salt, hidden.Commitment = nil, commitment[:]
	tests := []struct {
		name  string
		proof ledger.Proof
		event []byte
		want  []byte
	}{
		{"event-inside", whole, nil, w.event},
		{"event-inside-and-given", whole, w.event, w.event},
		{"event-apart", apart, w.event, w.event},
		{"commitment", hidden, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data, err := ledger.AppendProof(nil, tt.proof)
			require.NoError(t, err)
			golden(t, "proof-"+tt.name+".txt", data)
			p, err := ledger.ParseProof(data)
			require.NoError(t, err)
			require.Equal(t, tt.proof, p)
			report, err := ledger.VerifyProof(p, tt.event, w.log)
			require.NoError(t, err)
			require.Equal(t, tt.want, report.Event)
			require.Equal(t, commitment, report.Commitment)
			require.Equal(t, origin, report.Origin)
			require.Equal(t, w.size, report.Size)
			require.Equal(t, w.index, report.Index)
			require.Len(t, report.SignedBy, 1)
		})
	}
}

func TestVerifyProofRefuses(t *testing.T) {
	w := newWorld(t)
	commitment := ledger.Commit(w.salt, w.event)
	other := []byte("revoked")
	tests := []struct {
		name   string
		change func(*ledger.Proof)
		event  []byte
		want   error
	}{
		{"other event given", func(*ledger.Proof) {}, other, ledger.ErrEvent},
		{"other event inside", func(p *ledger.Proof) { p.Event = other }, nil, ledger.ErrMismatch},
		{"other event apart", func(p *ledger.Proof) { p.Event = nil }, other, ledger.ErrMismatch},
		{"empty event given", func(p *ledger.Proof) { p.Event = nil }, []byte{}, ledger.ErrMismatch},
		{"no event at all", func(p *ledger.Proof) { p.Event = nil }, nil, ledger.ErrEvent},
		{"other salt", func(p *ledger.Proof) { p.Salt = make([]byte, 16) }, nil, ledger.ErrMismatch},
		{"short salt", func(p *ledger.Proof) { p.Salt = p.Salt[:15] }, nil, ledger.ErrProof},
		{"no salt", func(p *ledger.Proof) { p.Salt = nil }, nil, ledger.ErrProof},
		{"event for a bare commitment", func(p *ledger.Proof) {
			p.Salt, p.Event, p.Commitment = nil, nil, commitment[:]
		}, w.event, ledger.ErrEvent},
		{"salt and commitment", func(p *ledger.Proof) { p.Commitment = commitment[:] }, nil, ledger.ErrProof},
		{"next place", func(p *ledger.Proof) { p.Index++ }, nil, ledger.ErrMismatch},
		{"place outside", func(p *ledger.Proof) { p.Index = w.size }, nil, ledger.ErrSize},
		{"place far outside", func(p *ledger.Proof) { p.Index = ledger.MaxSize }, nil, ledger.ErrProof},
		{"hash missing", func(p *ledger.Proof) { p.Hashes = p.Hashes[1:] }, nil, ledger.ErrMismatch},
		{"hash too many", func(p *ledger.Proof) {
			p.Hashes = append(p.Hashes, ledger.Hash{})
		}, nil, ledger.ErrMismatch},
		{"hashes swapped", func(p *ledger.Proof) {
			p.Hashes[0], p.Hashes[1] = p.Hashes[1], p.Hashes[0]
		}, nil, ledger.ErrMismatch},
		{"far too many hashes", func(p *ledger.Proof) { p.Hashes = make([]ledger.Hash, 65) }, nil, ledger.ErrProof},
		{"other size", func(p *ledger.Proof) { p.Checkpoint = w.checkpoint(t, w.size-1) }, nil, ledger.ErrMismatch},
		{"no checkpoint", func(p *ledger.Proof) { p.Checkpoint = nil }, nil, ledger.ErrProof},
		{"checkpoint of another key", func(p *ledger.Proof) {
			p.Checkpoint = signed(t, ledger.Checkpoint{Origin: "other.test", Size: w.size})
		}, nil, ledger.ErrSignature},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := w.proof(t)
			tt.change(&p)
			report, err := ledger.VerifyProof(p, tt.event, w.log)
			require.ErrorIs(t, err, tt.want)
			require.Zero(t, report)
		})
	}
	_, err := ledger.VerifyProof(w.proof(t), nil)
	require.ErrorIs(t, err, ledger.ErrSignature)
}

// TestNodeIsNoLeaf: the hash of an inner node cannot be passed off as a leaf.
func TestNodeIsNoLeaf(t *testing.T) {
	s := newStore(t)
	all := events(0, 4)
	writes, root, _, err := ledger.Append(0, s.read, all)
	require.NoError(t, err)
	s.write(writes)
	hashes, err := ledger.InclusionProof(0, 4, s.read)
	require.NoError(t, err)
	first := ledger.LeafHash(all[0])
	p := ledger.Proof{
		Commitment: first[:], Hashes: hashes[1:],
		Checkpoint: signed(t, ledger.Checkpoint{Origin: origin, Size: 4, Root: root}),
	}
	_, err = ledger.VerifyProof(p, nil, newKey(origin))
	require.ErrorIs(t, err, ledger.ErrMismatch)
}

// TestProofTampering flips every bit of a proof file; none passes.
func TestProofTampering(t *testing.T) {
	w := newWorld(t)
	data, err := ledger.AppendProof(nil, w.proof(t))
	require.NoError(t, err)
	check := func(bad []byte) error {
		p, err := ledger.ParseProof(bad)
		if err != nil {
			require.Zero(t, p)
			return err
		}
		_, err = ledger.VerifyProof(p, nil, w.log)
		return err
	}
	require.NoError(t, check(data))
	for i := range data {
		for bit := range 8 {
			bad := bytes.Clone(data)
			bad[i] ^= 1 << bit
			require.Error(t, check(bad), "byte %d bit %d", i, bit)
		}
	}
	for i := range data {
		require.Error(t, check(data[:i]))
	}
	require.Error(t, check(append(bytes.Clone(data), '\n')))
	require.Error(t, check(append([]byte("\n"), data...)))
}

func TestParseProofRefuses(t *testing.T) {
	w := newWorld(t)
	data, err := ledger.AppendProof(nil, w.proof(t))
	require.NoError(t, err)
	good := string(data)
	b64 := base64.StdEncoding.EncodeToString
	salt := "salt " + b64(w.salt[:]) + "\n"
	event := "event " + b64(w.event) + "\n"
	tests := []struct {
		name     string
		old, new string
	}{
		{"header", "proof v1", "proof v2"},
		{"no index", "index 300\n", ""},
		{"index twice", "index 300\n", "index 300\nindex 300\n"},
		{"index with zero", "index 300", "index 0300"},
		{"index with plus", "index 300", "index +300"},
		{"index empty", "index 300", "index "},
		{"salt twice", salt, salt + salt},
		{"salt empty", salt, "salt \n"},
		{"salt of padding", salt, "salt ====\n"},
		{"salt short", salt, "salt " + b64(w.salt[:15]) + "\n"},
		{"salt long", salt, "salt " + b64(make([]byte, 17)) + "\n"},
		{"salt unpadded", salt, strings.TrimRight(salt, "=\n") + "\n"},
		{"salt carriage return", salt, strings.TrimRight(salt, "\n") + "\r\n"},
		{"salt double space", salt, strings.Replace(salt, " ", "  ", 1)},
		{"event before salt", salt + event, event + salt},
		{"event without salt", salt, ""},
		{"event empty", event, "event \n"},
		{"event too long", event, "event " + b64(make([]byte, ledger.MaxEventBytes+1)) + "\n"},
		{"unknown line", event, event + "extra AAAA\n"},
		{"salt and commitment", salt, "commitment " + b64(make([]byte, 32)) + "\n" + salt},
		{"commitment short", salt + event, "commitment " + b64(make([]byte, 31)) + "\n"},
		{"too many hashes", event, event + strings.Repeat(b64(make([]byte, 32))+"\n", 65)},
		{"hash short", event, event + b64(make([]byte, 31)) + "\n"},
		{"no blank line", "\n\n" + origin, "\n" + origin},
		{"everything", good, ""},
		{"too big", event, event + strings.Repeat("x", ledger.MaxProofBytes)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Contains(t, good, tt.old)
			p, err := ledger.ParseProof([]byte(strings.Replace(good, tt.old, tt.new, 1)))
			if err == nil { // the blank line before the signature was taken for the one before the checkpoint
				_, err = ledger.VerifyProof(p, nil, w.log)
				require.Error(t, err)
				return
			}
			require.ErrorIs(t, err, ledger.ErrProof)
			require.Zero(t, p)
		})
	}
}

func TestAppendProofRefuses(t *testing.T) {
	w := newWorld(t)
	for name, change := range map[string]func(*ledger.Proof){
		"empty event": func(p *ledger.Proof) { p.Event = []byte{} },
		"long event":  func(p *ledger.Proof) { p.Event = make([]byte, ledger.MaxEventBytes+1) },
		"salt":        func(p *ledger.Proof) { p.Salt = []byte{} },
		"checkpoint":  func(p *ledger.Proof) { p.Checkpoint = make([]byte, ledger.MaxCheckpointBytes+1) },
	} {
		p := w.proof(t)
		change(&p)
		data, err := ledger.AppendProof(nil, p)
		require.ErrorIs(t, err, ledger.ErrProof, name)
		require.Nil(t, data)
	}
}

func (w world) parsed(t testing.TB, size uint64) ledger.SignedCheckpoint {
	t.Helper()
	cp, err := ledger.ParseCheckpoint(w.checkpoint(t, size), w.log)
	require.NoError(t, err)
	return cp
}

func TestVerifyConsistency(t *testing.T) {
	w := newWorld(t)
	rapid.Check(t, func(rt *rapid.T) {
		older := rapid.Uint64Range(0, w.size).Draw(rt, "older")
		newer := rapid.Uint64Range(older, w.size).Draw(rt, "newer")
		proof, err := ledger.ConsistencyProof(older, newer, w.store.read)
		require.NoError(rt, err)
		a, b := w.parsed(t, older), w.parsed(t, newer)
		require.NoError(rt, ledger.VerifyConsistency(a, b, proof))
		if older < newer {
			require.ErrorIs(rt, ledger.VerifyConsistency(b, a, proof), ledger.ErrSize)
		}
		if len(proof) > 0 {
			i := rapid.IntRange(0, len(proof)-1).Draw(rt, "hash")
			proof[i][rapid.IntRange(0, 31).Draw(rt, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
			require.ErrorIs(rt, ledger.VerifyConsistency(a, b, proof), ledger.ErrMismatch)
		}
		require.Error(rt, ledger.VerifyConsistency(a, b, append(proof, ledger.Hash{})))
		require.Error(rt, ledger.VerifyConsistency(a, b, make([]ledger.Hash, 65)))
	})
}

// TestForkIsSeen: a ledger that shows two people different histories is caught, whatever proof it gives.
func TestForkIsSeen(t *testing.T) {
	honest := newWorld(t)
	forked := honest
	forked.store = newStore(t)
	leaves := events(0, 1000) // without the event the honest ledger has at 300
	writes, _, _, err := ledger.Append(0, forked.store.read, leaves)
	require.NoError(t, err)
	forked.store.write(writes)

	a := honest.parsed(t, 500)
	require.ErrorIs(t, ledger.VerifyConsistency(a, forked.parsed(t, 500), nil), ledger.ErrFork)
	b := forked.parsed(t, 900)
	for _, w := range []world{honest, forked} {
		proof, err := ledger.ConsistencyProof(500, 900, w.store.read)
		require.NoError(t, err)
		require.ErrorIs(t, ledger.VerifyConsistency(a, b, proof), ledger.ErrMismatch)
	}
	require.NoError(t, ledger.VerifyConsistency(honest.parsed(t, 300), forked.parsed(t, 300), nil))

	other := a
	other.Origin = "other.test"
	require.ErrorIs(t, ledger.VerifyConsistency(a, other, nil), ledger.ErrOrigin)
	var none ledger.SignedCheckpoint
	require.ErrorIs(t, ledger.VerifyConsistency(none, none, nil), ledger.ErrOrigin)
}

func FuzzProof(f *testing.F) {
	w := newWorld(f)
	whole := w.proof(f)
	for _, p := range []ledger.Proof{whole, {Index: 1, Commitment: make([]byte, 32), Checkpoint: whole.Checkpoint}} {
		data, err := ledger.AppendProof(nil, p)
		require.NoError(f, err)
		f.Add(data)
	}
	f.Add([]byte("elicense ledger proof v1\nindex 0\nsalt ====\n\nx"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ledger.ParseProof(data)
		if err != nil {
			require.Zero(t, p)
			return
		}
		again, err := ledger.AppendProof(nil, p)
		require.NoError(t, err)
		require.Equal(t, data, again)
		report, err := ledger.VerifyProof(p, nil, w.log)
		if err != nil {
			require.Zero(t, report)
		}
	})
}

func BenchmarkVerifyProof(b *testing.B) {
	w := newWorld(b)
	p := w.proof(b)
	for b.Loop() {
		if _, err := ledger.VerifyProof(p, nil, w.log); err != nil {
			b.Fatal(err)
		}
	}
}
