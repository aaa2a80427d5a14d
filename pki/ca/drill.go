package ca

import (
	"cmp"
	"context"
	"io"
	"slices"
	"time"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/pki"
)

// DrillRequest asks what is to be done when a key is stolen, or to practise for it.
type DrillRequest struct {
	Certificate CertificateID // of the key; required
	// Since is when the key may have come into other hands; zero: as long as it had a certificate.
	Since time.Time
	// Signed is what the key has signed: the lines that `elicense signed-by CERTIFICATE --json` writes. Required.
	Signed io.Reader
}

// DrillPlan is what is to be done, in order.
type DrillPlan struct {
	MadeAt       time.Time          `json:"made_at"`
	Key          string             `json:"key"` // SM3 of the point, in hexadecimal digits
	Since        time.Time          `json:"since"`
	Certificates []DrillCertificate `json:"certificates"` // of the key
	Counts       DrillCounts        `json:"counts"`
	Steps        []DrillStep        `json:"steps"`
	// Work is what is to be looked at, in this order: signed and sealed again if it is in force; a past version
	// stands there only if it is suspect.
	Work []DrillItem `json:"work"`
}

// DrillCertificate is a certificate of the key and its standing.
type DrillCertificate struct {
	ID         string    `json:"id"` // issuer/serial number
	Profile    string    `json:"profile"`
	State      string    `json:"state"`
	Cause      string    `json:"cause,omitempty"`
	RevokedAt  time.Time `json:"revoked_at,omitzero"`
	Invalid    time.Time `json:"invalid_from,omitzero"`
	NotBefore  time.Time `json:"not_before"`
	NotAfter   time.Time `json:"not_after"`
	ReplacedBy string    `json:"replaced_by,omitempty"` // a certificate of another key
}

// DrillCounts say how much it is.
type DrillCounts struct {
	Lines    int `json:"lines"`
	Doubles  int `json:"doubles"`  // lines that say the same as one before
	Versions int `json:"versions"` // signed by the key
	Past     int `json:"past"`     // no longer the licence's latest: they stay as they are
	Suspect  int `json:"suspect"`  // to be held against the issuer's own file first
	Reseal   int `json:"reseal"`   // to be signed and sealed again, those among them that are suspect included
	Issued   int `json:"issued"`   // valid certificates that the key, an authority's, has issued
}

// DrillAct is what a step is about.
type DrillAct string

// The acts, in the order of a plan.
const (
	DrillRevoke  DrillAct = "revoke"  // 吊销: revoke the key's certificates for keyCompromise; blocks the key too
	DrillNewKey  DrillAct = "new-key" // 换钥: a new key and certificate for the holder
	DrillReissue DrillAct = "reissue" // 重发: certificates that the key has issued
	DrillRecheck DrillAct = "recheck" // 核对: versions that the thief may have signed, against the issuer's own file
	DrillReseal  DrillAct = "reseal"  // 重签重盖: the licences in force
)

// DrillStep is one step. One without anything to do is not in a plan.
type DrillStep struct {
	Number int      `json:"number"`
	Act    DrillAct `json:"act"`
	Count  int      `json:"count"`
}

// DrillItem is one version that is to be looked at.
type DrillItem struct {
	Order int `json:"order"`
	SignedVersion
	// Suspect says why it is to be held against the issuer's file first; empty if it is not.
	Suspect DrillDoubt `json:"suspect,omitempty"`
}

// DrillDoubt is why a signature may be the thief's.
type DrillDoubt string

// The doubts.
const (
	DoubtSince   DrillDoubt = "since"   // dated when the key may have been in other hands
	DoubtOutside DrillDoubt = "outside" // dated when the key had no valid certificate
	DoubtIssuer  DrillDoubt = "issuer"  // it names another issuer than the key's holder
)

// Drill makes the plan for a key: the register says which certificates it has, how they stand and what it has issued
// if it is an authority's; the lines say what it has signed. A line that cannot be read ends it: a licence that is
// skipped would be forgotten. The act is in the audit before anything is read.
func (r *Register) Drill(ctx context.Context, actor Actor, d DrillRequest) (*DrillPlan, error) {
	p, err := r.drill(ctx, actor, d)
	if err != nil {
		return nil, r.refused(ctx, actor, "drill", d.Certificate.String(), err)
	}
	return p, nil
}

func (r *Register) drill(ctx context.Context, actor Actor, d DrillRequest) (*DrillPlan, error) {
	if err := actor.check(RoleInspect | RoleRevoke); err != nil {
		return nil, err
	}
	at := r.now()
	if d.Signed == nil || d.Since.After(at) {
		return nil, refuse(ErrRequest, ReasonMalformed, "what was signed is required; the theft is not in the future")
	}
	entry := AuditEntry{At: at, Actor: actor.Name, Act: "drill", Object: d.Certificate.String()}
	if err := r.cfg.Engine.Update(ctx, func(w engine.Writer) error { return record(w, entry) }); err != nil {
		return nil, err
	}
	var of *drilled
	err := r.cfg.Engine.View(ctx, func(rd engine.Reader) (err error) {
		of, err = readDrilled(rd, d.Certificate)
		return err
	})
	if err != nil {
		return nil, err
	}
	p := &DrillPlan{MadeAt: at, Key: keyDigestText(of.key), Since: d.Since, Certificates: of.certificates}
	if of.authority {
		if p.Counts.Issued, err = r.countValid(ctx, of.id); err != nil {
			return nil, err
		}
	}
	if err := p.read(d.Signed, of); err != nil {
		return nil, err
	}
	p.plan(of)
	return p, nil
}

// drilled is what the register says of a key.
type drilled struct {
	key          [32]byte
	id           KeyID // as an issuer
	authority    bool
	holder       string // unified social credit code; empty if its certificate has none
	certificates []DrillCertificate
	open         int  // certificates that are not revoked for it
	replaced     bool // the holder has another key that is in use
}

// readDrilled reads a certificate and those that renew it, as long as they have the same key.
func readDrilled(r engine.Reader, id CertificateID) (*drilled, error) {
	d := &drilled{}
	seen := map[CertificateID]bool{}
	for !seen[id] {
		seen[id] = true
		next, err := d.add(r, id)
		if err != nil {
			return nil, err
		}
		if next == (CertificateID{}) {
			break
		}
		id = next
	}
	return d, nil
}

// add takes a certificate in and returns the one that renews it; zero at the end and behind a change of key.
func (d *drilled) add(r engine.Reader, id CertificateID) (next CertificateID, err error) {
	f, err := getFound(r, id)
	if err != nil {
		return next, err
	}
	c, err := f.Certificate()
	if err != nil || c.PublicKey == nil {
		return next, ErrDamaged
	}
	if n := len(d.certificates); n > 0 && KeyDigest(c.PublicKey) != d.key {
		d.certificates[n-1].ReplacedBy = id.String()
		d.replaced = f.Status.State == StateValid
		return CertificateID{}, nil
	}
	d.key, d.id, d.authority, d.holder = KeyDigest(c.PublicKey), keyID(c.PublicKey), c.IsCA, c.Holder.USCC
	one := DrillCertificate{
		ID: id.String(), Profile: f.Profile, State: f.Status.State.String(),
		NotBefore: c.NotBefore, NotAfter: c.NotAfter,
	}
	if f.Status.State != StateValid {
		one.Cause, one.RevokedAt, one.Invalid = f.Status.Cause.String(), f.Status.At, f.Status.Invalid
	}
	if !compromised(f.Status) {
		d.open++
	}
	d.certificates = append(d.certificates, one)
	return successorOf(r, id)
}

// compromised tells whether a certificate is revoked because its key is in other hands.
func compromised(s Status) bool {
	return s.State == StateRevoked && (s.Cause == pki.CauseKeyCompromise || s.Cause == pki.CauseCACompromise)
}

// countValid counts the certificates of an issuer that are valid and have not expired.
func (r *Register) countValid(ctx context.Context, issuer KeyID) (n int, err error) {
	now := r.now()
	err = r.cfg.Engine.View(ctx, func(rd engine.Reader) error {
		n = 0
		return rd.Scan(engine.Range{Prefix: key(spaceStatus, issuer[:])}, func(_, value []byte) (bool, error) {
			s, err := parseStatus(value)
			if err == nil && s.State == StateValid && now.Before(s.NotAfter) {
				n++
			}
			return err == nil, err
		})
	})
	return n, err
}

// read joins what was signed with the key's certificates.
func (p *DrillPlan) read(signed io.Reader, of *drilled) error {
	versions, err := readSigned(signed, &p.Counts)
	if err != nil {
		return err
	}
	for _, v := range versions {
		item := DrillItem{SignedVersion: v, Suspect: of.doubt(v, p.Since)}
		if item.Suspect != "" {
			p.Counts.Suspect++
		}
		if !v.InForce {
			p.Counts.Past++
			if item.Suspect == "" {
				continue
			}
		}
		p.Work = append(p.Work, item)
	}
	p.Counts.Versions = len(versions)
	return nil
}

// doubt says why a version may be the thief's work.
func (d *drilled) doubt(v SignedVersion, since time.Time) DrillDoubt {
	if d.holder != "" && v.Issuer != d.holder {
		return DoubtIssuer
	}
	covered := slices.ContainsFunc(d.certificates, func(c DrillCertificate) bool {
		return !v.day.Before(c.NotBefore.Truncate(24*time.Hour)) && !v.day.After(c.NotAfter)
	})
	switch {
	case !covered:
		return DoubtOutside
	case since.IsZero() || !v.day.Before(since.UTC().Truncate(24*time.Hour)):
		return DoubtSince
	}
	return ""
}

// plan puts the work in order: what the thief may have signed first, then the newest first, for those licences are
// shown most. Names decide last, so that two runs give one plan.
func (p *DrillPlan) plan(of *drilled) {
	slices.SortStableFunc(p.Work, func(a, b DrillItem) int {
		return cmp.Or(
			compareBool(b.Suspect != "", a.Suspect != ""), b.day.Compare(a.day),
			cmp.Compare(a.Identifier, b.Identifier), cmp.Compare(a.Version, b.Version))
	})
	for i := range p.Work {
		p.Work[i].Order = i + 1
		if p.Work[i].InForce {
			p.Counts.Reseal++
		}
	}
	p.step(DrillRevoke, of.open)
	if !of.replaced {
		p.step(DrillNewKey, 1)
	}
	p.step(DrillReissue, p.Counts.Issued)
	p.step(DrillRecheck, p.Counts.Suspect)
	p.step(DrillReseal, p.Counts.Reseal)
}

func (p *DrillPlan) step(act DrillAct, count int) {
	if count > 0 {
		p.Steps = append(p.Steps, DrillStep{len(p.Steps) + 1, act, count})
	}
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}
