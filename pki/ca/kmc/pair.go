package kmc

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/emmansun/gmsm/sm2"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/envelope"
	"github.com/elicense/elicense/pki"
)

// pair is a key pair that was just made; it is in memory only.
type pair struct {
	d      [envelope.PrivateSize]byte
	record *Record // as a spare
	escrow []byte  // as stored
	// generation of the custody that escrow is for
	generation int
}

// spare is a pair that is kept ready: escrow and record are stored, the private key is here.
type spare struct {
	d      [envelope.PrivateSize]byte
	record *Record
}

// makePair makes a pair and its escrow.
func (c *Centre) makePair(custody *Custody) (*pair, error) {
	key, err := sm2.GenerateKey(c.config.Rand)
	if err != nil {
		return nil, fmt.Errorf("generating SM2 key: %w", err)
	}
	public, err := pki.PublicKeyOf(key.Public())
	if err != nil {
		return nil, err
	}
	p := &pair{
		record:     &Record{Key: KeyIDOf(public), State: StateSpare, Public: public, Made: c.now()},
		generation: custody.Generation,
	}
	key.D.FillBytes(p.d[:])
	e, err := sealEscrow(c.config.Rand, custody, p.record.Key, p.d)
	if err != nil {
		return nil, err
	}
	if p.escrow, err = e.marshal(); err != nil {
		return nil, fmt.Errorf("writing escrow: %w", err)
	}
	return p, nil
}

// putEscrow stores the escrow of a new pair, if its custody is still the current one.
func (p *pair) putEscrow(w engine.Writer) error {
	now, err := currentCustody(w)
	if err != nil {
		return err
	}
	if now == nil || now.Generation != p.generation {
		return refuse(ReasonState, "the set of custodians has changed")
	}
	if err := w.Create(space(spaceEscrow, p.record.Key[:]), p.escrow); err != nil {
		return err
	}
	return w.Put(generationKey(p.generation, p.record.Key), nil)
}

func generationKey(generation int, key KeyID) []byte {
	return append(generationSpace(generation), key[:]...)
}

func generationSpace(generation int) []byte {
	return space(spaceGeneration, binary.BigEndian.AppendUint32(nil, uint32(generation))) //nolint:gosec // from 1
}

// FillSpares makes pairs until Config.Spares of them are ready, and returns how many it made.
func (c *Centre) FillSpares(ctx context.Context) (made int, err error) {
	for c.spareCount() < c.config.Spares {
		custody := c.Custody()
		if custody == nil {
			return made, refuse(ReasonState, "the centre is not founded")
		}
		p, err := c.makePair(custody)
		if err != nil {
			return made, err
		}
		err = c.config.Engine.Update(ctx, func(w engine.Writer) error {
			if err := p.putEscrow(w); err != nil {
				return err
			}
			return putRecord(w, 0, p.record)
		})
		if err != nil {
			return made, fmt.Errorf("storing spare pair: %w", err)
		}
		c.mu.Lock()
		c.spares = append(c.spares, spare{d: p.d, record: p.record})
		c.mu.Unlock()
		made++
	}
	return made, nil
}

func (c *Centre) spareCount() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.spares)
}

// takeSpare gives a ready pair to one caller, or nil. A pair that is taken and not delivered is never offered again.
func (c *Centre) takeSpare() *spare {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.spares)
	if n == 0 {
		return nil
	}
	s := c.spares[n-1]
	clear(c.spares[n-1:])
	c.spares = c.spares[:n-1]
	return &s
}

// dropBatch is how many spares of an earlier run one transaction destroys.
const dropBatch = 256

// dropSpares destroys what an earlier run had ready.
func (c *Centre) dropSpares(ctx context.Context) error {
	for {
		n := 0
		err := c.config.Engine.Update(ctx, func(w engine.Writer) error {
			keys, err := firstKeys(w, space(spaceSpare), dropBatch)
			n = len(keys)
			if err != nil {
				return err
			}
			for _, key := range keys {
				if err := dropPair(w, key); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("destroying spare pairs of an earlier run: %w", err)
		}
		if n < dropBatch {
			return nil
		}
	}
}

func dropPair(w engine.Writer, key KeyID) error {
	e, err := getEscrow(w, key)
	if err != nil {
		return err
	}
	for _, k := range [][]byte{
		generationKey(e.generation, key), space(spaceEscrow, key[:]), space(spaceSpare, key[:]),
	} {
		if err := w.Delete(k); err != nil {
			return err
		}
	}
	return nil
}

func getEscrow(r engine.Reader, key KeyID) (*escrow, error) {
	der, err := r.Get(space(spaceEscrow, key[:]))
	if err != nil {
		return nil, fmt.Errorf("reading escrow of %s: %w", key, err)
	}
	return parseEscrow(der)
}

// firstKeys are the first pairs of a space whose keys end in their names.
func firstKeys(r engine.Reader, prefix []byte, limit int) (keys []KeyID, err error) {
	return keysAfter(r, prefix, KeyID{}, limit)
}

// keysAfter are the first pairs of such a space behind one.
func keysAfter(r engine.Reader, prefix []byte, after KeyID, limit int) (keys []KeyID, err error) {
	start := append(append([]byte(nil), prefix...), after[:]...)
	err = r.Scan(engine.Range{Prefix: prefix, Start: start, KeysOnly: true}, func(k, _ []byte) (bool, error) {
		if len(k) != len(prefix)+len(after) {
			return false, damaged("key of a pair")
		}
		if key := KeyID(k[len(prefix):]); key != after {
			keys = append(keys, key)
		}
		return len(keys) < limit, nil
	})
	return keys, err
}
