package verify

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/elicense/elicense/internal/evidence"
	"github.com/elicense/elicense/pki"
)

// EvidenceMediaType is that of an evidence file.
const EvidenceMediaType = "application/vnd.elicense.evidence.v1"

// Closing closes an evidence file with a signature, by whoever answers for the reports in it.
type Closing struct {
	Chain []*pki.Certificate // the signer's first; required
	// Sign makes detached SignedData over the manifest, with the signer's certificate inside. Required.
	Sign func(ctx context.Context, manifest []byte) ([]byte, error)
}

// WriteEvidence writes the evidence file (核验证据包) of a case that was judged: its documents as received, the reports,
// and what they rest on. It verifies again without a network, by whoever has the same trust. The readers of the
// documents must still be open. nil closing: nobody signs it.
func (c *CaseReport) WriteEvidence(ctx context.Context, w io.Writer, closing *Closing) error {
	if c.judge == nil || len(c.docs) == 0 || len(c.docs) != len(c.Reports) {
		return fmt.Errorf("%w: no case that was judged", ErrConfig)
	}
	e := &evidenceWriter{manifest: evidence.Manifest{
		Judged: c.judge.config.Now(), Case: c.Number, Policy: PolicyVersion, Options: c.judge.options(),
		Closed: closing != nil,
	}}
	rest := &Grounds{}
	for i := range c.docs {
		if err := e.document(i+1, &c.docs[i], c.Reports[i]); err != nil {
			return err
		}
		rest.add(&c.Reports[i].Grounds)
	}
	if closing != nil {
		if len(closing.Chain) == 0 || closing.Sign == nil {
			return fmt.Errorf("%w: closing signature without a signer", ErrConfig)
		}
		rest.add(c.judge.groundsOf(ctx, closing.Chain))
	}
	if err := e.shared(c.expect, rest); err != nil {
		return err
	}
	return e.write(ctx, w, closing, rest)
}

// evidenceWriter puts the parts together.
type evidenceWriter struct {
	manifest evidence.Manifest
	parts    []io.Reader
}

func (e *evidenceWriter) add(p evidence.Part, content *io.SectionReader) error {
	var err error
	if p.Digest, p.Size, err = evidence.Sum(content); err != nil {
		return err
	}
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("verify: reading the document: %w", err)
	}
	e.manifest.Parts, e.parts = append(e.manifest.Parts, p), append(e.parts, content)
	return nil
}

func (e *evidenceWriter) addBytes(kind evidence.Kind, of int, content []byte) error {
	whole := io.NewSectionReader(bytes.NewReader(content), 0, int64(len(content)))
	return e.add(evidence.Part{Kind: kind, Of: of}, whole)
}

func (e *evidenceWriter) document(of int, d *Named, r *Report) error {
	if r.Kind == KindEvidence {
		return fmt.Errorf("%w: %q is an evidence file already", ErrConfig, d.Name)
	}
	name := evidence.CleanName(d.Name)
	if err := e.add(evidence.Part{Kind: evidence.KindDocument, Of: of, Name: name},
		io.NewSectionReader(d.Body, 0, d.Size)); err != nil {
		return err
	}
	if d.Content != nil {
		if err := e.add(evidence.Part{Kind: evidence.KindContent, Of: of},
			io.NewSectionReader(d.Content, 0, d.ContentSize)); err != nil {
			return err
		}
	}
	if d.Licence != nil {
		if err := e.addBytes(evidence.KindLicence, of, d.Licence); err != nil {
			return err
		}
	}
	if r.said != nil {
		said, err := json.Marshal(r.said)
		if err != nil {
			return fmt.Errorf("verify: writing a status statement: %w", err)
		}
		if err := e.addBytes(evidence.KindStatus, of, said); err != nil {
			return err
		}
	}
	text, err := r.MarshalJSON()
	if err != nil {
		return err
	}
	return e.addBytes(evidence.KindReport, of, text)
}

// shared adds what all documents share, each kind in the order of its digests.
func (e *evidenceWriter) shared(expect Expect, rest *Grounds) error {
	if expect != (Expect{}) {
		text, err := json.Marshal(keptExpectOf(expect))
		if err != nil {
			return fmt.Errorf("verify: writing expectations: %w", err)
		}
		if err := e.addBytes(evidence.KindExpectation, 0, text); err != nil {
			return err
		}
	}
	var lists [4][][]byte
	for _, c := range rest.Certificates {
		lists[0] = append(lists[0], c.Raw)
	}
	for _, c := range rest.CRLs {
		lists[1] = append(lists[1], c.Raw)
	}
	for _, r := range rest.Responses {
		lists[2] = append(lists[2], r.Raw)
	}
	lists[3] = rest.Timestamps
	for i, kind := range []evidence.Kind{
		evidence.KindCertificate, evidence.KindCRL, evidence.KindOCSP, evidence.KindTimestamp,
	} {
		from := len(e.parts)
		for _, raw := range lists[i] {
			if err := e.addBytes(kind, 0, raw); err != nil {
				return err
			}
		}
		e.sort(from)
	}
	return nil
}

// sort puts the parts from there on into the order of their digests.
func (e *evidenceWriter) sort(from int) {
	order := make([]int, len(e.parts)-from)
	for i := range order {
		order[i] = from + i
	}
	parts, readers := slices.Clone(e.manifest.Parts), slices.Clone(e.parts)
	slices.SortFunc(order, func(a, b int) int { return bytes.Compare(parts[a].Digest[:], parts[b].Digest[:]) })
	for i, at := range order {
		e.manifest.Parts[from+i], e.parts[from+i] = parts[at], readers[at]
	}
}

func (e *evidenceWriter) write(ctx context.Context, w io.Writer, closing *Closing, rest *Grounds) error {
	var signature []byte
	if closing != nil {
		manifest, err := evidence.AppendManifest(nil, &e.manifest)
		if err != nil {
			return err
		}
		if signature, err = closing.Sign(ctx, manifest); err != nil {
			return fmt.Errorf("verify: closing an evidence file: %w", err)
		}
		if rest.closing(manifest, signature) == nil { // it would be refused by whoever reads it
			return fmt.Errorf("%w: closing signature in another form, or with certificates beside its chain", ErrConfig)
		}
	}
	return evidence.Write(w, &e.manifest, e.parts, signature)
}

// groundsOf are those on which a signature that is about to be made will rest.
func (v *Verifier) groundsOf(ctx context.Context, chain []*pki.Certificate) *Grounds {
	j := newJudgement(ctx, v, Expect{})
	m := &mark{subject: subjectSignature, leaf: chain[0], help: chain[1:]}
	s := standing{at: j.now}
	s.chain = j.judgeMarkChain(m, &s)
	j.restOnChain(s.chain, m.leaf, m.help)
	if s.chain != nil {
		j.judgeRevocation(m, s)
	}
	return &j.report.Grounds
}

// Words of what a verifier was told, as an evidence file names them.
const (
	optionCross      = "cross-check"
	optionDelay      = "delay="
	optionForeign    = "foreign-forms"
	optionMaxAge     = "max-age="
	optionRevocation = "revocation" // something is known of revocations
	optionStatus     = "status-source"
	optionTimestamp  = "timestamp"
)

// options are what the verifier was told, in the order of the words.
func (v *Verifier) options() []string {
	var out []string
	for _, o := range []struct {
		word string
		set  bool
	}{
		{optionCross, v.config.CrossCheck},
		{optionDelay + seconds(v.config.Requirements.RevocationDelay), v.config.Requirements.RevocationDelay > 0},
		{optionForeign, v.config.ForeignForms},
		{optionMaxAge + seconds(v.config.Requirements.RevocationMaxAge), v.config.Requirements.RevocationMaxAge > 0},
		{optionRevocation, len(v.config.Evidence) > 0 || v.config.Revocation != nil},
		{optionStatus, v.config.Status != nil}, {optionTimestamp, v.config.Requirements.Timestamp},
	} {
		if o.set {
			out = append(out, o.word)
		}
	}
	return out
}

// seconds writes a duration in whole seconds.
func seconds(d time.Duration) string { return strconv.FormatInt(int64(d/time.Second), 10) }

// keptExpect is the form in which an evidence file keeps what was expected.
type keptExpect struct {
	Case       string     `json:"case,omitempty"`
	Department string     `json:"department,omitempty"`
	HolderCode string     `json:"holder_code,omitempty"`
	HolderName string     `json:"holder_name,omitempty"`
	Identifier string     `json:"identifier,omitempty"`
	Issuer     string     `json:"issuer,omitempty"`
	Number     string     `json:"number,omitempty"`
	Type       string     `json:"type,omitempty"`
	NoLicence  bool       `json:"no_licence,omitempty"`
	At         *time.Time `json:"at,omitempty"`
}

func keptExpectOf(e Expect) keptExpect {
	out := keptExpect{
		Case: e.Case, Department: e.Department, HolderCode: e.HolderCode, HolderName: e.HolderName,
		Identifier: e.Identifier, Issuer: e.Issuer, Number: e.Number, Type: e.Type, NoLicence: e.NoLicenceUnsafe,
	}
	if !e.At.IsZero() {
		at := e.At.UTC()
		out.At = &at
	}
	return out
}

func (e keptExpect) expect() Expect {
	out := Expect{
		Case: e.Case, Department: e.Department, HolderCode: e.HolderCode, HolderName: e.HolderName,
		Identifier: e.Identifier, Issuer: e.Issuer, Number: e.Number, Type: e.Type, NoLicenceUnsafe: e.NoLicence,
	}
	if e.At != nil {
		out.At = *e.At
	}
	return out
}

// parseExpectation reads an expectation in its one spelling.
func parseExpectation(raw []byte) (Expect, bool) {
	var e keptExpect
	if json.Unmarshal(raw, &e) != nil {
		return Expect{}, false
	}
	again, err := json.Marshal(e)
	return e.expect(), err == nil && bytes.Equal(again, raw)
}

// over are these expectations, with those of another where these expect nothing. What another says to be lenient is
// left out: his word is no reason to skip a check.
func (e Expect) over(other Expect) Expect {
	out := Expect{
		HolderCode: cmp.Or(e.HolderCode, other.HolderCode), HolderName: cmp.Or(e.HolderName, other.HolderName),
		Type: cmp.Or(e.Type, other.Type), Issuer: cmp.Or(e.Issuer, other.Issuer),
		Number: cmp.Or(e.Number, other.Number), Identifier: cmp.Or(e.Identifier, other.Identifier),
		Department: cmp.Or(e.Department, other.Department), Case: cmp.Or(e.Case, other.Case), At: e.At,
		NoLicenceUnsafe: e.NoLicenceUnsafe,
	}
	if out.At.IsZero() {
		out.At = other.At
	}
	return out
}
