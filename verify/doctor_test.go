package verify_test

import (
	"crypto"
	"crypto/rand"
	"testing"

	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/sm2sig"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/verify"
)

// TestDoctor_D2_7: for each known mistake of signers' software the report says which one would explain the failure. The
// verdict stays failed.
func TestDoctor_D2_7(t *testing.T) {
	w := newWorld(t)
	n := w.enrol(ca.ProfileDepartment, fixtures.Departments()[0])
	twin := w.enrol(ca.ProfileDepartmentEncryption, fixtures.Departments()[0])
	public, err := sm2sig.FromCrypto(n.key.Public())
	require.NoError(t, err)
	content := []byte("示例内容")
	hash := sm3.Sum(content)
	for name, test := range map[string]struct {
		key   crypto.Signer
		e     [32]byte
		spoil func([]byte) []byte
		want  string
	}{
		"sound":              {key: n.key, e: public.Digest(content)},
		"empty user id":      {key: n.key, e: public.DigestAs(nil, content), want: "doctor.empty-id"},
		"no Z":               {key: n.key, e: hash, want: "doctor.no-z"},
		"hashed twice":       {key: n.key, e: public.Digest(hash[:]), want: "doctor.hash-of-hash"},
		"r and s exchanged":  {key: n.key, e: public.Digest(content), spoil: exchange(t), want: "doctor.swapped-value"},
		"key of the twin":    {key: twin.key, e: digestFor(t, twin.key, content), want: "doctor.other-certificate"},
		"something else":     {key: n.key, e: public.Digest([]byte("x")), want: ""},
		"no Z and exchanged": {key: n.key, e: hash, spoil: exchange(t), want: "doctor.no-z"},
	} {
		t.Run(name, func(t *testing.T) {
			value, err := public.SignDigest(rand.Reader, test.key, test.e)
			require.NoError(t, err)
			if test.spoil != nil {
				value = test.spoil(value)
			}
			b, err := cms.NewBuilder(n.cert().RawIssuer, n.cert().Serial, [][]byte{
				n.cert().Raw, w.issuing.cert().Raw, twin.cert().Raw,
			})
			require.NoError(t, err)
			doc, err := b.Attached(content, nil, value)
			require.NoError(t, err)
			r := w.judge(w.verifier(nil), doc)
			if name == "sound" {
				require.Equal(t, verify.TotalPassed, r.Indication)
				require.Empty(t, r.Advice)
				return
			}
			require.Equal(t, verify.TotalFailed, r.Indication)
			require.Equal(t, verify.SigCryptoFailure, r.SubIndication)
			if test.want == "" {
				require.Empty(t, r.Advice)
				return
			}
			require.Len(t, r.Advice, 1)
			require.Equal(t, test.want, r.Advice[0].ID)
		})
	}
}

func digestFor(t *testing.T, key crypto.Signer, content []byte) [32]byte {
	t.Helper()
	public, err := sm2sig.FromCrypto(key.Public())
	require.NoError(t, err)
	return public.Digest(content)
}

func exchange(t *testing.T) func([]byte) []byte {
	t.Helper()
	return func(value []byte) []byte {
		r, s, err := sm2sig.ParseSignature(value)
		require.NoError(t, err)
		out, err := sm2sig.AppendSignature(nil, s, r)
		require.NoError(t, err)
		return out
	}
}

// TestDoctorDigest: what is known to be signed in place of the content's digest.
func TestDoctorDigest(t *testing.T) {
	w := newWorld(t)
	n := w.enrol(ca.ProfileDepartment, fixtures.Departments()[0])
	s := w.signer(n, func(c *signing.Config) { c.WithAttributes = true })
	content := []byte("示例内容")
	hash := sm3.Sum(content)
	honest, err := s.Attached(t.Context(), hash[:]) // the digest was taken for the content
	require.NoError(t, err)
	data, err := cms.Parse(honest)
	require.NoError(t, err)
	b, err := cms.NewBuilder(n.cert().RawIssuer, n.cert().Serial, data.Certificates)
	require.NoError(t, err)
	message, err := data.SignedBytes(&data.Signers[0], nil)
	require.NoError(t, err)
	doc, err := b.Attached(content, message, data.Signers[0].Signature)
	require.NoError(t, err)
	r := w.judge(w.verifier(nil), doc)
	require.Equal(t, verify.HashFailure, r.SubIndication)
	require.Len(t, r.Advice, 1)
	require.Equal(t, "doctor.digest-of-digest", r.Advice[0].ID)
}

// TestEverySigner: of many signatures each must hold, and so must each countersignature.
func TestEverySigner(t *testing.T) {
	w := newWorld(t)
	first := w.signer(w.enrol(ca.ProfileDepartment, fixtures.Departments()[0]), nil)
	gone := w.enrol(ca.ProfileDepartment, fixtures.Departments()[1])
	second := w.signer(gone, nil)
	doc, err := signing.SignTogether(t.Context(), []byte("示例"), true, first, second)
	require.NoError(t, err)
	require.Equal(t, verify.TotalPassed, w.judge(w.verifier(nil), doc).Indication)
	r := w.judge(w.verifier(nil, revoked{gone.cert(), w.now.AddDate(0, 1, 0), 1}), doc)
	require.Equal(t, verify.TotalFailed, r.Indication)
	c, ok := r.Check(r.Headline)
	require.True(t, ok)
	require.NotEmpty(t, c.Part)
	again, err := first.Countersign(t.Context(), doc, 1)
	require.NoError(t, err)
	require.Equal(t, verify.TotalPassed, w.judge(w.verifier(nil), again).Indication)
	again[len(again)-3] ^= 1
	require.NotEqual(t, verify.TotalPassed, w.judge(w.verifier(nil), again).Indication)
}
