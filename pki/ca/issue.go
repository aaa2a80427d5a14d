package ca

import (
	"context"
	"errors"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/pki"
)

// Certified is what an application led to.
type Certified struct {
	Application *Application
	Certificate *Issued
	Twin        *Issued // the encryption certificate of a pair, or nil
	// Enveloped is the private key of the encryption certificate for the holder of the signing key: SM2EnvelopedKey.
	Enveloped []byte
}

// Issue issues what was approved (签发). The request is the application's, or, if that came without one, the one given;
// nil otherwise. An application is issued once: asking again, after a crash for one, gives the same certificates.
func (r *Register) Issue(ctx context.Context, actor Actor, id ApplicationID, csr []byte) (*Certified, error) {
	c, err := r.issue(ctx, actor, id, csr)
	if err != nil {
		return nil, r.refused(ctx, actor, "issue", id.String(), err)
	}
	return c, nil
}

func (r *Register) issue(ctx context.Context, actor Actor, id ApplicationID, csr []byte) (*Certified, error) {
	if err := actor.check(RoleEnrol); err != nil {
		return nil, err
	}
	if err := r.writable(); err != nil {
		return nil, err
	}
	a, err := r.Application(ctx, id)
	if err != nil {
		return nil, err
	}
	if csr == nil {
		csr = a.Enrolment.CSR
	} else if a.Enrolment.CSR != nil {
		return nil, refuse(ErrRequest, ReasonMalformed, "application has a request of its own")
	}
	return r.certify(ctx, &issuance{actor: actor.Name, act: "issue", before: a}, csr)
}

// Enrol applies and issues in one act, for profiles that policy lets pass without approval. Its identifier makes it
// safe to repeat, as with Apply.
func (r *Register) Enrol(ctx context.Context, actor Actor, id ApplicationID, e Enrolment) (*Certified, error) {
	c, err := r.enrol(ctx, actor, id, e)
	if err != nil {
		return nil, r.refused(ctx, actor, "enrol", "", err)
	}
	return c, nil
}

func (r *Register) enrol(ctx context.Context, actor Actor, id ApplicationID, e Enrolment) (*Certified, error) {
	a, _, err := r.prepare(actor, id, e)
	if err != nil {
		return nil, err
	}
	if a.Stage != StageApproved {
		return nil, refuse(ErrDenied, ReasonNotApproved, "the profile needs approval")
	}
	return r.certify(ctx, &issuance{actor: actor.Name, act: "enrol", before: a, fresh: true}, a.Enrolment.CSR)
}

// certify signs what an application asks for and commits it. What was signed and cannot be committed is forgotten: it
// has been nowhere else.
func (r *Register) certify(ctx context.Context, i *issuance, csr []byte) (*Certified, error) {
	switch {
	case i.before.Stage == StageIssued:
		return r.fetch(ctx, i.before)
	case i.before.Stage != StageApproved || len(i.before.Approvals) < i.before.Needs:
		return nil, refuse(ErrTransition, ReasonNotApproved, "application is "+i.before.Stage.String())
	case csr == nil:
		return nil, refuse(ErrRequest, ReasonMalformed, "certificate request is missing")
	}
	public, err := ParseRequest(csr)
	if err != nil {
		return nil, err
	}
	enveloped, err := r.sign(ctx, i, public)
	if err != nil {
		return nil, err
	}
	r.issuances.Do(ctx, i, r.commitIssuances)
	if errors.Is(i.err, engine.ErrAmbiguous) {
		return r.afterAmbiguous(ctx, i)
	}
	if i.err != nil {
		return nil, i.err
	}
	if i.found != nil {
		return r.fetch(ctx, i.found)
	}
	c := &Certified{Application: i.after, Certificate: &i.certificates[0].Issued, Enveloped: enveloped}
	if len(i.certificates) > 1 {
		c.Twin = &i.certificates[1].Issued
	}
	return c, nil
}

// afterAmbiguous finds out what became of a commit whose outcome is unknown.
func (r *Register) afterAmbiguous(ctx context.Context, i *issuance) (*Certified, error) {
	a, err := r.Application(ctx, i.before.ID)
	if err != nil || a.Stage != StageIssued || a.Digest != i.before.Digest {
		return nil, i.err
	}
	return r.fetch(ctx, a)
}

// Fetch gives what was issued for an application, its enveloped key included.
func (r *Register) Fetch(ctx context.Context, actor Actor, id ApplicationID) (*Certified, error) {
	if err := actor.check(RoleEnrol); err != nil {
		return nil, r.refused(ctx, actor, "fetch", id.String(), err)
	}
	a, err := r.Application(ctx, id)
	if err != nil {
		return nil, err
	}
	return r.fetch(ctx, a)
}

func (r *Register) fetch(ctx context.Context, a *Application) (*Certified, error) {
	if a.Stage != StageIssued {
		return nil, refuse(ErrTransition, ReasonStage, "application is "+a.Stage.String())
	}
	c := &Certified{Application: a}
	err := r.cfg.Engine.View(ctx, func(rd engine.Reader) (err error) {
		if c.Certificate, err = getIssued(rd, a.Issued); err != nil || a.Twin == (CertificateID{}) {
			return err
		}
		c.Twin, err = getIssued(rd, a.Twin)
		return err
	})
	if err != nil {
		return nil, err
	}
	if c.Twin == nil {
		return c, nil
	}
	signing, err := c.Certificate.Certificate()
	if err != nil {
		return nil, ErrDamaged
	}
	if _, c.Enveloped, err = r.encryptionKey(ctx, a.ID, signing.PublicKey); err != nil {
		return nil, err
	}
	return c, nil
}

func (r *Register) encryptionKey(
	ctx context.Context, id ApplicationID, signing *pki.PublicKey,
) (*pki.PublicKey, []byte, error) {
	if r.cfg.Keys == nil {
		return nil, nil, refuse(ErrProfile, ReasonTwin, "no encryption keys are to be had here")
	}
	return r.cfg.Keys.EncryptionKey(ctx, id, signing)
}

// sign makes the certificates of an issuance. The encryption certificate's key comes from the key management centre,
// which has escrowed it before.
func (r *Register) sign(ctx context.Context, i *issuance, public *pki.PublicKey) ([]byte, error) {
	e := &i.before.Enrolment
	if err := r.signOne(ctx, i, e.Profile, public); err != nil {
		return nil, err
	}
	if !e.Twin {
		i.settle()
		return nil, nil
	}
	profile, _ := ProfileNamed(e.Profile)
	key, enveloped, err := r.encryptionKey(ctx, i.before.ID, public)
	if err != nil {
		return nil, err
	}
	if key.Equal(public) {
		return nil, refuse(ErrKey, ReasonDuplicateKey, "encryption key is the signing key")
	}
	if err := r.signOne(ctx, i, profile.Twin, key); err != nil {
		return nil, err
	}
	i.settle()
	return enveloped, nil
}

func (r *Register) signOne(ctx context.Context, i *issuance, profile string, public *pki.PublicKey) error {
	if err := checkWeak(public); err != nil {
		return err
	}
	p, ok := ProfileNamed(profile)
	if !ok {
		return refuse(ErrProfile, ReasonProfile, "unknown profile")
	}
	e := &i.before.Enrolment
	issuer := r.issuer(e.Issuer)
	if issuer == nil {
		return refuse(ErrProfile, ReasonIssuer, "the issuer's key is not here")
	}
	if r.isBarred(issuer.id) && p.Name != ProfileOCSP { // its responder goes on
		return refuse(ErrProfile, ReasonIssuer, "the issuer's own certificate is revoked")
	}
	place, err := r.place(ctx, issuer.id)
	if err != nil {
		return err
	}
	c, err := r.draft(e, p, public, place)
	if err != nil {
		return err
	}
	der, err := issuer.certify(c)
	if err != nil {
		return err
	}
	serial, ok := SerialOf(c.serial)
	if !ok {
		return refuse(ErrLint, ReasonLint, "serial number")
	}
	holder := r.holderToken(&e.Holder)
	n := &newCertificate{
		Issued: Issued{
			ID: CertificateID{issuer.id, serial}, Place: place, Profile: profile, Application: i.before.ID,
			IssuedAt: r.now(), DER: der,
		},
		notAfter: c.notAfter, keyDigest: KeyDigest(public), owner: r.ownerOf(e, profile, holder),
		holder: holder, name: r.nameToken(e.Subject.CommonName),
	}
	i.certificates = append(i.certificates, n)
	return nil
}
