package ledger_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/vault/ledger"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const origin = "ledger.example.test/vault"

// key is a deterministic note key, so that golden files stay the same. SM2 keys are tested in sm2_test.go.
type key struct {
	name    string
	private ed25519.PrivateKey
}

func newKey(name string) key {
	seed := sm3.Sum([]byte(name))
	return key{name: name, private: ed25519.NewKeyFromSeed(seed[:])}
}

func (k key) Name() string                    { return k.name }
func (k key) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(k.private, msg), nil }

func (k key) KeyHash() uint32 {
	h := sm3.Sum(append([]byte(k.name), k.private[32:]...))
	return binary.BigEndian.Uint32(h[:])
}

func (k key) Verify(msg, sig []byte) bool {
	return ed25519.Verify(ed25519.PublicKey(k.private[32:]), msg, sig)
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}

func signed(t testing.TB, cp ledger.Checkpoint) []byte {
	t.Helper()
	msg, err := ledger.SignCheckpoint(cp, newKey(cp.Origin))
	require.NoError(t, err)
	return msg
}

// cosign adds a line by another key, as a witness does.
func cosign(msg []byte, k key) []byte {
	text := msg[:strings.LastIndex(string(msg), "\n\n")+1]
	sig, _ := k.Sign(text)
	raw := append(binary.BigEndian.AppendUint32(nil, k.KeyHash()), sig...)
	return fmt.Appendf(append([]byte(nil), msg...), "— %s %s\n", k.name, base64.StdEncoding.EncodeToString(raw))
}

func sample() ledger.Checkpoint {
	return ledger.Checkpoint{Origin: origin, Size: 42, Root: sm3.Sum([]byte("root"))}
}

func TestCheckpointRoundTrip(t *testing.T) {
	for name, cp := range map[string]ledger.Checkpoint{
		"plain":      sample(),
		"empty":      {Origin: origin, Root: sm3.Sum(nil)},
		"extensions": {Origin: origin, Size: 7, Root: sm3.Sum(nil), Extensions: []string{"time 2017-06-30", "备注"}},
		"large":      {Origin: "x", Size: ledger.MaxSize, Root: ledger.Hash{1}},
	} {
		t.Run(name, func(t *testing.T) {
			msg := signed(t, cp)
			got, err := ledger.ParseCheckpoint(msg, newKey(cp.Origin))
			require.NoError(t, err)
			require.Equal(t, cp, got.Checkpoint)
			require.Equal(t, msg, got.Raw)
			require.Len(t, got.SignedBy, 1)
			require.Empty(t, got.Carried)
			golden(t, "checkpoint-"+name+".txt", msg)
		})
	}
}

func TestSignCheckpointRefuses(t *testing.T) {
	long := strings.Repeat("x", 1025)
	many := strings.Split(strings.Repeat("x", 17), "")
	for name, change := range map[string]func(*ledger.Checkpoint){
		"no origin":         func(cp *ledger.Checkpoint) { cp.Origin = "" },
		"space":             func(cp *ledger.Checkpoint) { cp.Origin = "a b" },
		"trailing space":    func(cp *ledger.Checkpoint) { cp.Origin = "a\u3000" },
		"plus":              func(cp *ledger.Checkpoint) { cp.Origin = "a+b" },
		"line in origin":    func(cp *ledger.Checkpoint) { cp.Origin = "a\n999" },
		"long origin":       func(cp *ledger.Checkpoint) { cp.Origin = long },
		"size":              func(cp *ledger.Checkpoint) { cp.Size = ledger.MaxSize + 1 },
		"root of nothing":   func(cp *ledger.Checkpoint) { cp.Size = 0 },
		"empty extension":   func(cp *ledger.Checkpoint) { cp.Extensions = []string{""} },
		"line in extension": func(cp *ledger.Checkpoint) { cp.Extensions = []string{"a\n\n— b"} },
		"long extension":    func(cp *ledger.Checkpoint) { cp.Extensions = []string{long} },
		"many extensions":   func(cp *ledger.Checkpoint) { cp.Extensions = many },
		"invalid utf-8":     func(cp *ledger.Checkpoint) { cp.Extensions = []string{"\xff"} },
	} {
		t.Run(name, func(t *testing.T) {
			cp := sample()
			change(&cp)
			msg, err := ledger.SignCheckpoint(cp, newKey(cp.Origin))
			require.ErrorIs(t, err, ledger.ErrCheckpoint)
			require.Nil(t, msg)
		})
	}
	_, err := ledger.SignCheckpoint(sample(), newKey("somebody.else"))
	require.ErrorIs(t, err, ledger.ErrSignature)
	_, err = ledger.SignCheckpoint(sample(), nil)
	require.ErrorIs(t, err, ledger.ErrSignature)
}

func TestParseCheckpointRefuses(t *testing.T) {
	good := string(signed(t, sample()))
	log, witness := newKey(origin), newKey("witness.example.test")
	resign := func(text string) string { // the text signed as it stands, malformed or not
		sig, _ := log.Sign([]byte(text))
		raw := append(binary.BigEndian.AppendUint32(nil, log.KeyHash()), sig...)
		return text + "\n— " + origin + " " + base64.StdEncoding.EncodeToString(raw) + "\n"
	}
	root := base64.StdEncoding.EncodeToString(make([]byte, 32))
	sigLine := good[strings.Index(good, "— "):]
	unsigned := []byte(good[:strings.Index(good, "\n\n")+2])
	forged := strings.Replace(string(cosign([]byte(good), witness)), "\n42\n", "\n43\n", 1)
	tests := []struct {
		name string
		msg  string
		want error
	}{
		{"empty", "", ledger.ErrCheckpoint},
		{"no signature", good[:strings.Index(good, "\n\n")+2], ledger.ErrCheckpoint},
		{"too big", good + strings.Repeat(sigLine, 2000), ledger.ErrCheckpoint},
		{"signature twice", good + sigLine, ledger.ErrCheckpoint},
		{"control character", resign(origin + "\n1\r\n" + root + "\n"), ledger.ErrCheckpoint},
		{"two lines", resign(origin + "\n1\n"), ledger.ErrCheckpoint},
		{"leading zero", resign(origin + "\n01\n" + root + "\n"), ledger.ErrCheckpoint},
		{"plus sign", resign(origin + "\n+1\n" + root + "\n"), ledger.ErrCheckpoint},
		{"negative", resign(origin + "\n-1\n" + root + "\n"), ledger.ErrCheckpoint},
		{"size over the limit", resign(origin + "\n9223372036854775807\n" + root + "\n"), ledger.ErrCheckpoint},
		{"short root", resign(origin + "\n1\n" + root[4:] + "\n"), ledger.ErrCheckpoint},
		{"unpadded root", resign(origin + "\n1\n" + strings.TrimRight(root, "=") + "\n"), ledger.ErrCheckpoint},
		{"root with spare bits", resign(origin + "\n1\n" + root[:42] + "B=\n"), ledger.ErrCheckpoint},
		{"url base64", resign(origin + "\n1\n" + "_" + root[1:] + "\n"), ledger.ErrCheckpoint},
		{"empty extension", resign(origin + "\n1\n" + root + "\n\n"), ledger.ErrCheckpoint},
		{"nothing signed, root not empty", resign(origin + "\n0\n" + root + "\n"), ledger.ErrCheckpoint},
		{"other origin", resign("other.test\n1\n" + root + "\n"), ledger.ErrSignature},
		{"signed by a witness only", string(cosign(unsigned, witness)), ledger.ErrSignature},
		{"signed by an unknown key only", string(cosign(unsigned, newKey("who"))), ledger.ErrSignature},
		{"changed under two signatures", forged, ledger.ErrSignature},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ledger.ParseCheckpoint([]byte(tt.msg), log, witness)
			require.ErrorIs(t, err, tt.want)
			require.Zero(t, got)
		})
	}
	_, err := ledger.ParseCheckpoint([]byte(good))
	require.ErrorIs(t, err, ledger.ErrSignature, "no verifier must never mean any")
	_, err = ledger.ParseCheckpoint([]byte(good), nil)
	require.ErrorIs(t, err, ledger.ErrSignature)
	_, err = ledger.ParseCheckpoint([]byte(good), log, log)
	require.Error(t, err, "one key given twice")
}

// TestCosignatures: those of known keys are verified, those of unknown keys handed on.
func TestCosignatures(t *testing.T) {
	witness, stranger := newKey("witness.example.test"), newKey("stranger.example.test")
	msg := cosign(cosign(signed(t, sample()), witness), stranger)
	got, err := ledger.ParseCheckpoint(msg, newKey(origin), witness)
	require.NoError(t, err)
	require.Equal(t, msg, got.Raw)
	require.Equal(t, []ledger.Key{{origin, newKey(origin).KeyHash()}, {witness.name, witness.KeyHash()}}, got.SignedBy)
	require.Equal(t, []ledger.Key{{stranger.name, stranger.KeyHash()}}, got.Carried)
}

// TestCheckpointTampering flips every bit of a signed checkpoint; none passes.
func TestCheckpointTampering(t *testing.T) {
	msg := signed(t, sample())
	for i := range msg {
		for bit := range 8 {
			bad := append([]byte(nil), msg...)
			bad[i] ^= 1 << bit
			_, err := ledger.ParseCheckpoint(bad, newKey(origin))
			require.Error(t, err, "byte %d bit %d", i, bit)
		}
	}
	for i := range msg {
		_, err := ledger.ParseCheckpoint(msg[:i], newKey(origin))
		require.Error(t, err)
	}
}

func FuzzCheckpoint(f *testing.F) {
	log := newKey(origin)
	f.Add(signed(f, sample()))
	f.Add(cosign(signed(f, sample()), newKey("w")))
	f.Add([]byte("a\n1\n\n— a b\n"))
	f.Fuzz(func(t *testing.T, msg []byte) {
		got, err := ledger.ParseCheckpoint(msg, log)
		if err != nil {
			require.Zero(t, got)
		} else {
			text, err := ledger.AppendCheckpoint(nil, got.Checkpoint)
			require.NoError(t, err)
			require.True(t, strings.HasPrefix(string(msg), string(text)+"\n"))
		}
		// The text alone, signed here, so that the parser is reached.
		text, _, _ := strings.Cut(string(msg), "\n\n")
		sig, _ := log.Sign([]byte(text + "\n"))
		raw := append(binary.BigEndian.AppendUint32(nil, log.KeyHash()), sig...)
		note := text + "\n\n— " + origin + " " + base64.StdEncoding.EncodeToString(raw) + "\n"
		got, err = ledger.ParseCheckpoint([]byte(note), log)
		if err != nil {
			require.Zero(t, got)
			return
		}
		again, err := ledger.SignCheckpoint(got.Checkpoint, log)
		require.NoError(t, err)
		require.Equal(t, note, string(again))
	})
}
