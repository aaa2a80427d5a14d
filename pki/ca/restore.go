package ca

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// skippedShards is how many shards lie empty after a restore: certificates that were issued after the last CRL and are
// not known again may stand in them.
const skippedShards = 64

// Behind reports whether the register was restored and has not caught up: it does not issue, number or answer for
// certificates then. Revocations are taken.
func (r *Register) Behind() bool { return r.restored.Load() }

// MarkRestored says that the engine's content comes from a backup. It lasts until CatchUp.
func (r *Register) MarkRestored(ctx context.Context, actor Actor) error {
	if err := actor.check(RoleOperate); err != nil {
		return r.refused(ctx, actor, "restored", "", err)
	}
	return r.markRestored(ctx, actor.Name)
}

func (r *Register) markRestored(ctx context.Context, actor string) error {
	at := r.now()
	err := r.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		if err := w.Put(key(spaceRestored), nil); err != nil {
			return err
		}
		return record(w, AuditEntry{At: at, Actor: actor, Act: "restored"})
	})
	if err != nil {
		return err
	}
	r.restored.Store(true)
	for _, l := range r.leases {
		l.forget()
	}
	return nil
}

// CheckPublished holds the register against a CRL of its own that is published. A register that does not know its
// number has been restored, whoever forgot to say so: it is closed as by MarkRestored, and ErrRestored is returned.
func (r *Register) CheckPublished(ctx context.Context, crl []byte) error {
	p, err := r.readPublished(nil, crl)
	if err != nil {
		return err
	}
	var begun uint64
	err = r.cfg.Engine.View(ctx, func(rd engine.Reader) (err error) {
		begun, err = getNumber(rd, key(spaceCRLNumber, p.issuer[:]))
		return err
	})
	if err != nil {
		return err
	}
	if p.number > begun {
		if err := r.markRestored(ctx, registrar); err != nil {
			return err
		}
	}
	return r.writable()
}

// Published is what the world knows of an authority whose register was restored.
type Published struct {
	// CRLs are the last ones published: the full one of each issuer, and the shards' and deltas where they know more.
	CRLs [][]byte
	// Certificates that were issued after the backup, as far as they are found, in DER.
	Certificates [][]byte
	// AcceptLost says that certificates which the full CRL shows to have been issued, and which are not among those
	// above, are given up: nobody will be told that they are good.
	AcceptLost bool
	Note       string
}

// CatchUp brings a restored register up to what was published and opens it again. It takes over revocations, adopts
// certificates, continues CRL numbers after the last one and leaves a gap in the issuance log. A revocation of a
// certificate whose shard is not known is refused: it would be missing in the CRL that is asked for.
func (r *Register) CatchUp(ctx context.Context, actor Actor, p Published) error {
	err := r.catchUp(ctx, actor, p)
	if err != nil {
		return r.refused(ctx, actor, "catch-up", "", err)
	}
	r.restored.Store(false)
	return r.findBarred(ctx)
}

func (r *Register) catchUp(ctx context.Context, actor Actor, p Published) error {
	if err := actor.check(RoleOperate); err != nil {
		return err
	}
	if err := checkNote(p.Note); err != nil {
		return err
	}
	c := &catchingUp{r: r, at: r.now(), accept: p.AcceptLost}
	if err := c.read(ctx, p.CRLs); err != nil {
		return err
	}
	for _, der := range p.Certificates {
		n, err := r.adoptable(der)
		if err != nil {
			return err
		}
		c.certificates = append(c.certificates, n)
	}
	return r.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		if notRestored(w) == nil {
			return refuse(ErrTransition, ReasonStage, "the register was not restored")
		}
		if err := c.write(w, actor.Name); err != nil {
			return err
		}
		if err := w.Delete(key(spaceRestored)); err != nil {
			return err
		}
		return record(w, AuditEntry{At: c.at, Actor: actor.Name, Act: "catch-up", Note: p.Note})
	})
}

// catchingUp is everything that was read for it before its transaction.
type catchingUp struct {
	r            *Register
	at           time.Time
	accept       bool
	crls         []*publishedCRL
	certificates []*newCertificate
}

// read reads the CRLs. The last full one of everybody who has published any must be there: of the issuers, and of the
// roots above them, whose CRL may have revoked an issuer since.
func (c *catchingUp) read(ctx context.Context, crls [][]byte) error {
	above, err := c.r.CertificatesAbove(ctx)
	if err != nil {
		return err
	}
	for _, der := range crls {
		crl, err := c.r.readPublished(above, der)
		if err != nil {
			return err
		}
		c.crls = append(c.crls, crl)
	}
	wanted := make([]KeyID, 0, len(c.r.cfg.Issuers)+len(above))
	for _, a := range c.r.cfg.Issuers {
		wanted = append(wanted, a.id)
	}
	for _, root := range above {
		wanted = append(wanted, KeyID(root.SubjectKeyID))
	}
	for _, id := range wanted {
		if !c.hasFull(id) && c.knowsFull(ctx, id) {
			return refuse(ErrPublished, ReasonBehind, "the last full CRL of each issuer, and of each root, is needed")
		}
	}
	return nil
}

func (c *catchingUp) hasFull(issuer KeyID) bool {
	for _, crl := range c.crls {
		if crl.issuer == issuer && !crl.scoped && !crl.delta {
			return true
		}
	}
	return false
}

// knowsFull reports whether an issuer has published a full CRL before the backup. One that has never cannot bring any.
func (c *catchingUp) knowsFull(ctx context.Context, issuer KeyID) bool {
	_, err := c.r.LastCRL(ctx, issuer, CRLScope{Kind: CRLFull})
	return !errors.Is(err, ErrNotFound)
}

func (c *catchingUp) write(w engine.Writer, actor string) error {
	for _, n := range c.certificates {
		if err := c.adopt(w, n); err != nil {
			return err
		}
	}
	// Shards and deltas first: they know where a certificate belongs that a full CRL only names.
	for _, scoped := range []bool{true, false} {
		for _, crl := range c.crls {
			if crl.scoped != scoped || crl.above != nil {
				continue
			}
			if err := c.take(w, crl); err != nil {
				return err
			}
		}
	}
	for _, crl := range c.crls {
		if err := c.takeAbove(w, crl, actor); err != nil {
			return err
		}
	}
	for _, a := range c.r.cfg.Issuers {
		if err := c.skip(w, a.id); err != nil {
			return err
		}
	}
	return nil
}

// take brings CRL number and revocations of one CRL in.
func (c *catchingUp) take(w engine.Writer, crl *publishedCRL) error {
	k := key(spaceCRLNumber, crl.issuer[:])
	begun, err := getNumber(w, k)
	if err != nil {
		return err
	}
	if crl.number > begun {
		if err := w.Put(k, be64(crl.number)); err != nil {
			return err
		}
	}
	if crl.delta {
		return nil // what it states stands in the next full one and in the shards'
	}
	for _, entry := range crl.entries {
		if err := c.revoke(w, crl, entry); err != nil {
			return err
		}
	}
	return nil
}

// takeAbove publishes the CRL of an authority above, unless it is the one that the backup holds.
func (c *catchingUp) takeAbove(w engine.Writer, crl *publishedCRL, actor string) error {
	if crl.above == nil {
		return nil
	}
	last, err := lastCRL(w, crl.issuer, CRLScope{Kind: CRLFull})
	if err == nil && last.Number == crl.number {
		return nil
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	return crl.publish(w, actor, c.at)
}

// revoke takes over one entry.
func (c *catchingUp) revoke(w engine.Writer, crl *publishedCRL, entry Revocation) error {
	id := CertificateID{crl.issuer, entry.Serial}
	now, err := getStatus(w, id)
	switch {
	case errors.Is(err, ErrNotFound) && crl.scoped:
		now = Status{Shard: crl.shard} // lost, but its shard is known
	case errors.Is(err, ErrNotFound):
		return refuse(ErrRestored, ReasonLost,
			"certificate "+id.Serial.String()+" is revoked and unknown: give it or the CRL of its shard")
	case err != nil:
		return err
	case now.State == StateRevoked || now.State == entry.State:
		return nil
	}
	last, err := lastSequence(w, id.Issuer)
	if err != nil {
		return err
	}
	after := entry.Status
	after.Sequence, after.Shard, after.NotAfter = last+1, now.Shard, now.NotAfter
	if err := putStatus(w, id, after); err != nil {
		return err
	}
	if entry.Cause != pki.CauseKeyCompromise && entry.Cause != pki.CauseCACompromise {
		return nil
	}
	return blockKeyOf(w, id)
}

// blockKeyOf blocks the key of a certificate, if the register knows the certificate.
func blockKeyOf(w engine.Writer, id CertificateID) error {
	issued, err := getIssued(w, id)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	c, err := issued.Certificate()
	if err != nil || c.PublicKey == nil {
		return ErrDamaged
	}
	return blockKey(w, KeyDigest(c.PublicKey))
}

// skip leaves a gap in the issuance log of an issuer, and refuses to when certificates are missing that nobody gives
// up.
func (c *catchingUp) skip(w engine.Writer, issuer KeyID) error {
	known, err := issuedPlaces(w, issuer)
	if err != nil {
		return err
	}
	issued := known
	for _, crl := range c.crls {
		if crl.issuer == issuer {
			issued = max(issued, crl.places)
		}
	}
	if issued > known && !c.accept {
		return refuse(ErrRestored, ReasonLost, fmt.Sprintf(
			"places %d to %d were issued and are unknown: give the certificates and give up the rest", known, issued-1))
	}
	k := key(spaceLease, issuer[:])
	leased, err := getNumber(w, k)
	if err != nil {
		return err
	}
	return w.Put(k, be64((max(issued, leased)/ShardSize+1+skippedShards)*ShardSize))
}

// adopt enters a certificate of this authority that the register does not know any more.
func (c *catchingUp) adopt(w engine.Writer, n *newCertificate) error {
	if _, err := w.Get(certificateKey(n.ID)); err == nil {
		return nil
	}
	last := (uint64(n.Shard()) + 1) * ShardSize
	for ; n.Place < last; n.Place++ {
		_, err := w.Get(logKey(n.ID.Issuer, n.Place))
		if errors.Is(err, engine.ErrNotFound) {
			return c.enter(w, n)
		}
		if err != nil {
			return err
		}
	}
	return refuse(ErrPublished, ReasonLost, "shard of an adopted certificate is full")
}

// enter writes an adopted certificate. Its key is nobody's from now on: who had it is not known.
func (c *catchingUp) enter(w engine.Writer, n *newCertificate) error {
	row, used, err := getKeyRow(w, n.keyDigest)
	if err != nil {
		return err
	}
	if n.key = row; !used {
		n.key = keyRow{first: n.ID}
	}
	return n.write(w)
}

// adoptable reads a certificate and finds out what the register would have known of it: profile and shard.
func (r *Register) adoptable(der []byte) (*newCertificate, error) {
	c, err := pki.ParseCertificate(der)
	if err != nil {
		return nil, refuse(ErrRequest, ReasonMalformed, "certificate to adopt")
	}
	in, ok := inspect(c.RawTBS)
	serial, sound := SerialOf(c.Serial)
	if !ok || !sound || len(c.AuthorityKeyID) != keyIDBytes {
		return nil, refuse(ErrRequest, ReasonMalformed, "certificate to adopt")
	}
	issuer := r.issuer(KeyID(c.AuthorityKeyID))
	if issuer == nil {
		return nil, refuse(ErrRequest, ReasonIssuer, "certificate to adopt is of another issuer")
	}
	shard, ok := r.shardIn(in, issuer.id)
	if !ok {
		return nil, refuse(ErrRequest, ReasonMalformed, "certificate to adopt names no shard of its issuer")
	}
	n := &newCertificate{
		Issued: Issued{
			ID: CertificateID{issuer.id, serial}, Place: uint64(shard) * ShardSize, IssuedAt: c.NotBefore,
			DER: c.Raw,
		},
		notAfter: c.NotAfter, name: r.nameToken(c.Holder.CommonName),
	}
	where := newLocation(Addresses{r.cfg.Base, issuer.id}, shard)
	for _, p := range profiles {
		if len(lintSigned(c.Raw, &lintCase{profile: p, above: issuer.Certificate(), where: where})) == 0 {
			n.Profile = p.Name
		}
	}
	if n.Profile == "" {
		return nil, refuse(ErrRequest, ReasonLint, "certificate to adopt fits no profile or is forged")
	}
	n.keyDigest = KeyDigest(c.PublicKey)
	n.holder = r.holderToken(holderIn(in))
	return n, nil
}

// holderIn reads the codes by which a holder is found.
func holderIn(in *inspected) *Identity {
	i := &Identity{}
	if e := in.extension(oid.OrganizationCode); e != nil {
		i.USCC, _ = e.printable()
	}
	if e := in.extension(oid.IdentifyCode); e != nil {
		if tag, number, _ := e.personal(); tag == 0 {
			i.CitizenNumber = number
		} else {
			i.PassportNumber = number
		}
	}
	return i
}

// shardIn reads the shard in the address of a certificate's CRL.
func (r *Register) shardIn(in *inspected, issuer KeyID) (uint32, bool) {
	e := in.extension(oid.CRLDistribution)
	if e == nil {
		return 0, false
	}
	address, ok := e.distributionPoint()
	if !ok {
		return 0, false
	}
	return Addresses{r.cfg.Base, issuer}.ParseShard(address)
}

// ParseShard reads the shard in an address that Shard wrote.
func (a Addresses) ParseShard(address string) (uint32, bool) {
	rest, ok := strings.CutPrefix(address, a.list())
	number, crl := strings.CutSuffix(rest, ".crl")
	n, err := strconv.ParseUint(number, 10, 32)
	return uint32(n), ok && crl && err == nil && a.Shard(uint32(n)) == address
}
