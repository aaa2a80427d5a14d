package server

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/files"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/verify"
)

// Verifying is what verifications need.
type Verifying struct {
	Verifier Judge
	// Closing gives by whom an evidence file is signed, each time anew, since certificates are renewed; nil: by nobody.
	Closing func() (*verify.Closing, error)
	// Paper lays a report out as a signed OFD; nil: there is none in this form.
	Paper func(ctx context.Context, c *verify.CaseReport, lang string) ([]byte, error)
	// AtOnce is how many cases are judged at once; 0: 2.
	AtOnce int
	Keep   time.Duration // how long verdicts are kept with their documents; 0: a year
}

const (
	judgedAtOnce = 2
	keepVerdict  = 365 * 24 * time.Hour
	maxSubmitted = 64 << 20 // bytes of one document
	maxEvidence  = 4 << 30
)

func (s *Server) registerVerifications() {
	add(s, operation{
		id: "verify", again: true, method: http.MethodPost, path: "/verifications", tag: "verifications",
		status: http.StatusCreated, may: identity.MayVerify, maxBody: largeBody,
		zh: "核验一件或一个办件的材料", en: "judge the documents of a case",
	}, s.verify)
	add(s, operation{
		id: "getVerification", method: http.MethodGet, path: "/verifications/{id}", tag: "verifications",
		may: identity.MayVerify, zh: "核验结论", en: "a verdict that is kept",
	}, s.verification)
	add(s, operation{
		id: "rejudge", method: http.MethodPost, path: "/verifications/{id}/rejudgements", tag: "verifications",
		may: identity.MayVerify, zh: "按现行规则复验并列出差别", en: "judge the same evidence anew and tell the difference",
	}, s.rejudge)
	add(s, operation{
		id: "verifyDigests", method: http.MethodPost, path: "/verifications/digests", tag: "verifications",
		may: identity.MayVerify, zh: "只凭摘要核对是否为库中文件", en: "whether documents are those of the vault, by digest alone",
	}, s.verifyDigests)
}

type verifyInput struct {
	Write
	Body api.VerificationRequest
}

type verificationOutput struct {
	Status   int
	Location string `header:"Location"`
	Replayed string `header:"X-Replayed"`
	Body     api.Verification
}

func (s *Server) verify(ctx context.Context, c *identity.Caller, in *verifyInput) (*verificationOutput, error) {
	v := s.cfg.Verifying
	if v == nil || s.files == nil {
		return nil, codeProblem(CodeNotOffered)
	}
	asked, err := askedOf(&in.Body)
	if err != nil {
		return nil, err
	}
	kept := &verdict{ID: verdictID(s.ownerOf(c), in.Key), Owner: s.ownerOf(c), Asked: asked}
	if out, err := s.judgedBefore(ctx, kept); !isCode(err, CodeNoVerdict) {
		return out, err
	}
	if err := firstOnly(c); err != nil {
		return nil, err
	}
	err = s.judge(ctx, c, kept, &in.Body)
	if errors.Is(err, errJudged) {
		return s.judgedBefore(ctx, kept)
	}
	if err != nil {
		return nil, err
	}
	return verificationAnswer(http.StatusCreated, "", kept), nil
}

// judgedBefore is what the same request was told; another under its key is refused.
func (s *Server) judgedBefore(ctx context.Context, kept *verdict) (*verificationOutput, error) {
	former, err := s.verdict(ctx, kept.Owner, kept.ID)
	if err != nil {
		return nil, err
	}
	if former.Asked != kept.Asked {
		return nil, keyReused(vault.DiffersContent)
	}
	return verificationAnswer(http.StatusOK, "true", former), nil
}

// witnessVerdict puts into the audit who judged which case, and how it ended, before anybody is told.
func (s *Server) witnessVerdict(ctx context.Context, c *identity.Caller, act string, v *verdict) error {
	a := s.accessOf(ctx, c, api.Asked{Purpose: "核验提交材料", Case: v.Verification.Case})
	return s.cfg.Vault.Witness(ctx, a, vault.Witnessed{
		Act: act, Object: "verdict " + v.ID,
		Result: witnessedIndication(v.Verification.Indication),
	})
}

// witnessedIndication is an indication as the audit spells outcomes.
func witnessedIndication(indication string) string {
	return strings.ToLower(strings.ReplaceAll(indication, "_", "-"))
}

func verificationAnswer(status int, replayed string, v *verdict) *verificationOutput {
	return &verificationOutput{
		Status: status, Location: api.Version + "/verifications/" + v.ID, Replayed: replayed, Body: v.Verification,
	}
}

// judge judges a case in its turn, if there is room to keep what comes of it, and keeps that.
func (s *Server) judge(ctx context.Context, c *identity.Caller, kept *verdict, q *api.VerificationRequest) error {
	docs, err := s.submitted(ctx, kept.Owner, q.Documents)
	if err != nil {
		return err
	}
	release, err := s.hold(ctx, kept.Owner, roomFor(docs))
	if err != nil {
		return err
	}
	defer release()
	done, err := s.turn(ctx, c)
	if err != nil {
		return err
	}
	defer done()
	report, err := s.cfg.Verifying.Verifier.VerifyCase(ctx, docs, expectOf(q.Expect))
	if err != nil {
		return err
	}
	report.Number = q.Case
	lang := cmp.Or(q.Language, "zh")
	now, keep := s.cfg.Now().UTC(), cmp.Or(s.cfg.Verifying.Keep, keepVerdict)
	kept.Verification = verificationOf(report, lang)
	kept.Verification.ID, kept.Verification.Judged, kept.Verification.Expires = kept.ID, now, now.Add(keep)
	reports := &reportFiles{s: s, want: files.Want{Owner: kept.Owner, Limit: maxEvidence, Keep: keep, Promised: true}}
	defer reports.close()
	if err := reports.writeReports(ctx, kept, reportWriter{report, lang}); err != nil {
		return err
	}
	if err := s.witnessVerdict(ctx, c, "verify", kept); err != nil {
		return err
	}
	return s.keepVerdict(ctx, kept, reports)
}

// submitted opens the documents of a request, or tells all that do not open.
func (s *Server) submitted(ctx context.Context, owner string, list []api.Submitted) ([]verify.Named, error) {
	out := make([]verify.Named, 0, len(list))
	var found []error
	for i := range list {
		d := &list[i]
		body, size, err := s.contentOf(ctx, owner, d.Content, d.File)
		found = append(found, at(documentPath(i, "file"), err))
		if err == nil && body == nil {
			p := codeProblem(CodeNoContent)
			p.Errors[0].Path = documentPath(i, "content")
			found = append(found, p)
		}
		doc := verify.Named{Name: d.Name, Document: verify.Document{Body: body, Size: size, Licence: d.Licence}}
		doc.Content, doc.ContentSize, err = s.contentOf(ctx, owner, d.Signed, d.SignedF)
		found = append(found, at(documentPath(i, "signedFile"), err))
		out = append(out, doc)
	}
	return out, together(found...)
}

// contentOf is content that came with the request or was uploaded before; nil if there is neither.
func (s *Server) contentOf(ctx context.Context, owner string, inline []byte, id string) (io.ReaderAt, int64, error) {
	switch {
	case len(inline) > 0 && id != "":
		return nil, 0, codeProblem(CodeTwoContents)
	case len(inline) > 0:
		return bytes.NewReader(inline), int64(len(inline)), nil
	case id == "":
		return nil, 0, nil
	}
	f, err := s.ownFile(ctx, owner, id)
	if err != nil {
		return nil, 0, err
	}
	if f.Size > maxSubmitted {
		return nil, 0, tooLarge(maxSubmitted)
	}
	return f, f.Size, nil
}

func expectOf(e *api.Expect) verify.Expect {
	if e == nil {
		return verify.Expect{}
	}
	out := verify.Expect{
		HolderCode: e.HolderCode, HolderName: e.HolderName, Type: e.Type, Issuer: e.Issuer, Number: e.Number,
		Identifier: e.Identifier, Department: e.Department, Case: e.Case, NoLicenceUnsafe: e.NoLicence,
	}
	if e.At != nil {
		out.At = *e.At
	}
	return out
}

func verificationOf(c *verify.CaseReport, lang string) api.Verification {
	out := api.Verification{
		Case: c.Number, Policy: verify.PolicyVersion, Indication: c.Indication().String(), Notice: c.Notice(lang),
		Todo: c.Todo(lang),
	}
	out.DecisionZh, out.DecisionEn = c.DecisionIn("zh"), c.DecisionIn("en")
	for i, r := range c.Reports {
		d := api.Judged{
			Name: c.Names[i], With: r.With, SameAs: r.SameAs, SM3: c.Inputs[i].SM3, Size: c.Inputs[i].Size,
			Kind:       string(r.Kind),
			Indication: r.Indication.String(), SubIndication: string(r.SubIndication), Headline: r.Headline,
		}
		_, d.ReasonZh = r.Headlines("zh")
		_, d.ReasonEn = r.Headlines("en")
		d.DecisionZh, d.DecisionEn = r.DecisionIn("zh"), r.DecisionIn("en")
		out.Documents = append(out.Documents, d)
	}
	return out
}

// verdictInput names a verdict in the path.
type verdictInput struct {
	ID string `path:"id" maxLength:"64"`
}

func (s *Server) verification(ctx context.Context, c *identity.Caller, in *verdictInput) (*verificationOutput, error) {
	kept, err := s.verdict(ctx, s.ownerOf(c), in.ID)
	if err != nil {
		return nil, err
	}
	return verificationAnswer(http.StatusOK, "", kept), nil
}

// askedOf is the digest of a request, by which a repetition is known.
func askedOf(q *api.VerificationRequest) (string, error) {
	b, err := json.Marshal(q)
	if err != nil {
		return "", err
	}
	return digestOf(b), nil
}
