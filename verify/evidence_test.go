package verify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/evidence"
	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/verify"
)

// desk is where a case is judged and kept: a sealed licence with the vault's word, an application with a detached and
// stamped signature, and a signed PDF.
type desk struct {
	*sealWorld

	vault   ledger.Verifier
	docs    []verify.Named
	content []byte
	closer  node
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{sealWorld: newSealWorld(t), content: []byte("示例申请书")}
	f := d.forgeIn()
	d.vault = noteKey(t, f.vault.vault.NoteKey())
	whole := f.bundle(nil)
	licence := verify.DocumentOf(d.sealed(page(ofd.File{
		Name: "Doc_0/Attachs/record.json", Data: encode(t, inside(whole)),
	}), nil))
	licence.Licence = encode(t, whole)
	signer, authority := d.enrol(ca.ProfileDepartment, fixtures.Departments()[1]), d.enrol(ca.ProfileTSA, fixtures.Authority())
	s := d.signer(signer, func(c *signing.Config) {
		c.WithAttributes, c.Now = true, func() time.Time { return now.Add(-2 * time.Hour) }
	})
	application := verify.DocumentOf(withToken(t, must(s.Detached(t.Context(), d.content))(t), func(v []byte) []byte {
		return d.token(authority, v, now.Add(-2*time.Hour))
	}))
	application.Content, application.ContentSize = bytes.NewReader(d.content), int64(len(d.content))
	d.docs = []verify.Named{
		{Document: licence, Name: "证照/证照.ofd"}, {Document: application, Name: "申请书.pdf.p7s"},
		{Document: verify.DocumentOf(d.signPDF(plainPDF(), signer, nil)), Name: "承诺书.pdf"},
	}
	d.closer = d.enrol(ca.ProfileDepartment, fixtures.Departments()[0])
	return d
}

// here is the verifier of the desk: it knows CRLs and the issuing authority.
func (d *desk) here(edit func(*verify.Config), list ...revoked) *verify.Verifier {
	return d.sealVerifier(func(c *verify.Config) {
		c.LedgerKeys = []ledger.Verifier{d.vault}
		if edit != nil {
			edit(c)
		}
	}, list...)
}

// elsewhere is the verifier of a stranger with the root and the vault's key, and nothing else.
func (d *desk) elsewhere(at time.Time, edit func(*verify.Config)) *verify.Verifier {
	d.t.Helper()
	config := verify.Config{
		Trust: d.anchors, LedgerKeys: []ledger.Verifier{d.vault}, Now: func() time.Time { return at },
	}
	if edit != nil {
		edit(&config)
	}
	v, err := verify.New(config)
	require.NoError(d.t, err)
	return v
}

func (d *desk) closing() *verify.Closing {
	s := d.signer(d.closer, func(c *signing.Config) {
		c.WithAttributes, c.Now = true, func() time.Time { return now }
	})
	return &verify.Closing{Chain: d.closer.chain, Sign: s.Detached}
}

// keep judges documents and keeps them.
func (d *desk) keep(v *verify.Verifier, expect verify.Expect, closing *verify.Closing, docs ...verify.Named) []byte {
	d.t.Helper()
	c, err := v.VerifyCase(d.t.Context(), docs, expect)
	require.NoError(d.t, err)
	var out bytes.Buffer
	require.NoError(d.t, c.WriteEvidence(d.t.Context(), &out, closing))
	return out.Bytes()
}

func same(t testing.TB, r *verify.Report) {
	t.Helper()
	for i := range r.Kept {
		require.Empty(t, r.Kept[i].Differences, r.Kept[i].Name)
	}
}

// TestEvidence_A36_D2_10: what a reviewer saw is seen again by somebody who has the root, the vault's key and no network,
// to the byte; what holds now is another question, and the first line never forgets it.
func TestEvidence_A36_D2_10(t *testing.T) {
	d := newDesk(t)
	file := d.keep(d.here(nil), verify.Expect{}, d.closing(), d.docs...)
	r := d.judge(d.elsewhere(now, nil), file)
	require.Equal(t, verify.KindEvidence, r.Kind)
	require.Len(t, r.Kept, 3)
	same(t, r)
	require.Equal(t, verify.TotalPassed, r.Indication, "%s %s %v", r.Headline, r.SubIndication, r.Checks)
	require.Equal(t, []string{"证照.ofd", "申请书.pdf.p7s", "承诺书.pdf"},
		[]string{r.Kept[0].Name, r.Kept[1].Name, r.Kept[2].Name})

	later := d.judge(d.elsewhere(now.AddDate(0, 0, 3), nil), file)
	same(t, later)
	require.Equal(t, verify.Indeterminate, later.Indication, "the vault's word is stale by then")
	require.Equal(t, "evidence.now", later.Headline)
	decision, reason := later.Headlines("zh")
	require.Contains(t, decision, "待")
	require.Contains(t, reason, "当时的结论是可以受理，重新核验一致；现在：")
	var text bytes.Buffer
	require.NoError(t, later.WriteText(&text, "en"))
	require.Contains(t, text.String(), "judged anew as of then: 可以受理 / ACCEPT")

	years := d.judge(d.elsewhere(now.AddDate(30, 0, 0), nil), file)
	same(t, years)
	require.NotEqual(t, verify.TotalPassed, years.Indication)
	require.Equal(t, verify.TotalPassed, years.Kept[0].Then.Indication)
}

// TestEvidenceDeterministic: one case has one file.
func TestEvidenceDeterministic(t *testing.T) {
	d := newDesk(t)
	expect := verify.Expect{Issuer: fixtures.Departments()[0].Code}
	v := d.here(nil)
	require.Equal(t, d.keep(v, expect, nil, d.docs...), d.keep(v, expect, nil, d.docs...))
}

// TestEvidenceOfNo: a document that was returned comes to the same again, and that is no reason to accept it.
func TestEvidenceOfNo(t *testing.T) {
	d := newDesk(t)
	bent := slices.Clone(d.content)
	bent[0] ^= 1
	doc := d.docs[1]
	doc.Content = bytes.NewReader(bent)
	r := d.judge(d.elsewhere(now, nil), d.keep(d.here(nil), verify.Expect{}, d.closing(), doc))
	same(t, r)
	require.Equal(t, verify.TotalFailed, r.Indication)
	require.Equal(t, "evidence.then", r.Headline)
	require.Equal(t, verify.HashFailure, r.SubIndication)
	_, reason := r.Headlines("zh")
	require.Contains(t, reason, "当时的结论是退回并告知，重新核验一致：")
	require.NotEmpty(t, r.Notice("zh"))

	alone := d.docs[1]
	alone.Content = nil
	r = d.judge(d.elsewhere(now, nil), d.keep(d.here(nil), verify.Expect{}, nil, alone))
	same(t, r)
	require.Equal(t, verify.Indeterminate, r.Indication)
	require.Equal(t, verify.SignedDataNotFound, r.SubIndication)
}

// TestEvidenceRevokedSince: what is known now counts now, and does not change what was seen then.
func TestEvidenceRevokedSince(t *testing.T) {
	d := newDesk(t)
	file := d.keep(d.here(nil), verify.Expect{}, d.closing(), d.docs[2])
	day := now.AddDate(0, 0, 1)
	signer := d.judge(d.here(nil), file).Kept[0].Then
	require.Equal(t, verify.TotalPassed, signer.Indication)
	leaf := signer.Grounds.Certificates[0]
	r := d.judge(d.elsewhere(day, func(c *verify.Config) {
		c.Evidence = []pki.Evidence{{CRLs: []*pki.CRL{
			d.crl(d.issuing, day.Add(-time.Hour), revoked{leaf, now.Add(-2 * time.Hour), pki.CauseKeyCompromise}),
		}}}
	}), file)
	require.Equal(t, verify.TotalFailed, r.Indication)
	require.Equal(t, "evidence.now", r.Headline)
	require.Equal(t, verify.Revoked, r.SubIndication)
	same(t, r)
	require.Equal(t, verify.TotalPassed, r.Kept[0].Then.Indication)
}

// TestEvidenceTrust: nothing in an evidence file is trusted, its roots least of all.
func TestEvidenceTrust(t *testing.T) {
	d, stranger := newDesk(t), newWorld(t)
	file := d.keep(d.here(nil), verify.Expect{}, d.closing(), d.docs...)
	for name, edit := range map[string]func(*verify.Config){
		"another root":  func(c *verify.Config) { c.Trust = stranger.anchors },
		"no vault":      func(c *verify.Config) { c.LedgerKeys = nil },
		"another vault": func(c *verify.Config) { c.LedgerKeys = []ledger.Verifier{newDesk(t).vault} },
	} {
		t.Run(name, func(t *testing.T) {
			r := d.judge(d.elsewhere(now, edit), file)
			require.NotEqual(t, verify.TotalPassed, r.Indication)
			require.NotEqual(t, verify.TotalPassed, r.Kept[0].Then.Indication)
			c, ok := r.Check("evidence.same")
			require.True(t, ok)
			require.NotEqual(t, verify.CheckPassed, c.Status)
		})
	}
}

// remake takes an evidence file apart and puts it together as edit left it, with digests that fit.
func remake(t testing.TB, file []byte, edit func(*kept)) []byte {
	t.Helper()
	f, err := evidence.Open(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	k := &kept{manifest: f.Manifest, signature: f.Signature}
	for i := range f.Parts {
		content, err := f.ReadPart(i)
		require.NoError(t, err)
		k.content = append(k.content, content)
	}
	edit(k)
	parts := make([]io.Reader, len(k.content))
	for i := range parts {
		var err error
		p := &k.manifest.Parts[i]
		p.Digest, p.Size, err = evidence.Sum(bytes.NewReader(k.content[i]))
		require.NoError(t, err)
		parts[i] = bytes.NewReader(k.content[i])
	}
	var out bytes.Buffer
	require.NoError(t, evidence.Write(&out, &k.manifest, parts, k.signature))
	return out.Bytes()
}

// kept is an evidence file in parts.
type kept struct {
	manifest  evidence.Manifest
	content   [][]byte
	signature []byte
}

func (k *kept) at(kind evidence.Kind) int {
	return slices.IndexFunc(k.manifest.Parts, func(p evidence.Part) bool { return p.Kind == kind })
}

func (k *kept) drop(kind evidence.Kind) {
	for i := k.at(kind); i >= 0; i = k.at(kind) {
		k.manifest.Parts, k.content = slices.Delete(k.manifest.Parts, i, i+1), slices.Delete(k.content, i, i+1)
	}
}

func (k *kept) report(old, new string) {
	i := k.at(evidence.KindReport)
	if !bytes.Contains(k.content[i], []byte(old)) {
		panic("no " + old)
	}
	k.content[i] = bytes.ReplaceAll(k.content[i], []byte(old), []byte(new))
}

func (k *kept) unsign() { k.manifest.Closed, k.signature = false, nil }

// TestEvidenceLies: whoever changes an evidence file, with digests that fit, is found out for the right reason: by the
// closing signature, and without one by what the documents come to.
func TestEvidenceLies(t *testing.T) {
	d := newDesk(t)
	for name, test := range map[string]struct {
		edit func(*kept)
		docs []verify.Named
		want verify.Indication
		id   string
		sub  verify.SubIndication
	}{
		"nothing":                    {func(*kept) {}, nil, verify.TotalPassed, "", ""},
		"closing signature left out": {func(k *kept) { k.unsign() }, nil, verify.Indeterminate, "evidence.needed", verify.SigConstraintsFailure},
		"another moment":             {func(k *kept) { k.manifest.Judged = now.Add(-time.Minute) }, nil, verify.TotalFailed, "signature.digest", verify.HashFailure},
		"another report":             {func(k *kept) { k.report("示例", "试例") }, nil, verify.TotalFailed, "signature.digest", verify.HashFailure},
		"part left out":              {func(k *kept) { k.drop(evidence.KindTimestamp) }, nil, verify.TotalFailed, "signature.digest", verify.HashFailure},
		"another option":             {func(k *kept) { k.manifest.Options = []string{"x"} }, nil, verify.TotalFailed, "signature.digest", verify.HashFailure},
		"unsigned, another moment": {func(k *kept) { k.unsign(); k.manifest.Judged = now.Add(-time.Minute) }, nil, verify.TotalFailed,
			"evidence.report", verify.FormatFailure},
		"unsigned, of the future": {func(k *kept) { k.unsign(); k.manifest.Judged = now.Add(time.Hour) }, nil, verify.Indeterminate,
			"evidence.clock", verify.TryLater},
		"unsigned, no list of revocations": {func(k *kept) { k.unsign(); k.drop(evidence.KindCRL) }, nil, verify.Indeterminate,
			"evidence.same", verify.SigConstraintsFailure},
		"unsigned, no token": {func(k *kept) { k.unsign(); k.drop(evidence.KindTimestamp) }, nil, verify.Indeterminate,
			"evidence.needed", verify.SigConstraintsFailure},
		"unsigned, no word of the vault": {func(k *kept) { k.unsign(); k.drop(evidence.KindLicence) }, nil, verify.Indeterminate,
			"evidence.same", verify.SigConstraintsFailure},
		"unsigned, no certificates": {func(k *kept) { k.unsign(); k.drop(evidence.KindCertificate) }, nil, verify.Indeterminate,
			"evidence.needed", verify.SigConstraintsFailure},
		"unsigned, something more": {func(k *kept) {
			k.unsign()
			k.manifest.Parts = append(k.manifest.Parts, evidence.Part{Kind: evidence.KindTimestamp})
			k.content = append(k.content, d.token(d.enrol(ca.ProfileTSA, fixtures.Authority()), []byte("x"), now))
			k.order()
		}, nil, verify.Indeterminate, "evidence.needed", verify.SigConstraintsFailure},
		"unsigned, not what it is called": {func(k *kept) { k.unsign(); k.content[k.at(evidence.KindCRL)] = []byte("x"); k.order() }, nil,
			verify.TotalFailed, "evidence.parts", verify.FormatFailure},
		"unsigned, another fact": {func(k *kept) { k.unsign(); k.report(`"value":"示例`, `"value":"试例`) }, nil, verify.Indeterminate,
			"evidence.same", verify.SigConstraintsFailure},
		"unsigned, other words": {func(k *kept) { k.unsign(); k.report("现行有效", "现行极好") }, nil, verify.Indeterminate,
			"evidence.same", verify.SigConstraintsFailure},
		"unsigned, a space": {func(k *kept) { k.unsign(); k.report(`{"media_type"`, `{ "media_type"`) }, nil, verify.Indeterminate,
			"evidence.same", verify.SigConstraintsFailure},
		"unsigned, a member twice": {func(k *kept) { k.unsign(); k.report(`{"media_type"`, `{"policy":"x","media_type"`) }, nil,
			verify.TotalFailed, "evidence.report", verify.FormatFailure},
		"unsigned, another expectation": {func(k *kept) { k.unsign(); k.content[k.at(evidence.KindExpectation)] = []byte(`{"number":"1"}`) },
			nil, verify.TotalFailed, "evidence.same", verify.SigConstraintsFailure},
		"unsigned, expectation in another spelling": {func(k *kept) {
			k.unsign()
			k.content[k.at(evidence.KindExpectation)] = []byte(`{ "number":"1"}`)
		}, nil, verify.TotalFailed, "evidence.parts", verify.FormatFailure},
	} {
		t.Run(name, func(t *testing.T) {
			expect := verify.Expect{Issuer: fixtures.Departments()[0].Code}
			file := d.keep(d.here(nil), expect, d.closing(), d.docs[0])
			if strings.Contains(name, "token") || strings.Contains(name, "part left out") {
				file = d.keep(d.here(nil), verify.Expect{}, d.closing(), d.docs[1])
			}
			file = remake(t, file, test.edit)
			r := d.judge(d.elsewhere(now, nil), file)
			require.Equal(t, test.want, r.Indication, "%s %s %v", r.Headline, r.SubIndication, r.Checks)
			require.Equal(t, test.id, r.Headline)
			require.Equal(t, test.sub, r.SubIndication)
		})
	}
}

// order puts the shared parts back into the order of their digests.
func (k *kept) order() {
	type piece struct {
		part    evidence.Part
		content []byte
	}
	list := make([]piece, len(k.content))
	for i := range list {
		list[i] = piece{k.manifest.Parts[i], k.content[i]}
		list[i].part.Digest, _, _ = evidence.Sum(bytes.NewReader(k.content[i]))
	}
	slices.SortStableFunc(list, func(a, b piece) int {
		if a.part.Kind != b.part.Kind || a.part.Of != 0 {
			return 0
		}
		return bytes.Compare(a.part.Digest[:], b.part.Digest[:])
	})
	for i := range list {
		k.manifest.Parts[i], k.content[i] = list[i].part, list[i].content
	}
}

// TestEvidenceSaysPassed: a report that says passed about a document that does not is a lie, and is called one.
func TestEvidenceSaysPassed(t *testing.T) {
	d := newDesk(t)
	bent := slices.Clone(d.content)
	bent[0] ^= 1
	doc := d.docs[1]
	doc.Content = bytes.NewReader(bent)
	file := remake(t, d.keep(d.here(nil), verify.Expect{}, nil, doc), func(k *kept) {
		report, err := d.here(nil).VerifyCase(t.Context(), d.docs[1:2], verify.Expect{})
		require.NoError(t, err)
		k.content[k.at(evidence.KindReport)], err = report.Reports[0].MarshalJSON()
		require.NoError(t, err)
	})
	r := d.judge(d.elsewhere(now, nil), file)
	require.Equal(t, verify.TotalFailed, r.Indication)
	require.Equal(t, "evidence.same", r.Headline)
	require.NotEmpty(t, r.Kept[0].Differences)
	require.Equal(t, verify.TotalPassed, r.Kept[0].Stated.Indication)
}

// TestEvidenceClosing: the closing signature is judged like any other.
func TestEvidenceClosing(t *testing.T) {
	d := newDesk(t)
	stranger := newDesk(t)
	for name, test := range map[string]struct {
		closing *verify.Closing
		revoked []revoked
		want    verify.Indication
		id      string
	}{
		"good":           {d.closing(), nil, verify.TotalPassed, ""},
		"by a stranger":  {stranger.closing(), nil, verify.Indeterminate, "signature.chain"},
		"revoked":        {d.closing(), []revoked{{d.closer.cert(), now.Add(-time.Hour), pki.CauseKeyCompromise}}, verify.TotalFailed, "signature.revocation"},
		"over something": {over(d.closing(), []byte("x")), nil, verify.TotalFailed, "signature.digest"},
	} {
		t.Run(name, func(t *testing.T) {
			file := d.keep(d.here(nil, test.revoked...), verify.Expect{}, test.closing, d.docs[2])
			r := d.judge(d.elsewhere(now, nil), file)
			require.Equal(t, test.want, r.Indication, "%s %s %v", r.Headline, r.SubIndication, r.Checks)
			require.Equal(t, test.id, r.Headline)
			same(t, r)
		})
	}
}

// TestEvidenceClosingForm: a closing signature has one form. Nobody writes a file with another, and nobody reads one.
func TestEvidenceClosingForm(t *testing.T) {
	d := newDesk(t)
	more := d.enrol(ca.ProfileDepartment, fixtures.Departments()[1])
	file := d.keep(d.here(nil), verify.Expect{}, d.closing(), d.docs[2])
	c, err := d.here(nil).VerifyCase(t.Context(), d.docs[2:], verify.Expect{})
	require.NoError(t, err)
	for name, sign := range map[string]func(context.Context, []byte) ([]byte, error){
		"content inside": d.signer(d.closer, nil).Attached,
		"no signature":   func(context.Context, []byte) ([]byte, error) { return []byte("x"), nil },
		"a certificate too many": func(ctx context.Context, b []byte) ([]byte, error) {
			data, err := cms.Parse(must(d.closing().Sign(ctx, b))(t))
			require.NoError(t, err)
			return data.With(cms.Additions{Certificates: [][]byte{more.cert().Raw}})
		},
		"two signers": func(ctx context.Context, b []byte) ([]byte, error) {
			return signing.SignTogether(ctx, b, false, d.signer(d.closer, nil), d.signer(more, nil))
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorIs(t, c.WriteEvidence(t.Context(), io.Discard, &verify.Closing{Chain: d.closer.chain, Sign: sign}),
				verify.ErrConfig)
			r := d.judge(d.elsewhere(now, nil), remake(t, file, func(k *kept) {
				manifest, err := evidence.AppendManifest(nil, &k.manifest)
				require.NoError(t, err)
				k.signature, err = sign(t.Context(), manifest)
				require.NoError(t, err)
			}))
			require.Equal(t, verify.TotalFailed, r.Indication)
			require.Equal(t, "evidence.closed", r.Headline)
			require.Equal(t, verify.FormatFailure, r.SubIndication)
		})
	}
}

func over(c *verify.Closing, what []byte) *verify.Closing {
	return &verify.Closing{Chain: c.Chain, Sign: func(ctx context.Context, _ []byte) ([]byte, error) { return c.Sign(ctx, what) }}
}

// TestEvidenceOtherOptions: another way of judging shows in the checks, and is no difference of substance.
func TestEvidenceOtherOptions(t *testing.T) {
	d := newDesk(t)
	file := d.keep(d.here(nil), verify.Expect{}, nil, d.docs[2])
	r := d.judge(d.elsewhere(now, func(c *verify.Config) { c.Requirements.Timestamp = true }), file)
	require.Equal(t, verify.Indeterminate, r.Indication)
	require.Equal(t, "evidence.same", r.Headline)
	file = d.keep(d.here(func(c *verify.Config) { c.CrossCheck = true }), verify.Expect{}, nil, d.docs...)
	r = d.judge(d.elsewhere(now, nil), file)
	require.Equal(t, verify.TotalPassed, r.Indication, "%s %v", r.Headline, r.Kept[0].Differences)
}

// TestEvidenceEveryByte: whatever bit is flipped, the file does not pass.
func TestEvidenceEveryByte(t *testing.T) {
	d := newDesk(t)
	file := d.keep(d.here(nil), verify.Expect{}, d.closing(), d.docs[2])
	v := d.elsewhere(now, nil)
	step := 1 + len(file)/2000
	if testing.Short() {
		step = 1 + len(file)/200
	}
	for i := 0; i < len(file); i += step {
		bent := bytes.Clone(file)
		bent[i] ^= 1
		r, err := v.Verify(t.Context(), bent, verify.Expect{})
		require.NoError(t, err)
		require.NotEqual(t, verify.TotalPassed, r.Indication, "byte %d of %d", i, len(file))
	}
	for _, end := range [][]byte{file[:len(file)-1], append(bytes.Clone(file), 0)} {
		require.NotEqual(t, verify.TotalPassed, d.judge(v, end).Indication)
	}
}

// TestEvidenceWithin: an evidence file is no document of another, and one that was not judged is none.
func TestEvidenceWithin(t *testing.T) {
	d := newDesk(t)
	file := d.keep(d.here(nil), verify.Expect{}, nil, d.docs[2])
	c, err := d.here(nil).VerifyCase(t.Context(), []verify.Named{{Document: verify.DocumentOf(file), Name: "x"}}, verify.Expect{})
	require.NoError(t, err)
	require.ErrorIs(t, c.WriteEvidence(t.Context(), io.Discard, nil), verify.ErrConfig)
	require.ErrorIs(t, (&verify.CaseReport{}).WriteEvidence(t.Context(), io.Discard, nil), verify.ErrConfig)
	r := d.judge(d.elsewhere(now, nil), remake(t, file, func(k *kept) { k.content[0] = file }))
	require.Equal(t, verify.TotalFailed, r.Indication)
	require.Equal(t, "evidence.same", r.Headline)
	inner, ok := r.Kept[0].Then.Check("document.kind")
	require.True(t, ok)
	require.Equal(t, verify.CheckFailed, inner.Status)
}

// TestEvidenceExpectation: what was expected then is asked again, and what is expected now too.
func TestEvidenceExpectation(t *testing.T) {
	d := newDesk(t)
	code := fixtures.Departments()[0].Code
	file := d.keep(d.here(nil), verify.Expect{Issuer: code}, nil, d.docs[0])
	v := d.elsewhere(now, nil)
	r, err := v.Verify(t.Context(), file, verify.Expect{})
	require.NoError(t, err)
	require.Equal(t, verify.TotalPassed, r.Indication)
	_, asked := r.Kept[0].Now.Check("expect.issuer")
	require.True(t, asked)
	r, err = v.Verify(t.Context(), file, verify.Expect{Number: "另一编号"})
	require.NoError(t, err)
	require.Equal(t, verify.TotalFailed, r.Indication)
	require.Equal(t, "evidence.now", r.Headline)
	require.Equal(t, verify.ExpectationFailure, r.SubIndication)
}

// TestEvidenceReasons: whatever is the matter with an old file, the second line says what was decided then if that is known.
func TestEvidenceReasons(t *testing.T) {
	d := newDesk(t)
	file := d.keep(d.here(nil), verify.Expect{}, d.closing(), d.docs[1:]...)
	later := d.judge(d.elsewhere(now.AddDate(1, 0, 0), nil), file)
	require.Equal(t, verify.Indeterminate, later.Indication)
	require.Equal(t, "signature.revocation", later.Headline)
	_, reason := later.Headlines("zh")
	require.True(t, strings.HasPrefix(reason, "当时的结论是可以受理，重新核验一致；但[收尾] 签名："), reason)
	other := d.judge(d.elsewhere(now, func(c *verify.Config) { c.Trust = newWorld(t).anchors }), file)
	_, reason = other.Headlines("zh")
	require.NotContains(t, reason, "重新核验一致")
	var page, text bytes.Buffer
	require.NoError(t, later.WriteHTML(&page, "", "zh"))
	require.NoError(t, later.WriteText(&text, "zh"))
	for _, shown := range []string{"按当时重新核验: 可以受理", "按现在核验: 待复验"} {
		require.Contains(t, page.String(), shown)
		require.Contains(t, text.String(), shown)
	}
	require.Equal(t, "documents", later.Outline("zh").Sections[0].ID)
}

// TestEvidenceJSON: the written form has both judgements of each document.
func TestEvidenceJSON(t *testing.T) {
	d := newDesk(t)
	r := d.judge(d.elsewhere(now, nil), d.keep(d.here(nil), verify.Expect{}, nil, d.docs[2]))
	text, err := r.MarshalJSON()
	require.NoError(t, err)
	var out struct {
		Documents []struct {
			Name      string
			Same      bool
			Then, Now struct{ Indication verify.Indication }
		}
	}
	require.NoError(t, json.Unmarshal(text, &out))
	require.Len(t, out.Documents, 1)
	require.True(t, out.Documents[0].Same)
	require.Equal(t, verify.TotalPassed, out.Documents[0].Then.Indication)
	require.Equal(t, verify.TotalPassed, out.Documents[0].Now.Indication)
}
