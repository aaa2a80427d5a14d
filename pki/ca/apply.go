package ca

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/pki"
)

// Limits of an enrolment.
const (
	maxEnrolmentBytes = 24 << 10 // as stored, so that a full group fits into one transaction
	maxEvidence       = 16
	maxNoteRunes      = 512
)

// NewApplicationID makes an identifier. A caller that makes it before he applies can apply again after a failure
// without applying twice.
func (r *Register) NewApplicationID() (ApplicationID, error) {
	var id ApplicationID
	if _, err := io.ReadFull(r.cfg.Rand, id[6:]); err != nil {
		return ApplicationID{}, fmt.Errorf("ca: reading randomness: %w", err)
	}
	var at [8]byte
	binary.BigEndian.PutUint64(at[:], uint64(r.cfg.Now().UnixMilli()))
	copy(id[:6], at[2:])
	return id, nil
}

// Apply takes an application in (受理). Everything that can be known to be wrong is refused here: the certificate it
// would lead to is drafted and linted. The same identifier with the same enrolment gives the application as it stands;
// with another, ReasonReused. A zero identifier stands for a new one.
func (r *Register) Apply(ctx context.Context, actor Actor, id ApplicationID, e Enrolment) (*Application, error) {
	a, profile, err := r.prepare(actor, id, e)
	if err == nil {
		err = r.try(&a.Enrolment, profile)
	}
	if err != nil {
		return nil, r.refused(ctx, actor, "apply", "", err)
	}
	var stored *Application
	err = r.cfg.Engine.Update(ctx, func(w engine.Writer) (err error) {
		if stored, err = r.known(w, a); err != nil || stored != nil {
			return err
		}
		if err := r.checkNewKey(w, a); err != nil {
			return err
		}
		if err := r.checkRenewed(w, &a.Enrolment, a.AppliedAt); err != nil {
			return err
		}
		if err := putApplication(w, a, nil); err != nil {
			return err
		}
		return record(w, AuditEntry{At: a.AppliedAt, Actor: actor.Name, Act: "apply", Object: a.ID.String()})
	})
	if stored, err = r.settled(ctx, a, stored, err); err != nil {
		return nil, r.refused(ctx, actor, "apply", a.ID.String(), err)
	}
	return stored, nil
}

// settled answers for an application after its transaction: what was there before, what was written, or, where the
// outcome is not known, what is found.
func (r *Register) settled(ctx context.Context, a, stored *Application, err error) (*Application, error) {
	if errors.Is(err, engine.ErrAmbiguous) {
		found, readErr := r.Application(ctx, a.ID)
		if readErr != nil || found.Digest != a.Digest {
			return nil, err
		}
		return found, nil
	}
	if err != nil {
		return nil, err
	}
	if stored != nil {
		return stored, nil
	}
	return a, nil
}

// prepare checks an enrolment and makes an application of it.
func (r *Register) prepare(actor Actor, id ApplicationID, e Enrolment) (*Application, Profile, error) {
	if err := actor.check(RoleEnrol); err != nil {
		return nil, Profile{}, err
	}
	if err := r.writable(); err != nil {
		return nil, Profile{}, err
	}
	if id == (ApplicationID{}) {
		var err error
		if id, err = r.NewApplicationID(); err != nil {
			return nil, Profile{}, err
		}
	}
	profile, err := r.settle(&e)
	if err != nil {
		return nil, Profile{}, err
	}
	raw := e.append(nil)
	if len(raw) > maxEnrolmentBytes {
		return nil, Profile{}, refuse(ErrRequest, ReasonTooLarge, fmt.Sprintf("enrolment of %d bytes", len(raw)))
	}
	a := &Application{
		ID: id, Stage: StageApplied, Enrolment: e, Applicant: actor.Name, AppliedAt: r.now(),
		Needs: r.approvals(profile), Digest: sm3.Sum(raw),
	}
	if a.Needs == 0 {
		a.Stage = StageApproved
	}
	return a, profile, nil
}

// settle fills in what an enrolment leaves to the register.
func (r *Register) settle(e *Enrolment) (Profile, error) {
	profile, ok := ProfileNamed(e.Profile)
	if !ok || profile.Name == ProfileRoot || profile.encryption() {
		return Profile{}, refuse(ErrProfile, ReasonProfile, "not a profile that is applied for")
	}
	if e.Twin && (profile.Twin == "" || r.cfg.Keys == nil) {
		return Profile{}, refuse(ErrProfile, ReasonTwin, "no encryption certificate is to be had for this profile here")
	}
	if e.Issuer == (KeyID{}) {
		e.Issuer = r.issuerFor(profile)
	}
	issuer := r.issuer(e.Issuer)
	if issuer == nil || !mayIssue(issuer, profile) {
		return Profile{}, refuse(ErrProfile, ReasonIssuer, "no such issuer, or not for this profile")
	}
	if profile.Holder == HolderPerson && e.Subject.SerialNumber == "" {
		t := r.holderToken(&e.Holder)
		e.Subject.SerialNumber = hex.EncodeToString(t[:8])
	}
	if err := checkEvidence(profile, e.Evidence); err != nil {
		return Profile{}, err
	}
	return profile, nil
}

func checkEvidence(p Profile, list []Evidence) error {
	if len(list) == 0 && p.NeedsEvidence {
		return refuse(ErrRequest, ReasonEvidence, "the profile needs a document seen at a window")
	}
	if len(list) > maxEvidence {
		return refuse(ErrRequest, ReasonTooLarge, "too many documents")
	}
	for i := range list {
		v := &list[i]
		if v.Document == "" || v.SeenBy == "" || v.Window == "" || v.SeenAt.IsZero() {
			return refuse(ErrRequest, ReasonEvidence, "which document, seen by whom, where and when")
		}
		for _, s := range []string{v.Document, v.Number, v.Holder, v.SeenBy, v.Window} {
			if !plain(s) || len(s) > 4*maxNoteRunes {
				return refuse(ErrRequest, ReasonMalformed, "evidence")
			}
		}
	}
	return nil
}

// issuerFor is the first authority that may issue a profile; zero if there is none.
func (r *Register) issuerFor(p Profile) KeyID {
	for _, a := range r.cfg.Issuers {
		if mayIssue(a, p) && !r.isBarred(a.id) {
			return a.id
		}
	}
	return KeyID{}
}

// mayIssue: authorities stand below those that allow it, everything else below those that allow nothing more. An OCSP
// responder stands below the very issuer for which it answers.
func mayIssue(a *Authority, p Profile) bool {
	below := a.Certificate().MaxPathLen
	if p.CA {
		return below < 0 || below > p.MaxPathLen
	}
	return below == 0 || p.Name == ProfileOCSP
}

// approvals is how many officers must approve.
func (r *Register) approvals(p Profile) int {
	n, ok := r.cfg.Policy.Approvals[p.Name]
	if !ok {
		n = p.Approvals
	}
	if p.CA {
		n = max(n, 1)
	}
	return n
}

// try drafts and lints what the enrolment would lead to, under a key that stands for one that comes later, if one does.
func (r *Register) try(e *Enrolment, profile Profile) error {
	public := r.placeholder
	if e.CSR != nil {
		var err error
		if public, err = ParseRequest(e.CSR); err != nil {
			return err
		}
		if err := checkWeak(public); err != nil {
			return err
		}
	}
	c, err := r.draft(e, profile, public, 0)
	if err != nil {
		return err
	}
	_, err = lint(c, r.issuer(e.Issuer).Certificate())
	return err
}

// draft is the certificate that an enrolment leads to.
func (r *Register) draft(e *Enrolment, p Profile, public *pki.PublicKey, place uint64) (*certificate, error) {
	subject, err := e.Subject.encode()
	if err != nil {
		return nil, err
	}
	issuer := r.issuer(e.Issuer)
	c := &certificate{
		profile: p, subject: subject, public: public, holder: e.Holder, dnsNames: e.DNSNames,
		where: newLocation(Addresses{r.cfg.Base, issuer.id}, ShardOf(place)),
	}
	return c, issuer.complete(c, r.now())
}

// known is the application of that identifier; nil if there is none.
func (r *Register) known(rd engine.Reader, a *Application) (*Application, error) {
	stored, err := getApplication(rd, a.ID)
	if errors.Is(err, ErrNotFound) {
		return nil, nil //nolint:nilnil // absence is an answer here
	}
	if err != nil {
		return nil, err
	}
	if stored.Digest != a.Digest {
		return nil, refuse(ErrConflict, ReasonReused, "identifier of another application")
	}
	return stored, nil
}

func getApplication(r engine.Reader, id ApplicationID) (*Application, error) {
	b, err := r.Get(applicationKey(id))
	if err != nil {
		return nil, notFound(err, "application")
	}
	return parseApplication(b)
}

// putApplication writes an application and its place in the lists of work; before is how it stood, nil if it is new.
func putApplication(w engine.Writer, a, before *Application) error {
	if before != nil && before.Stage != a.Stage {
		if err := w.Delete(workKey(before.Stage, a.ID)); err != nil {
			return err
		}
	}
	if a.Stage == StageApplied || a.Stage == StageApproved {
		if err := w.Put(workKey(a.Stage, a.ID), nil); err != nil {
			return err
		}
	}
	return w.Put(applicationKey(a.ID), a.append(nil))
}

// Application reads an application.
func (r *Register) Application(ctx context.Context, id ApplicationID) (*Application, error) {
	var a *Application
	err := r.cfg.Engine.View(ctx, func(rd engine.Reader) (err error) {
		a, err = getApplication(rd, id)
		return err
	})
	return a, err
}

// Work visits the applications that wait at a stage, oldest first, from after on, until visit returns false.
func (r *Register) Work(
	ctx context.Context, actor Actor, stage Stage, after ApplicationID, visit func(*Application) bool,
) error {
	if err := actor.check(RoleEnrol | RoleApprove | RoleInspect); err != nil {
		return err
	}
	return r.cfg.Engine.View(ctx, func(rd engine.Reader) error {
		start := append(workKey(stage, after), 0)
		scan := engine.Range{Prefix: key(spaceWork, []byte{byte(stage)}), Start: start, KeysOnly: true}
		return rd.Scan(scan, func(k, _ []byte) (bool, error) {
			a, err := getApplication(rd, ApplicationID(k[len(k)-len(after):]))
			if err != nil {
				return false, err
			}
			return visit(a), nil
		})
	})
}

// ownerToken names whose key a key is: of one holder and for one profile.
func (r *Register) ownerToken(e *Enrolment, profile string) token {
	return r.ownerOf(e, profile, r.holderToken(&e.Holder))
}

func (r *Register) ownerOf(e *Enrolment, profile string, holder token) token {
	if holder != (token{}) {
		return r.token("ca-owner", []byte(profile), holder[:])
	}
	return r.token("ca-owner", append([][]byte{[]byte(profile), {0}}, texts(e.Subject.parts())...)...)
}

// holderToken names a holder by code; zero for one without.
func (r *Register) holderToken(i *Identity) token {
	switch {
	case i.CitizenNumber != "":
		return r.token("ca-holder", []byte("citizen"), []byte(i.CitizenNumber))
	case i.PassportNumber != "":
		return r.token("ca-holder", []byte("passport"), []byte(i.PassportNumber))
	case i.USCC != "":
		return r.token("ca-holder", []byte("uscc"), []byte(i.USCC))
	}
	return token{}
}

// nameToken names a holder by name: letters in lower case, without blanks.
func (r *Register) nameToken(name string) token {
	return r.token("ca-name", []byte(strings.ToLower(strings.Join(strings.Fields(name), ""))))
}

func (r *Register) token(domain string, parts ...[]byte) token {
	full := r.cfg.Tokens.Token(domain, parts...)
	return token(full[:16])
}

func texts(list []string) [][]byte {
	parts := make([][]byte, len(list))
	for i, s := range list {
		parts[i] = []byte(s)
	}
	return parts
}

// checkRenewed refuses to renew what is unknown, of another holder, out of use, or far from its end.
func (r *Register) checkRenewed(rd engine.Reader, e *Enrolment, at time.Time) error {
	if e.Renews == (CertificateID{}) {
		return nil
	}
	status, err := getStatus(rd, e.Renews)
	if err != nil {
		return err
	}
	if status.State != StateValid {
		return refuse(ErrTransition, ReasonState, "certificate to renew is "+status.State.String())
	}
	if at.Before(status.NotAfter.Add(-r.cfg.Policy.RenewFrom)) {
		return refuse(ErrTransition, ReasonTooEarly, "certificate to renew is far from its end")
	}
	if _, err := rd.Get(successorKey(e.Renews)); err == nil {
		return refuse(ErrTransition, ReasonState, "certificate was renewed")
	}
	b, err := rd.Get(certificateKey(e.Renews))
	if err != nil {
		return notFound(err, "certificate")
	}
	former, err := parseIssued(e.Renews, b)
	if err != nil {
		return err
	}
	before, err := getApplication(rd, former.Application)
	if err != nil {
		return err
	}
	if former.Profile != e.Profile || r.ownerToken(&before.Enrolment, e.Profile) != r.ownerToken(e, e.Profile) {
		return refuse(ErrTransition, ReasonState, "certificate to renew is of another holder or profile")
	}
	return nil
}

func successorKey(id CertificateID) []byte { return key(spaceSuccessor, id.Issuer[:], id.Serial[:]) }

// refused records the refusal of an act and returns it; errors that are no refusals are returned as they are.
func (r *Register) refused(ctx context.Context, actor Actor, act, object string, err error) error {
	reason := ReasonOf(err)
	if reason == "" || actor.Name == "" || len(actor.Name) > maxActorBytes || !plain(actor.Name) {
		return err
	}
	entry := AuditEntry{At: r.now(), Actor: actor.Name, Act: act, Object: object, Note: string(reason), Refused: true}
	written := r.cfg.Engine.Update(ctx, func(w engine.Writer) error { return record(w, entry) })
	if written != nil && !errors.Is(written, ErrClock) {
		return errors.Join(err, written)
	}
	return err
}
