package verify_test

import (
	"bytes"
	"encoding/asn1"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
	"github.com/elicense/elicense/verify"
)

func pemOf(c *pki.Certificate) []byte { return pki.AppendPEM(nil, c) }

type rawSigned struct {
	Version int
	Digests asn1.RawValue `asn1:"set"`
	Content asn1.RawValue
	Certs   asn1.RawValue `asn1:"optional,tag:0"`
	Signers asn1.RawValue `asn1:"set"`
}

// withUnsigned adds an unsigned attribute to the one signature: nothing in it is covered.
func withUnsigned(t testing.TB, der []byte) []byte {
	t.Helper()
	var info struct {
		Type asn1.ObjectIdentifier
		Body asn1.RawValue `asn1:"tag:0"`
	}
	_, err := asn1.Unmarshal(der, &info)
	require.NoError(t, err)
	var data rawSigned
	_, err = asn1.Unmarshal(info.Body.Bytes, &data)
	require.NoError(t, err)
	var signer asn1.RawValue
	_, err = asn1.Unmarshal(data.Signers.Bytes, &signer)
	require.NoError(t, err)
	attribute, err := asn1.Marshal(struct {
		Type   asn1.ObjectIdentifier
		Values []string `asn1:"set"`
	}{asn1.ObjectIdentifier{1, 2, 3}, []string{"x"}})
	require.NoError(t, err)
	wrap := func(class, tag int, content []byte) []byte {
		out, err := asn1.Marshal(asn1.RawValue{Class: class, Tag: tag, IsCompound: true, Bytes: content})
		require.NoError(t, err)
		return out
	}
	signerDER := wrap(0, 16, append(signer.Bytes, wrap(2, 1, attribute)...))
	old := data.Signers.FullBytes
	body := append(info.Body.Bytes[:0:0], info.Body.Bytes...)
	var outer asn1.RawValue
	_, err = asn1.Unmarshal(body, &outer)
	require.NoError(t, err)
	inner := append(outer.Bytes[:len(outer.Bytes)-len(old)], wrap(0, 17, signerDER)...)
	oid, err := asn1.Marshal(info.Type)
	require.NoError(t, err)
	return wrap(0, 16, append(oid, wrap(2, 0, wrap(0, 16, inner))...))
}

// decoded is a bundle's content whatever JSON it came in.
func decoded(t testing.TB, b *record.Bundle) string {
	t.Helper()
	out, err := json.Marshal(b)
	require.NoError(t, err)
	return string(out)
}

// TestEveryByte_D22: no byte of what a bundle carries can be changed.
func TestEveryByte_D22(t *testing.T) {
	t.Parallel()
	f := newForge(t)
	b := f.bundle(func(p *parts) { p.opens = p.opens[:2] })
	v, err := verify.New(f.config())
	require.NoError(t, err)
	judge := func(doc []byte) verify.Indication {
		r, err := v.Verify(t.Context(), doc, verify.Expect{})
		require.NoError(t, err)
		return r.Indication
	}
	require.Equal(t, verify.TotalPassed, judge(encode(t, b)))
	masks := []byte{1, 0x20, 0x80}
	if testing.Short() {
		masks = masks[:1]
	}
	flip := func(name string, part []byte) {
		for i := range part {
			for _, mask := range masks {
				part[i] ^= mask
				require.NotEqual(t, verify.TotalPassed, judge(encode(t, b)), "%s byte %d mask %#x", name, i, mask)
				part[i] ^= mask
			}
		}
	}
	parts := map[string][]byte{
		"record": b.Record, "signature": b.Signature, "proof": b.Proof, "status": b.Status,
		"status signature": b.StatusSig,
	}
	if !testing.Short() {
		parts["signer's certificate"], parts["issuing CA"], parts["root"] = b.Certificates[0], b.Certificates[1],
			b.Certificates[2]
	}
	for name, part := range parts {
		flip(name, part)
	}
	for i := range b.Disclosures {
		d := &b.Disclosures[i]
		flip("salt", d.Salt[:])
		for _, text := range []*string{&d.Value, &d.Name} {
			for k := range len(*text) {
				good := *text
				bad := []byte(good)
				bad[k] ^= 1
				*text = string(bad)
				require.NotEqual(t, verify.TotalPassed, judge(encode(t, b)))
				*text = good
			}
		}
	}
}

// TestEveryByteOfTheFile_D22: a changed byte of the JSON is refused or changes nothing.
func TestEveryByteOfTheFile_D22(t *testing.T) {
	t.Parallel()
	f := newForge(t)
	b := f.bundle(func(p *parts) { p.opens = p.opens[:1] })
	doc, want := encode(t, b), decoded(t, b)
	v, err := verify.New(f.config())
	require.NoError(t, err)
	step := 1
	if testing.Short() {
		step = 31
	}
	for i := 0; i < len(doc); i += step {
		for _, mask := range []byte{1, 0x20} {
			doc[i] ^= mask
			r, err := v.Verify(t.Context(), doc, verify.Expect{})
			require.NoError(t, err)
			if r.Indication == verify.TotalPassed {
				again, err := record.ParseBundle(doc)
				require.NoError(t, err)
				require.Equal(t, want, decoded(t, again), "byte %d", i)
			}
			doc[i] ^= mask
		}
	}
}

// FuzzVerify: never a panic, and nothing passes but the very content that was signed.
func FuzzVerify(f *testing.F) {
	forge := newForge(f)
	b := forge.bundle(nil)
	doc, want := encode(f, b), decoded(f, b)
	v, err := verify.New(forge.config())
	require.NoError(f, err)
	f.Add(doc)
	f.Add(b.Proof)
	f.Add(b.Status)
	receipt := forge.receipt(nil, forge.vault)
	f.Add(receipt)
	proof, err := ledger.ParseProof(b.Proof)
	require.NoError(f, err)
	checkpointText, _, _ := bytes.Cut(proof.Checkpoint, []byte("\n\n"))
	f.Add(proof.Checkpoint)
	f.Add(pemOf(forge.department.chain[0]))
	f.Add(forge.department.chain[0].Raw)
	f.Add([]byte(`{"format":"elicense bundle v1"}`))
	f.Add([]byte("a\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\u2014 a AAAA\n"))
	f.Fuzz(func(t *testing.T, doc []byte) {
		r, err := v.Verify(t.Context(), doc, verify.Expect{})
		require.NoError(t, err)
		require.NotNil(t, r)
		_, err = json.Marshal(r)
		require.NoError(t, err)
		require.NoError(t, r.WriteText(discard{}, "en"))
		if r.Indication != verify.TotalPassed {
			return
		}
		switch r.Kind {
		case verify.KindBundle:
			again, err := record.ParseBundle(doc)
			require.NoError(t, err)
			subset(t, want, again)
		case verify.KindReceipt:
			var again, first verify.Envelope
			require.NoError(t, json.Unmarshal(doc, &again))
			require.NoError(t, json.Unmarshal(receipt, &first))
			require.Equal(t, first.Raw, again.Raw)
			require.Equal(t, first.Signature, again.Signature)
		case verify.KindProof:
			require.Equal(t, b.Proof, doc)
		case verify.KindCheckpoint:
			require.True(t, bytes.HasPrefix(doc, checkpointText), "%q", doc)
		case verify.KindCertificate:
			require.Contains(t, string(doc), "CERTIFICATE")
		case verify.KindUnknown, verify.KindRecord, verify.KindStatus, verify.KindBatch:
			t.Fatalf("%s passed", r.Kind)
		}
	})
}

// subset: disclosures may be left out, nothing else may differ.
func subset(t *testing.T, want string, got *record.Bundle) {
	t.Helper()
	var whole record.Bundle
	require.NoError(t, json.Unmarshal([]byte(want), &whole))
	for _, d := range got.Disclosures {
		require.Contains(t, whole.Disclosures, d)
	}
	got.Disclosures, whole.Disclosures = nil, nil
	if len(got.Certificates) < len(whole.Certificates) {
		require.Equal(t, whole.Certificates[:len(got.Certificates)], got.Certificates)
		got.Certificates = whole.Certificates
	}
	require.Equal(t, whole, *got)
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
