package vault

import (
	"context"
	"errors"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// Request is what a department submits to issue a licence (A72). Values are raw, by short name; the vault normalises
// them and says how.
type Request struct {
	Key    string            `json:"-"` // idempotency key, required
	Type   string            `json:"type"`
	Values map[string]string `json:"values"`
	// Images are the contents of images, JPEG or PNG, by short name; the vault stores them and takes their digests for
	// values.
	Images map[string][]byte `json:"images,omitempty"`
	// Paper is the serial of the printed paper. Issue requires it; Reserve does not use it.
	Paper string `json:"paper,omitempty"`
	// Division is the 6-digit division for numbers that the vault allocates by the type's rule.
	Division string `json:"division,omitempty"`
}

// Answer is the outcome of a write. The same request under the same key gives the same answer, with Replayed set.
type Answer struct {
	Identifier string        `json:"identifier"`
	Number     string        `json:"number"`
	Version    int           `json:"version"`
	State      State         `json:"state"`
	Record     record.Digest `json:"record"`
	ToSign     []byte        `json:"to_sign,omitempty"` // Reserve with a remote key: the bytes to sign
	Notes      []Note        `json:"notes,omitempty"`
	Replayed   bool          `json:"replayed"`
	// Unchanged tells that a change said what the licence said already: nothing was made.
	Unchanged bool `json:"unchanged,omitempty"`
}

// Issue makes the electronic licence of a paper that is printed already: one call, one transaction. Without a number in
// the request the vault allocates one and reserves first.
func (v *Vault) Issue(ctx context.Context, a Access, req Request) (*Answer, error) {
	r := v.IssueBatch(ctx, a, []Request{req})
	return r[0].Answer, r[0].Err
}

// IssueResult is the outcome of one request of a batch.
type IssueResult struct {
	Answer *Answer
	Err    error
}

// issueGroup is how many requests of a batch share a transaction at most.
const issueGroup = 256

// IssueBatch issues each request as Issue would, in the same order, sharing transactions. One that is refused does not
// hold up the others.
func (v *Vault) IssueBatch(ctx context.Context, a Access, reqs []Request) []IssueResult {
	out := make([]IssueResult, len(reqs))
	s, err := v.admit(ctx, a)
	work := make([]*issuing, 0, len(reqs))
	for i := range reqs {
		if err != nil {
			out[i].Err = err
			continue
		}
		is := &issuing{s: s, req: &reqs[i], out: &out[i]}
		if v.prepareIssue(ctx, is) {
			work = append(work, is)
		}
	}
	if len(work) == 1 {
		v.issues.Do(ctx, work[0], v.commitIssues)
		return out
	}
	for len(work) > 0 {
		n := min(len(work), issueGroup)
		v.commitIssues(ctx, work[:n], func() {})
		work = work[n:]
	}
	return out
}

// issuing is one request on its way.
type issuing struct {
	s     *session
	req   *Request
	out   *IssueResult
	once  *idempotency
	sv    *signed
	notes []Note
	ev    happening
	outer *idempotency // of the call that this is the second step of, or nil
}

func (is *issuing) fail(err error) bool {
	is.out.Answer, is.out.Err = nil, err
	return false
}

// prepareIssue does everything that comes before the transaction; false if the request is settled.
func (v *Vault) prepareIssue(ctx context.Context, is *issuing) bool {
	note := auditNote{act: "issue", typ: is.req.Type, issuer: is.s.caller.Department}
	if err := v.writable(ctx); err != nil {
		return is.fail(v.denied(ctx, is.s, note, err))
	}
	once, err := v.once(is.s, "issue", writeKey{key: is.req.Key}, is.req)
	if err != nil {
		return is.fail(v.denied(ctx, is.s, note, err))
	}
	is.once = once
	if is.out.Answer, err = v.replayed(ctx, is.s, once); err != nil || is.out.Answer != nil {
		is.out.Err = err
		return false
	}
	if p := checkPaper(is.req.Paper); p != nil {
		return is.fail(v.denied(ctx, is.s, note, v.withPaper(ctx, is, *p)))
	}
	if is.req.Values[catalogue.MetaNumber] == "" {
		is.out.Answer, is.out.Err = v.issueReserved(ctx, is)
		return false
	}
	c, notes, err := v.check(ctx, is.s, is.req, true)
	if err != nil {
		return is.fail(v.denied(ctx, is.s, note, err))
	}
	is.notes = notes
	if err := v.putImages(ctx, c, is.req.Images); err != nil {
		return is.fail(err)
	}
	if is.sv, err = v.signDraft(ctx, c, plan{origin: record.Issued, at: is.s.at}); err != nil {
		if isRefusal(err) {
			err = v.denied(ctx, is.s, note, err)
		}
		return is.fail(err)
	}
	is.ev = happening{kind: record.EventIssued, effective: c.issued, paper: is.req.Paper}
	if is.ev.salt, err = v.drawSalt(); err != nil {
		return is.fail(err)
	}
	return true
}

// withPaper tells what is wrong with the paper together with everything else that is wrong, unless the caller may
// not issue at all.
func (v *Vault) withPaper(ctx context.Context, is *issuing, paper Problem) error {
	all := &Refusal{ErrInvalid, []Problem{paper}}
	_, _, err := v.check(ctx, is.s, is.req, is.req.Values[catalogue.MetaNumber] != "")
	var r *Refusal
	switch {
	case err == nil:
		return all
	case errors.As(err, &r) && r.Err == ErrInvalid: //nolint:errorlint // the sentinel itself stands there
		all.Problems = append(all.Problems, r.Problems...)
		return all
	}
	return err
}

// commitIssues writes a group in one transaction, each request with its own audit entry. A request that a guard refuses
// is left out; the rest is committed. A group that is too large for one transaction is halved.
func (v *Vault) commitIssues(ctx context.Context, group []*issuing, worked func()) {
	err := v.commitGroup(ctx, group, worked)
	if errors.Is(err, engine.ErrTooLarge) && len(group) > 1 {
		half := len(group) / 2
		v.commitIssues(ctx, group[:half], worked)
		v.commitIssues(ctx, group[half:], worked)
		return
	}
	if err != nil {
		for _, is := range group {
			is.fail(err)
			if isRefusal(err) {
				is.fail(v.denied(ctx, is.s, is.note(), err))
			}
		}
	}
}

func (v *Vault) commitGroup(ctx context.Context, group []*issuing, worked func()) error {
	if err := v.writable(ctx); err != nil {
		return err
	}
	st, err := v.newStaging(group[0].s)
	if err != nil {
		return err
	}
	return v.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		st.reset()
		if err := openForWriting(w); err != nil {
			return err
		}
		chain, err := openAuditChain(w)
		if err != nil {
			return err
		}
		for _, is := range group {
			if err := v.commitIssue(w, st, is); err != nil {
				return err
			}
			if err := chain.append(w, is.s, is.note()); err != nil {
				return err
			}
		}
		if err := st.write(w); err != nil {
			return err
		}
		err = chain.close(w)
		worked()
		return err
	})
}

// note is the audit entry of a request that was worked.
func (is *issuing) note() auditNote {
	if is.out.Err != nil {
		c := is.sv.c
		return auditNote{
			act: "issue", typ: c.typ.Definition.Code, issuer: c.issuer, result: string(CodeOf(is.out.Err)),
		}
	}
	n := auditNote{act: "issue", licence: is.out.Answer.Identifier, count: 1}
	if is.out.Answer.Replayed {
		n.count, n.result = 0, "replayed"
	}
	return n
}

// commitIssue writes one request, or notes why it is refused; an error it returns stops the whole group.
func (v *Vault) commitIssue(w engine.Writer, st *staging, is *issuing) error {
	is.out.Answer, is.out.Err = nil, nil
	var first Answer
	done, err := is.once.replay(w, &first) // the same request may have come in twice at once
	if done && err == nil {
		first.Replayed = true
		is.out.Answer = &first
		return nil
	}
	if err == nil {
		err = v.stillIssues(w, is.s, is.sv.c.typ.Definition.Code, is.sv.c.issuer)
	}
	if err == nil {
		err = v.commitVersion(w, is.s, st, is.sv, is.ev)
	}
	if isRefusal(err) {
		is.fail(err)
		return nil
	}
	if err != nil {
		return err
	}
	is.out.Answer = &Answer{
		Identifier: is.sv.name, Number: is.sv.c.number, Version: is.sv.identifier.Version,
		State: Valid.on(v.today(is.s.at), is.sv.c.from, is.sv.c.until), Record: is.sv.record, Notes: is.notes,
	}
	if is.outer != nil {
		if err := is.outer.keepNew(w, is.out.Answer); err != nil {
			return err
		}
	}
	return is.once.keep(w, is.out.Answer)
}

func isRefusal(err error) bool {
	_, is := errors.AsType[*Refusal](err)
	return is
}

// checkPaper holds the rule that paper and electronic licence are issued together.
func checkPaper(paper string) *Problem {
	if paper == "" {
		p := problem(CodePaperMissing, "paper", "")
		return &p
	}
	return checkFree("paper", paper, 64)
}

// check finds the type, decides whether the caller may issue, and holds the values against every rule.
func (v *Vault) check(ctx context.Context, s *session, req *Request, needNumber bool) (*Checked, []Note, error) {
	issuer := s.caller.Department
	if err := s.mayIssue(req.Type, issuer); err != nil {
		return nil, nil, err
	}
	var t *LicenceType
	err := v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		h, err := openType(r, req.Type)
		if err == nil {
			t, err = v.compiled(r, req.Type, h)
		}
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return checkImaged(t, s, imaged{req.Values, req.Images, nil}, needNumber, v.today(s.at))
}

// imaged are raw values with the images that come with them, and the version that they follow, if any.
type imaged struct {
	raw    map[string]string
	images map[string][]byte
	former *Version
}

// checkImaged is checkRaw for values with images.
func checkImaged(t *LicenceType, s *session, in imaged, needNumber bool, today record.Date) (*Checked, []Note, error) {
	raw, problems := t.withImages(in.raw, in.images)
	c, notes, err := checkRaw(t, s, raw, needNumber, today)
	var r *Refusal
	switch {
	case err == nil:
		problems = append(problems, c.unknownImages(in.images, in.former)...)
	case errors.As(err, &r):
		for i := range r.Problems {
			problems = appendOnce(problems, r.Problems[i])
		}
	default:
		return nil, nil, err
	}
	if len(problems) > 0 {
		return nil, nil, &Refusal{ErrInvalid, problems}
	}
	return c, notes, nil
}

// checkRaw normalises and checks raw values, with the issuer's name and code filled in.
func checkRaw(t *LicenceType, s *session, raw map[string]string, needNumber bool, today record.Date) (
	*Checked, []Note, error,
) {
	values := make(map[string]string, len(raw)+4)
	for k, x := range raw {
		values[k] = x
	}
	setDefault(values, catalogue.MetaName, t.Definition.Name)
	setDefault(values, catalogue.MetaIssuer, s.caller.Name)
	setDefault(values, catalogue.MetaIssuerCode, s.caller.Department)
	row, notes, problems := t.Normalise(values, today)
	told, problems := tellHolderKind(t, row, problems)
	notes = append(notes, told...)
	c, more := t.Check(Draft{Row: row, Issuer: s.caller.Department}, s.caller.Name, today, needNumber)
	for i := range more {
		problems = appendOnce(problems, more[i])
	}
	if len(problems) > 0 {
		return nil, nil, &Refusal{ErrInvalid, problems}
	}
	return c, notes, nil
}

func setDefault(values map[string]string, name, value string) {
	if values[name] == "" {
		values[name] = value
	}
}

// signDraft is build and sign for an act outside a transaction.
func (v *Vault) signDraft(ctx context.Context, c *Checked, p plan) (*signed, error) {
	salts, err := v.drawSalts(c.typ)
	if err != nil {
		return nil, err
	}
	p.salts = salts
	for tries := 1; ; tries++ {
		u, err := v.build(c, p)
		if err != nil {
			return nil, err
		}
		sv, err := v.sign(ctx, u, p.at)
		if !errors.Is(err, errSignerChanged) || tries == maxSignTries {
			return sv, err
		}
	}
}

// maxSignTries is how often a version is made anew because its issuer's certificate was replaced meanwhile.
const maxSignTries = 3
