package server

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/verify"
)

type rejudgeInput struct {
	Write
	ID string `path:"id" maxLength:"64"`
}

type rejudgeOutput struct {
	Body api.Rejudgement
}

// rejudge judges kept evidence by the rules and the knowledge of now. It keeps nothing, so it may be sent again.
func (s *Server) rejudge(ctx context.Context, c *identity.Caller, in *rejudgeInput) (*rejudgeOutput, error) {
	if s.cfg.Verifying == nil {
		return nil, codeProblem(CodeNotOffered)
	}
	kept, err := s.verdict(ctx, s.ownerOf(c), in.ID)
	if err != nil {
		return nil, err
	}
	if kept.Verification.Evidence == nil {
		return nil, codeProblem(CodeNoEvidence)
	}
	f, err := s.ownFile(ctx, s.ownerOf(c), kept.Verification.Evidence.ID)
	if err != nil {
		return nil, err
	}
	done, err := s.turn(ctx, c)
	if err != nil {
		return nil, err
	}
	defer done()
	r, err := s.cfg.Verifying.Verifier.VerifyDocument(ctx, verify.Document{Body: f, Size: f.Size}, verify.Expect{})
	if err != nil {
		return nil, err
	}
	if err := s.witnessVerdict(ctx, c, "rejudge", kept); err != nil {
		return nil, err
	}
	out := &rejudgeOutput{Body: api.Rejudgement{
		Judged: s.cfg.Now().UTC(), Policy: verify.PolicyVersion, Indication: r.Indication.String(),
		Documents: make([]api.Rejudged, 0, len(r.Kept)),
	}}
	for i := range r.Kept {
		out.Body.Documents = append(out.Body.Documents, rejudgedOf(&r.Kept[i]))
	}
	return out, nil
}

func rejudgedOf(k *verify.Rejudged) api.Rejudged {
	verdictOf := func(r *verify.Report) verify.Verdict {
		return verify.Verdict{Indication: r.Indication, SubIndication: r.SubIndication, Headline: r.Headline}
	}
	then, now := verdictOf(k.Then), verdictOf(k.Now)
	d := api.Rejudged{
		Name: k.Name, Stated: k.Stated.String(), Then: then.String(), Now: now.String(), Changed: k.Stated != now,
	}
	for _, x := range k.Differences {
		d.Differences = append(d.Differences, api.Difference{What: x.What, Stated: x.Stated, Again: x.Again})
	}
	return d
}

// otherVersion is a document of a version that is not in force.
const otherVersion = "other-version"

type digestsInput struct {
	Body api.DigestRequest
}

type digestsOutput struct {
	Body api.DigestAnswer
}

// verifyDigests answers by look-ups, each with its right and its audit entry. What the caller may not know is as if it
// were not there.
func (s *Server) verifyDigests(ctx context.Context, c *identity.Caller, in *digestsInput) (*digestsOutput, error) {
	out := &digestsOutput{}
	for _, d := range in.Body.Documents {
		answer, err := s.verifyDigest(ctx, c, &in.Body.Asked, d)
		if err != nil {
			return nil, err
		}
		out.Body.Documents = append(out.Body.Documents, answer)
	}
	return out, nil
}

func (s *Server) verifyDigest(ctx context.Context, c *identity.Caller, a *api.Asked, d api.DigestOf) (
	api.DigestVerdict, error,
) {
	d.SM3 = strings.ToLower(d.SM3)
	out := api.DigestVerdict{DigestOf: d}
	if err := checkIdentifier(c, d.Identifier); err != nil {
		return out, err
	}
	res, err := s.cfg.Vault.Lookup(ctx, s.accessOf(ctx, c, *a), vault.Query{Identifier: d.Identifier})
	var refusal *vault.Refusal
	if errors.As(err, &refusal) && errors.Is(err, vault.ErrNotFound) {
		out.Code = string(refusal.Problems[0].Code)
		return out, nil
	}
	if err != nil {
		return out, err
	}
	if len(res.Found) == 0 {
		out.Code = string(res.Absence)
		return out, nil
	}
	f := &res.Found[0]
	out.State, out.StateZh, out.Version = string(f.State), f.State.Chinese(), versionIn(f.Identifier)
	if hex.EncodeToString(f.Digest[:]) == d.SM3 {
		out.Known, out.Kind = true, "record"
	}
	for _, doc := range f.Documents {
		if hex.EncodeToString(doc.Digest[:]) != d.SM3 {
			continue
		}
		out.Kind = doc.Kind
		if doc.Version == out.Version { // one of a former version is no proof of what counts now
			out.Known, out.Code = true, ""
			return out, nil
		}
		out.Code = otherVersion
	}
	return out, nil
}
