package signing_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/sm2sig"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
)

func newRemote(t testing.TB, w world, change func(*signing.Config)) *signing.Remote {
	t.Helper()
	config := signing.Config{
		Chain: w.chain, WithCertificates: true, WithAttributes: true, Now: func() time.Time { return now },
	}
	if change != nil {
		change(&config)
	}
	r, err := signing.NewRemote(config)
	require.NoError(t, err)
	return r
}

// device signs a digest and nothing else.
func (w world) device(t testing.TB, digest [32]byte) []byte {
	t.Helper()
	value, err := w.key.Sign(rand.Reader, digest[:], crypto.Hash(0))
	require.NoError(t, err)
	return value
}

// In two steps the result is the same as in one, but for nonces; the second may be another process and bring the value
// in either encoding.
func TestRemote(t *testing.T) {
	w := newWorld(t, now)
	other, err := w.signer(t, nil).Detached(t.Context(), record)
	require.NoError(t, err)
	inside, err := w.signer(t, nil).Attached(t.Context(), record)
	require.NoError(t, err)
	a := newTSA(t, w)
	for _, attributes := range []bool{false, true} {
		change := func(c *signing.Config) { c.WithAttributes, c.Timestamper = attributes, a }
		r := newRemote(t, w, change)
		for name, test := range map[string]struct {
			prepare func() (*signing.Draft, error)
			want    [2]int
		}{
			"detached":       {func() (*signing.Draft, error) { return r.PrepareDetached(record) }, [2]int{1, 0}},
			"attached":       {func() (*signing.Draft, error) { return r.PrepareAttached(record) }, [2]int{1, 0}},
			"added":          {func() (*signing.Draft, error) { return r.PrepareAddTo(other, record) }, [2]int{2, 0}},
			"added inside":   {func() (*signing.Draft, error) { return r.PrepareAddTo(inside, nil) }, [2]int{2, 0}},
			"countersigning": {func() (*signing.Draft, error) { return r.PrepareCountersign(other, 0) }, [2]int{1, 1}},
		} {
			draft, err := test.prepare()
			require.NoError(t, err, name)
			require.Equal(t, w.chain[0].PublicKey.Digest(draft.Message), draft.Digest, name)
			value := w.device(t, draft.Digest)
			if attributes {
				x, y, err := sm2sig.ParseSignature(value)
				require.NoError(t, err)
				value = slices.Concat(x[:], y[:])
			}
			der, err := newRemote(t, w, change).Attach(t.Context(), draft.State, value)
			require.NoError(t, err, name)
			n, counters := check(t, der, record)
			require.Equal(t, test.want, [2]int{n, counters}, name)
			d, err := cms.Parse(der)
			require.NoError(t, err)
			require.Zero(t, d.Tolerances&cms.TolerantRawSignature, name)
		}
	}
}

func TestRemoteRefuses(t *testing.T) {
	w := newWorld(t, now)
	r := newRemote(t, w, nil)
	draft, err := r.PrepareAttached(record)
	require.NoError(t, err)
	value := w.device(t, draft.Digest)
	wrong := draft.Digest
	wrong[0] ^= 1

	bare, err := newRemote(t, w, func(c *signing.Config) { c.WithAttributes = false }).PrepareDetached(record)
	require.NoError(t, err)
	away, err := r.PrepareDetached(record)
	require.NoError(t, err)
	awayValue := w.device(t, away.Digest)
	later := bytes.Replace(away.State, []byte("260301090000Z"), []byte("260301090001Z"), 1)
	require.NotEqual(t, away.State, later)

	_, chain := w.department(t, ca.ProfileDepartment, townUSCC)
	stranger := newRemote(t, w, func(c *signing.Config) { c.Chain = chain })
	for name, test := range map[string]struct {
		remote       *signing.Remote
		state, value []byte
		want         error
	}{
		"no draft":         {r, nil, value, signing.ErrDraft},
		"cut":              {r, draft.State[:len(draft.State)-1], value, signing.ErrDraft},
		"bytes after":      {r, append(bytes.Clone(draft.State), 0), value, signing.ErrDraft},
		"of another":       {stranger, draft.State, value, signing.ErrDraft},
		"of another, bare": {stranger, bare.State, value, signing.ErrDraft},
		"other content":    {r, bytes.Replace(draft.State, record[:9], record[1:10], 1), value, signing.ErrDraft},
		"other time":       {r, later, awayValue, signing.ErrDraft},
		"no value":         {r, draft.State, nil, signing.ErrValue},
		"half a value":     {r, draft.State, value[:40], signing.ErrValue},
		"value of another": {r, draft.State, w.device(t, wrong), signing.ErrValue},
	} {
		der, err := test.remote.Attach(t.Context(), test.state, test.value)
		require.ErrorIs(t, err, test.want, name)
		require.Nil(t, der, name)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = r.Attach(ctx, draft.State, value)
	require.ErrorIs(t, err, context.Canceled)
	_, err = r.PrepareDetached(nil)
	require.ErrorIs(t, err, signing.ErrContent)
	_, err = r.PrepareAddTo(record, record)
	require.ErrorIs(t, err, signing.ErrSigned)
	_, err = signing.NewRemote(signing.Config{})
	require.ErrorIs(t, err, signing.ErrConfig)
}

// No changed bit of a draft gives a signature that does not verify.
func TestEveryBitOfADraftCounts(t *testing.T) {
	w := newWorld(t, now)
	inside, err := w.signer(t, nil).Attached(t.Context(), []byte("x"))
	require.NoError(t, err)
	for _, attributes := range []bool{false, true} {
		r := newRemote(t, w, func(c *signing.Config) { c.WithAttributes, c.WithCertificates = attributes, true })
		for name, prepare := range map[string]func() (*signing.Draft, error){
			"attached": func() (*signing.Draft, error) { return r.PrepareAttached([]byte("content")) },
			"added":    func() (*signing.Draft, error) { return r.PrepareAddTo(inside, nil) },
			"counter":  func() (*signing.Draft, error) { return r.PrepareCountersign(inside, 0) },
		} {
			draft, err := prepare()
			require.NoError(t, err)
			value := w.device(t, draft.Digest)
			good, err := r.Attach(t.Context(), draft.State, value)
			require.NoError(t, err)
			check(t, good, nil)
			for i := range len(draft.State) * 8 {
				if i/8 > 200 && i%8 != 0 { // certificates of what it is added to: one bit of each octet
					continue
				}
				state := bytes.Clone(draft.State)
				state[i/8] ^= 1 << (i % 8)
				der, err := r.Attach(t.Context(), state, value)
				if err != nil {
					require.Nil(t, der)
					continue
				}
				d, err := cms.Parse(der)
				require.NoError(t, err, name)
				require.True(t, ours(d, w, value), "%s, bit %d", name, i)
			}
		}
	}
}

// ours tells whether SignedData has the value where it verifies.
func ours(d *cms.SignedData, w world, value []byte) bool {
	public := w.chain[0].PublicKey
	for i := range d.Signers {
		message, err := d.SignedBytes(&d.Signers[i], nil)
		if err == nil && bytes.Equal(d.Signers[i].Signature, value) && public.Verify(message, value) == nil {
			return true
		}
		list, err := d.Signers[i].Countersignatures()
		for j := 0; err == nil && j < len(list); j++ {
			message, wrong := d.Signers[i].CounterSignedBytes(&list[j], nil)
			if wrong == nil && bytes.Equal(list[j].Signature, value) && public.Verify(message, value) == nil {
				return true
			}
		}
	}
	return false
}

func FuzzAttach(f *testing.F) {
	w := newWorld(f, now)
	inside, err := w.signer(f, nil).Attached(f.Context(), []byte("x"))
	require.NoError(f, err)
	r := newRemote(f, w, nil)
	for _, prepare := range []func() (*signing.Draft, error){
		func() (*signing.Draft, error) { return r.PrepareAttached([]byte("content")) },
		func() (*signing.Draft, error) { return r.PrepareAddTo(inside, nil) },
		func() (*signing.Draft, error) { return r.PrepareCountersign(inside, 0) },
	} {
		draft, err := prepare()
		require.NoError(f, err)
		f.Add(draft.State, w.device(f, draft.Digest))
	}
	f.Fuzz(func(t *testing.T, state, value []byte) {
		der, err := r.Attach(t.Context(), state, value)
		if err != nil {
			require.Nil(t, der)
			return
		}
		_, err = cms.Parse(der)
		require.NoError(t, err)
	})
}
