package verify_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/evidence"
	"github.com/elicense/elicense/vault/record"
	"github.com/elicense/elicense/verify"
)

// TestEvidenceEveryPart_A36: a sealed licence with the vault's word, stamped SignedData and a PDF lie in one file. Each
// part that is changed or left out is found, whether the file is closed or somebody wrote it anew with digests that fit.
func TestEvidenceEveryPart_A36(t *testing.T) {
	d := newDesk(t)
	expect := verify.Expect{At: now}
	closed := d.keep(d.here(nil), expect, d.closing(), d.docs...)
	open := d.keep(d.here(nil), expect, nil, d.docs...)
	v := d.elsewhere(now, nil)
	for name, file := range map[string][]byte{"closed": closed, "open": open} {
		r := d.judge(v, file)
		require.Equal(t, verify.TotalPassed, r.Indication, "%s %s %v", name, r.Headline, r.Checks)
		same(t, r)
	}
	kinds := map[evidence.Kind]bool{}
	for name, file := range map[string][]byte{"closed": closed, "open": open} {
		f, err := evidence.Open(bytes.NewReader(file), int64(len(file)))
		require.NoError(t, err)
		for i, p := range f.Parts {
			kinds[p.Kind] = true
			t.Run(fmt.Sprint(name, " ", i+1, " ", p.Kind), func(t *testing.T) {
				content, err := f.ReadPart(i)
				require.NoError(t, err)
				bent := bytes.Clone(file)
				bent[bytes.Index(file, content)+len(content)/2] ^= 1
				r := d.judge(v, bent)
				require.Equal(t, verify.TotalFailed, r.Indication)
				require.Equal(t, "evidence.parts", r.Headline)
				require.Equal(t, verify.HashFailure, r.SubIndication)

				requireFound(t, d, v, remake(t, file, func(k *kept) { k.content[i][len(content)/2] ^= 1; k.order() }), p.Kind)
				without := func(k *kept) {
					k.manifest.Parts, k.content = slices.Delete(k.manifest.Parts, i, i+1), slices.Delete(k.content, i, i+1)
				}
				if p.Kind == evidence.KindDocument || p.Kind == evidence.KindReport {
					return // there is no such file: internal/evidence refuses it
				}
				if name == "open" && bytes.Equal(content, d.root.cert().Raw) {
					return // whoever trusts the root has it
				}
				requireFound(t, d, v, remake(t, file, without), p.Kind)
			})
		}
	}
	require.Len(t, kinds, 8, "%v", kinds) // all but OCSP answers: TestEvidenceOCSP
}

// requireFound: a file that was written anew does not pass.
func requireFound(t *testing.T, d *desk, v *verify.Verifier, file []byte, kind evidence.Kind) {
	t.Helper()
	r := d.judge(v, file)
	require.NotEqual(t, verify.TotalPassed, r.Indication, kind)
	if c, ok := r.Check("evidence.closed"); ok && c.Status != verify.CheckSkipped {
		require.Equal(t, verify.TotalFailed, r.Indication, "%s: %s", kind, r.Headline)
	}
}

// TestEvidenceWithoutADocument: a document that is taken out of a closed file with all that belongs to it is missed.
func TestEvidenceWithoutADocument(t *testing.T) {
	d := newDesk(t)
	file := d.keep(d.here(nil), verify.Expect{}, d.closing(), d.docs...)
	r := d.judge(d.elsewhere(now, nil), remake(t, file, func(k *kept) {
		var parts []evidence.Part
		var content [][]byte
		for i, p := range k.manifest.Parts {
			if p.Of != 3 {
				parts, content = append(parts, p), append(content, k.content[i])
			}
		}
		k.manifest.Parts, k.content = parts, content
	}))
	require.Equal(t, verify.TotalFailed, r.Indication)
	require.Equal(t, "signature.digest", r.Headline)
}

// TestEvidenceHidesNobody: differences name what differs; whose licence it is, and what a forged report says of
// anybody, stands in none of them, nor in the checks.
func TestEvidenceHidesNobody(t *testing.T) {
	d := newDesk(t)
	file := d.keep(d.here(nil), verify.Expect{}, nil, d.docs[0])
	const somebody = "某某某"
	sound := d.judge(d.elsewhere(now, nil), file)
	holder := []string{factOf(sound.Kept[0].Then, "element.CZZT"), factOf(sound.Kept[0].Then, "element.CZZTDM")}
	require.NotContains(t, holder, "")
	for name, edit := range map[string]func(*kept){
		"facts":  func(k *kept) { k.report(holder[0], somebody) },
		"checks": func(k *kept) { k.report(`"id":"record.text"`, `"found":"`+somebody+`","id":"record.text"`) },
		"texts":  func(k *kept) { k.report(`"zh":"`, `"zh":"`+somebody) },
		"word of the vault": func(k *kept) {
			k.drop(evidence.KindLicence)
		},
	} {
		t.Run(name, func(t *testing.T) {
			forged := remake(t, file, edit)
			r := d.judge(d.elsewhere(now, nil), forged)
			require.NotEqual(t, verify.TotalPassed, r.Indication)
			require.NotEmpty(t, r.Kept[0].Differences)
			text, err := json.Marshal(struct {
				Differences []verify.Difference
				Checks      []verify.Check
			}{r.Kept[0].Differences, r.Checks})
			require.NoError(t, err)
			for _, hidden := range append(holder, somebody) {
				require.NotContains(t, string(text), hidden)
			}
		})
	}
}

// TestEvidenceShowsWords: what is shown of a report in a file is a word, whatever its maker wrote there.
func TestEvidenceShowsWords(t *testing.T) {
	d := newDesk(t)
	file := d.keep(d.here(nil), verify.Expect{}, nil, d.docs[2])
	for name, edit := range map[string]func(*kept){
		"headline": func(k *kept) { k.report(`"headline":"`, `"headline":"某人 `) },
		"check":    func(k *kept) { k.report(`"id":"signature.chain"`, `"id":"某人"`) },
		"long":     func(k *kept) { k.report(`"id":"signature.chain"`, `"id":"`+strings.Repeat("x", 65)+`"`) },
	} {
		t.Run(name, func(t *testing.T) {
			file := file
			if name == "headline" {
				alone := d.docs[1]
				alone.Content = nil
				file = d.keep(d.here(nil), verify.Expect{}, nil, alone)
			}
			r := d.judge(d.elsewhere(now, nil), remake(t, file, edit))
			c, ok := r.Check("evidence.report")
			require.True(t, ok)
			require.Equal(t, verify.CheckFailed, c.Status)
			require.Equal(t, verify.TotalFailed, r.Indication)
		})
	}
}

// TestEvidenceOfALetter: that something is no licence is the caller's word. It is kept, and counts for the judgement as of
// then alone: whoever accepts the document now must say so himself.
func TestEvidenceOfALetter(t *testing.T) {
	d := newDesk(t)
	letter := verify.Named{Document: verify.DocumentOf(d.sealedOpen(page())), Name: "函.ofd"}
	file := d.keep(d.here(nil), verify.Expect{NoLicenceUnsafe: true}, d.closing(), letter)
	v := d.elsewhere(now, nil)
	r := d.judge(v, file)
	same(t, r)
	require.Equal(t, verify.TotalPassed, r.Kept[0].Then.Indication)
	require.Equal(t, verify.Indeterminate, r.Indication)
	require.Equal(t, "evidence.now", r.Headline)
	r, err := v.Verify(t.Context(), file, verify.Expect{NoLicenceUnsafe: true})
	require.NoError(t, err)
	require.Equal(t, verify.TotalPassed, r.Indication, "%s %v", r.Headline, r.Checks)
}

// TestEvidencePolicy: the file states the rules by which it was judged, and options that say how.
func TestEvidencePolicy(t *testing.T) {
	d := newDesk(t)
	file := d.keep(d.here(func(c *verify.Config) {
		c.Requirements.Timestamp, c.Requirements.RevocationDelay, c.Requirements.RevocationMaxAge = true, 1e9, 3600e9
		c.CrossCheck, c.ForeignForms = true, true
	}), verify.Expect{}, nil, d.docs[1])
	f, err := evidence.Open(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	require.Equal(t, verify.PolicyVersion, f.Policy)
	require.Equal(t, []string{"cross-check", "delay=1", "foreign-forms", "max-age=3600", "revocation", "timestamp"}, f.Options)
	var text bytes.Buffer
	require.NoError(t, d.judge(d.elsewhere(now, nil), file).WriteText(&text, "zh"))
	require.Contains(t, text.String(), "当时的规则版本: "+verify.PolicyVersion)
}

// TestLicenceFor: what the vault says goes to the licence that it is about, and to nothing else.
func TestLicenceFor(t *testing.T) {
	d, other := newDesk(t), newDesk(t)
	mine, its := d.docs[0].Licence, other.docs[0].Licence
	require.Equal(t, mine, verify.LicenceFor(&d.docs[0].Document, []byte("x"), its, mine))
	require.Nil(t, verify.LicenceFor(&d.docs[0].Document, its))
	require.Nil(t, verify.LicenceFor(&d.docs[0].Document))
	require.Nil(t, verify.LicenceFor(&d.docs[1].Document, mine, its))
	require.Nil(t, verify.LicenceFor(&d.docs[2].Document, mine, its))
	require.Nil(t, verify.LicenceFor(&verify.Document{}, mine))
	letter := verify.DocumentOf(d.sealed(page(), nil))
	require.Nil(t, verify.LicenceFor(&letter, mine, its))
}

func factOf(r *verify.Report, id string) string {
	for _, f := range r.Facts {
		if f.ID == id {
			return f.Value
		}
	}
	return ""
}

// TestEvidenceThenAlone: what was seen then is judged with what lies in the file. CRLs or a status source that this
// verifier has do not make up for what was missing then.
func TestEvidenceThenAlone(t *testing.T) {
	d := newDesk(t)
	unknown := d.keep(d.here(func(c *verify.Config) { c.Evidence = nil }), verify.Expect{}, nil, d.docs[2])
	r := d.judge(d.here(nil), unknown)
	same(t, r)
	require.Equal(t, verify.Indeterminate, r.Kept[0].Then.Indication)
	require.Equal(t, verify.TotalPassed, r.Kept[0].Now.Indication, r.Kept[0].Now.Headline)

	silent := d.docs[0]
	silent.Licence = nil
	file := d.keep(d.here(nil), verify.Expect{}, nil, silent)
	whole, err := record.ParseBundle(d.docs[0].Licence)
	require.NoError(t, err)
	r = d.judge(d.here(state("valid", record.Sum(whole.Record))), file)
	same(t, r)
	require.Equal(t, verify.Indeterminate, r.Kept[0].Then.Indication)
	require.Equal(t, "state.now", r.Kept[0].Then.Headline)
	require.Equal(t, verify.TotalPassed, r.Kept[0].Now.Indication, r.Kept[0].Now.Headline)
}
