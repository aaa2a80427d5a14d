package ca

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/pki"
)

// Swept is what a sweep found wrong with one certificate.
type Swept struct {
	ID     CertificateID
	Place  uint64
	Faults []Fault
}

// Sweep lints everything that an issuer has issued again, from the register, and holds the rows of each certificate
// against each other. It reports what is wrong to visit, which may end the sweep by returning false, and counts what
// it has looked at.
func (r *Register) Sweep(
	ctx context.Context, actor Actor, issuer KeyID, visit func(Swept) bool,
) (checked int, err error) {
	if err := actor.check(RoleInspect); err != nil {
		return 0, r.refused(ctx, actor, "sweep", issuer.String(), err)
	}
	chains, err := r.IssuerChains(ctx, issuer)
	if err != nil {
		return 0, err
	}
	err = r.walk(ctx, issuer, 0, func(f *Found, failure error) (bool, error) {
		checked++
		faults := r.faultsOf(ctx, f, failure, chains)
		return len(faults) == 0 || visit(Swept{f.ID, f.Place, faults}), nil
	})
	if err != nil {
		return checked, err
	}
	entry := AuditEntry{At: r.now(), Actor: actor.Name, Act: "sweep", Object: issuer.String()}
	return checked, r.cfg.Engine.Update(ctx, func(w engine.Writer) error { return record(w, entry) })
}

func (r *Register) faultsOf(ctx context.Context, f *Found, failure error, chains [][]*pki.Certificate) []Fault {
	if failure != nil {
		return []Fault{rowFault("row of the certificate is missing or damaged")}
	}
	faults := r.lintAgain(f, chains)
	err := r.cfg.Engine.View(ctx, func(rd engine.Reader) error { return checkRows(rd, f) })
	if err != nil {
		faults = append(faults, rowFault(err.Error()))
	}
	return faults
}

func rowFault(detail string) Fault { return Fault{"register", "docs/adr/0010", detail} }

// lintAgain holds a certificate against its profile and against the chain of its issuer that fits best.
func (r *Register) lintAgain(f *Found, chains [][]*pki.Certificate) []Fault {
	profile, ok := ProfileNamed(f.Profile)
	if !ok {
		return []Fault{{"profile", "profile", "unknown"}}
	}
	var best []Fault
	for i, chain := range chains {
		faults := lintSigned(f.DER, &lintCase{
			profile: profile, above: chain[0], where: newLocation(Addresses{r.cfg.Base, f.ID.Issuer}, f.Shard()),
		})
		if i == 0 || len(faults) < len(best) {
			best = faults
		}
	}
	return best
}

// checkRows holds the rows of a certificate against each other and against what it says itself.
func checkRows(r engine.Reader, f *Found) error {
	c, err := f.Certificate()
	if err != nil || c.PublicKey == nil {
		return ErrDamaged
	}
	serial, ok := SerialOf(c.Serial)
	if !ok || serial != f.ID.Serial || f.Status.Shard != f.Shard() || !f.Status.NotAfter.Equal(c.NotAfter) {
		return fmt.Errorf("%w: certificate and rows differ", ErrDamaged)
	}
	if _, err := r.Get(indexKey(spaceExpiry, dayKey(c.NotAfter), f.ID)); err != nil {
		return fmt.Errorf("%w: expiry is not indexed", ErrDamaged)
	}
	if _, used, err := getKeyRow(r, KeyDigest(c.PublicKey)); err != nil || !used {
		return fmt.Errorf("%w: key is not entered", ErrDamaged)
	}
	return errors.Join(checkListed(r, f), checkChange(r, f), checkApplication(r, f))
}

// checkListed: the shard's row is there while the certificate is out of use, says the same as the status, and is not
// there else.
func checkListed(r engine.Reader, f *Found) error {
	listed, err := r.Get(listedKey(f.ID, f.Shard()))
	absent := errors.Is(err, engine.ErrNotFound)
	switch {
	case err != nil && !absent:
		return err
	case absent != (f.Status.State == StateValid):
		return fmt.Errorf("%w: status and row of the shard differ", ErrDamaged)
	case !absent && !bytes.Equal(listed, f.Status.append(nil)):
		return fmt.Errorf("%w: status and row of the shard differ", ErrDamaged)
	}
	return nil
}

// checkChange: the last change says what the status says.
func checkChange(r engine.Reader, f *Found) error {
	if f.Status.Sequence == 0 {
		return nil
	}
	last, err := lastSequence(r, f.ID.Issuer)
	if err != nil || f.Status.Sequence > last {
		return fmt.Errorf("%w: status is ahead of the changes", ErrDamaged)
	}
	b, err := r.Get(changeKey(f.ID.Issuer, f.Status.Sequence))
	want := Revocation{f.ID.Serial, f.Status}
	if err != nil || !bytes.Equal(b, want.append(nil)) {
		return fmt.Errorf("%w: status and change differ", ErrDamaged)
	}
	return nil
}

// checkApplication: the application names the certificate. One that was adopted has none.
func checkApplication(r engine.Reader, f *Found) error {
	if f.Application == (ApplicationID{}) {
		return nil
	}
	a, err := getApplication(r, f.Application)
	if err != nil {
		return fmt.Errorf("%w: application is missing", ErrDamaged)
	}
	if a.Stage != StageIssued || a.Issued != f.ID && a.Twin != f.ID {
		return fmt.Errorf("%w: application names another certificate", ErrDamaged)
	}
	return nil
}

// placeAtEnd reads the place at the end of a key of the issuance log.
func placeAtEnd(k []byte) uint64 { return binary.BigEndian.Uint64(k[len(k)-8:]) }
