package ca

import (
	"context"
	"encoding/binary"
	"math/big"
	"strconv"
	"time"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/pki"
)

// Draft is what the lint gets to see, open to damage by tests.
type Draft struct {
	Profile          Profile
	Serial           *big.Int
	Issuer           []byte
	Subject          []byte
	NotBefore        time.Time
	NotAfter         time.Time
	Public           *pki.PublicKey
	IssuerKey        *pki.PublicKey
	USCC             string
	EncodedAsProfile *Profile // encoded by this profile, linted by the other
}

// Draft prepares a request as issue does.
func (a *Authority) Draft(r Request) (Draft, error) {
	c, err := a.draft(r)
	if err != nil {
		return Draft{}, err
	}
	return Draft{
		Profile: c.profile, Serial: c.serial, Issuer: c.issuer, Subject: c.subject, NotBefore: c.notBefore,
		NotAfter: c.notAfter, Public: c.public, IssuerKey: a.own, USCC: c.holder.USCC,
	}, nil
}

// Lint lints a draft; issuer is nil for a root.
func Lint(d Draft, issuer *pki.Certificate) error {
	c := &certificate{
		profile: d.Profile, serial: d.Serial, issuer: d.Issuer, subject: d.Subject, notBefore: d.NotBefore,
		notAfter: d.NotAfter, public: d.Public, issuerKey: keyID(d.IssuerKey), ownKey: keyID(d.Public),
		holder: Identity{USCC: d.USCC},
	}
	if d.EncodedAsProfile == nil {
		_, err := lint(c, issuer)
		return err
	}
	c.profile = *d.EncodedAsProfile
	tbs, err := c.encode()
	if err != nil {
		return err
	}
	if faults := lintTBS(tbs, &lintCase{profile: d.Profile, above: issuer}); len(faults) > 0 {
		return ErrLint
	}
	return nil
}

// Row is a row of the register.
type Row interface{ append(b []byte) []byte }

// AppendRow gives a row as it is stored.
func AppendRow(r Row) []byte { return r.append(nil) }

// ParseRow reads a row of the kind of like; the identifier of an issued certificate, which is not in the row, is taken
// from like.
func ParseRow(like Row, b []byte) (Row, error) {
	switch like := like.(type) {
	case *Status:
		v, err := parseStatus(b)
		return orNil(&v, err)
	case *Revocation:
		v, err := parseChange(b)
		return orNil(&v, err)
	case *Issued:
		v, err := parseIssued(like.ID, b)
		return orNil(v, err)
	case *Application:
		v, err := parseApplication(b)
		return orNil(v, err)
	case *AuditEntry:
		v, err := parseAudit(b)
		return orNil(&v, err)
	case *CRLRecord:
		v, err := parseCRLRecord(b)
		return orNil(&v, err)
	default:
		return nil, ErrDamaged
	}
}

func orNil(r Row, err error) (Row, error) {
	if err != nil {
		return nil, err
	}
	return r, nil
}

// WeakScalars are some private keys of each kind that the register refuses.
func WeakScalars(order *big.Int) map[string]*big.Int {
	list := map[string]*big.Int{
		"generator": big.NewInt(1), "two": big.NewInt(2), "last small": big.NewInt(weakScalars),
		"largest": new(big.Int).Sub(order, big.NewInt(2)),
	}
	for i, text := range publishedKeys {
		d, _ := new(big.Int).SetString(text, 16)
		list["published "+strconv.Itoa(i)] = d
	}
	return list
}

// LintTBS holds a TBSCertificate against a profile, an issuer and the addresses of a shard, or none for an empty base.
func LintTBS(tbs []byte, profile Profile, above *pki.Certificate, a Addresses, shard uint32) []Fault {
	l := &lintCase{profile: profile, above: above}
	if a.Base != "" {
		l.where = &location{a, shard}
	}
	return lintTBS(tbs, l)
}

// FillRevoked revokes n certificates that were never issued, so that a register of many revoked ones is made quickly.
func FillRevoked(ctx context.Context, e engine.Engine, issuer KeyID, n int) error {
	const group = 4000
	for from := 0; from < n; from += group {
		err := e.Update(ctx, func(w engine.Writer) error {
			last, err := lastSequence(w, issuer)
			if err != nil {
				return err
			}
			for i := from; i < min(from+group, n); i++ {
				id := CertificateID{Issuer: issuer}
				binary.BigEndian.PutUint64(id.Serial[4:], uint64(i)*0x9e3779b97f4a7c15)
				last++
				s := Status{State: StateRevoked, At: time.Unix(1e9, 0), Sequence: last, Shard: ShardOf(uint64(i))}
				if err := putStatus(w, id, s); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
