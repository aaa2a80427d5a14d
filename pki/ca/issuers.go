package ca

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/pki"
)

// registrar is the actor of acts that the register does by itself.
const registrar = "register"

// enterIssuers keeps the certificate chains of the issuers that are new, so that what they issued can be judged when
// their keys are gone.
func (r *Register) enterIssuers(ctx context.Context) error {
	var fresh []*Authority
	err := r.cfg.Engine.View(ctx, func(rd engine.Reader) (err error) {
		fresh, err = r.unknownIssuers(rd)
		return err
	})
	if err != nil || len(fresh) == 0 {
		return err
	}
	at := r.now()
	return r.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		for _, a := range fresh {
			err := errors.Join(w.Put(issuerKey(a.id, a.Certificate()), appendChain(nil, a.chain)), putAbove(w, a))
			if err != nil {
				return err
			}
			e := AuditEntry{At: at, Actor: registrar, Act: "issuer", Object: a.id.String()}
			if err := record(w, e); err != nil {
				return err
			}
		}
		return nil
	})
}

func (r *Register) unknownIssuers(rd engine.Reader) ([]*Authority, error) {
	var fresh []*Authority
	for _, a := range r.cfg.Issuers {
		_, err := rd.Get(issuerKey(a.id, a.Certificate()))
		switch {
		case errors.Is(err, engine.ErrNotFound):
			fresh = append(fresh, a)
		case err != nil:
			return nil, err
		}
	}
	return fresh, nil
}

func issuerKey(id KeyID, c *pki.Certificate) []byte { return key(spaceIssuer, id[:], c.Digest[:]) }

func appendChain(b []byte, chain []*pki.Certificate) []byte {
	b = binary.AppendUvarint(append(b, rowFormat), uint64(len(chain)))
	for _, c := range chain {
		b = appendBytes(b, c.Raw)
	}
	return b
}

func parseChain(b []byte) ([]*pki.Certificate, error) {
	r := openRow(b)
	var chain []*pki.Certificate
	for n := r.length(); n > 0 && !r.bad; n-- {
		c, err := pki.ParseCertificate(r.bytes())
		if err != nil {
			return nil, fmt.Errorf("%w: issuer's chain", ErrDamaged)
		}
		chain = append(chain, c)
	}
	if len(chain) == 0 {
		r.bad = true
	}
	return chain, r.end("issuer's chain")
}

// IssuerChains gives every chain that an issuer has had in this register, those without a key here too: own
// certificate first, root last.
func (r *Register) IssuerChains(ctx context.Context, issuer KeyID) ([][]*pki.Certificate, error) {
	var chains [][]*pki.Certificate
	err := r.cfg.Engine.View(ctx, func(rd engine.Reader) error {
		chains = nil
		return rd.Scan(engine.Range{Prefix: key(spaceIssuer, issuer[:])}, func(_, value []byte) (bool, error) {
			chain, err := parseChain(value)
			chains = append(chains, chain)
			return err == nil, err
		})
	})
	if err == nil && len(chains) == 0 {
		err = refuse(ErrNotFound, ReasonIssuer, "issuer")
	}
	if err != nil {
		return nil, err
	}
	return chains, nil
}

// Issuers names every issuer that this register has had.
func (r *Register) Issuers(ctx context.Context) ([]KeyID, error) {
	var list []KeyID
	err := r.cfg.Engine.View(ctx, func(rd engine.Reader) error {
		list = nil
		return rd.Scan(engine.Range{Prefix: key(spaceIssuer), KeysOnly: true}, func(k, _ []byte) (bool, error) {
			at := len(KeyPrefix) + 1
			if len(k) != at+keyIDBytes+32 {
				return false, fmt.Errorf("%w: key of an issuer", ErrDamaged)
			}
			if id := KeyID(k[at : at+keyIDBytes]); !slices.Contains(list, id) {
				list = append(list, id)
			}
			return true, nil
		})
	})
	return list, err
}
