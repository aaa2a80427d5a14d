package ca

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/pki"
)

// SeededSerial is the serial number of the n-th certificate of SeedRevoked.
func SeededSerial(n int) (s Serial) {
	x := uint64(n) * 0x9e3779b97f4a7c15
	binary.BigEndian.PutUint64(s[4:], x^x>>31)
	binary.BigEndian.PutUint64(s[12:], uint64(n))
	s[0] = 0x40
	return s
}

// SeedRevoked puts n revoked certificates into an empty register's rows: what CRLs and OCSP read, and no certificates.
func SeedRevoked(ctx context.Context, e engine.Engine, issuer KeyID, n int, at time.Time) error {
	return seed(ctx, e, issuer, n, func(w engine.Writer, id CertificateID, i int) error {
		return putStatus(w, id, Status{
			State: StateRevoked, Cause: pki.CauseSuperseded, At: at, Sequence: uint64(i + 1), Shard: ShardOf(uint64(i)),
			NotAfter: at.Add(year),
		})
	})
}

// SeedValid puts n certificates that are valid.
func SeedValid(ctx context.Context, e engine.Engine, issuer KeyID, n int, at time.Time) error {
	return seed(ctx, e, issuer, n, func(w engine.Writer, id CertificateID, i int) error {
		s := Status{State: StateValid, At: at, Shard: ShardOf(uint64(i)), NotAfter: at.Add(year)}
		return w.Put(statusKey(id), s.append(nil))
	})
}

func seed(
	ctx context.Context, e engine.Engine, issuer KeyID, n int, put func(w engine.Writer, id CertificateID, i int) error,
) error {
	const batch = 2048
	for from := 0; from < n; from += batch {
		err := e.Update(ctx, func(w engine.Writer) error {
			for i := from; i < min(from+batch, n); i++ {
				if err := put(w, CertificateID{issuer, SeededSerial(i)}, i); err != nil {
					return err
				}
			}
			places := (uint64(n) + leaseBlock - 1) / leaseBlock * leaseBlock
			return w.Put(key(spaceLease, issuer[:]), be64(places))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// SeedIssued puts a valid certificate at a place of the issuance log.
func SeedIssued(ctx context.Context, e engine.Engine, a *Authority, place uint64, c *pki.Certificate) (*Issued, error) {
	serial, _ := SerialOf(c.Serial)
	i := &Issued{
		ID: CertificateID{a.id, serial}, Place: place, Profile: ProfileVault, IssuedAt: c.NotBefore, DER: c.Raw,
	}
	return i, e.Update(ctx, func(w engine.Writer) error {
		s := Status{State: StateValid, At: i.IssuedAt, Shard: i.Shard(), NotAfter: c.NotAfter}
		if err := w.Put(statusKey(i.ID), s.append(nil)); err != nil {
			return err
		}
		return w.Put(certificateKey(i.ID), i.append(nil))
	})
}

// CountParts counts the stored parts of full CRLs.
func CountParts(ctx context.Context, e engine.Engine) (n int) {
	err := e.View(ctx, func(r engine.Reader) error {
		return r.Scan(engine.Range{Prefix: key(spacePublisher, []byte{keptPart}), KeysOnly: true},
			func(_, _ []byte) (bool, error) {
				n++
				return true, nil
			})
	})
	if err != nil {
		panic(err)
	}
	return n
}

// CountStored counts the stored OCSP answers.
func CountStored(ctx context.Context, e engine.Engine) (n int) {
	err := e.View(ctx, func(r engine.Reader) error {
		return r.Scan(engine.Range{Prefix: key(spaceOCSP), KeysOnly: true}, func(_, _ []byte) (bool, error) {
			n++
			return true, nil
		})
	})
	if err != nil {
		panic(err)
	}
	return n
}

// DamageStored cuts every stored OCSP answer short.
func DamageStored(ctx context.Context, e engine.Engine) error {
	return e.Update(ctx, func(w engine.Writer) error {
		var keys [][]byte
		err := w.Scan(engine.Range{Prefix: key(spaceOCSP), KeysOnly: true}, func(k, _ []byte) (bool, error) {
			keys = append(keys, append([]byte(nil), k...))
			return true, nil
		})
		for _, k := range keys {
			if err == nil {
				err = w.Put(k, []byte("damage"))
			}
		}
		return err
	})
}
