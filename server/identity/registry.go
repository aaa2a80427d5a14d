package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/pki"
)

// spaceRegistration is the prefix of keys: r, id -> registration as JSON. See server/keys.go for its neighbours.
const spaceRegistration = 'r'

// maxRegistrations bounds what is kept in memory.
const maxRegistrations = 100_000

// RegistryConfig is what a Registry is made of. Every field must be set.
type RegistryConfig struct {
	Engine engine.Engine // sealed
	Now    func() time.Time
}

// Registry keeps registrations, durable before a change is answered. All of them are held in memory, so that telling a
// caller costs no read. It is the only writer of its engine's key space and safe for concurrent use.
type Registry struct {
	cfg   RegistryConfig
	marks *marks

	writing sync.Mutex // one change at a time: what is durable and what is in memory stay the same
	begun   *begun     // guarded by writing; a change that was not carried out: see settle

	mu   sync.RWMutex
	byID map[string]*Registration           // guarded by mu; values are never changed
	held map[[sm3.Size]byte]*heldCredential // guarded by mu; by digest of the certificate
	gone map[[sm3.Size]byte]goneCredential  // guarded by mu; by digest of the certificate

	changed chan struct{} // guarded by mu; closed with the next change
}

// goneCredential is a revoked credential that is in no registration any more.
type goneCredential struct {
	owner   string
	revoked time.Time
}

// heldCredential is a credential with its owner.
type heldCredential struct {
	Credential
	certificate *pki.Certificate
	owner       *Registration
}

// OpenRegistry reads every registration. One that cannot be read closes the registry: who it would have refused is not
// known.
func OpenRegistry(ctx context.Context, cfg RegistryConfig) (*Registry, error) {
	if cfg.Engine == nil || cfg.Now == nil {
		return nil, ErrConfig
	}
	g := &Registry{
		cfg: cfg, byID: map[string]*Registration{}, held: map[[sm3.Size]byte]*heldCredential{},
		gone: map[[sm3.Size]byte]goneCredential{}, changed: make(chan struct{}),
	}
	err := cfg.Engine.View(ctx, func(r engine.Reader) error {
		g.byID = map[string]*Registration{} // a closure may run again
		return r.Scan(engine.Range{Prefix: []byte{spaceRegistration}}, func(_, value []byte) (bool, error) {
			var reg Registration
			if err := json.Unmarshal(value, &reg); err != nil {
				return false, fmt.Errorf("%w: registration", engine.ErrCorrupt)
			}
			g.byID[reg.ID] = &reg
			return true, nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading registrations: %w", err)
	}
	if g.marks, err = openMarks(ctx, cfg.Engine); err != nil {
		return nil, err
	}
	for _, reg := range g.byID {
		if err := g.hold(reg); err != nil {
			return nil, fmt.Errorf("reading registration %q: %w", reg.ID, err)
		}
	}
	return g, nil
}

// hold makes a registration's credentials findable. mu is held, or nobody else knows the registry.
func (g *Registry) hold(reg *Registration) error {
	for _, x := range reg.Gone {
		if len(x.Digest) != sm3.Size || x.Revoked.IsZero() {
			return fmt.Errorf("%w: revoked credential", engine.ErrCorrupt)
		}
		g.gone[[sm3.Size]byte(x.Digest)] = goneCredential{reg.ID, x.Revoked}
	}
	for i := range reg.Credentials {
		c := &reg.Credentials[i]
		cert, err := c.parse()
		if err != nil {
			return err
		}
		digest := c.Digest()
		if other := g.held[digest]; other != nil && other.owner.ID != reg.ID {
			return Refuse(CodeTaken)
		}
		g.held[digest] = &heldCredential{*c, cert, reg}
	}
	return nil
}

// Put registers a system or changes its registration; by is the operator, as the record of the change names him.
// A credential belongs to one registration only. What was revoked, a registration or a credential, stays so, also when
// the credential has left the registration and comes back.
func (g *Registry) Put(ctx context.Context, by string, reg Registration, witness Witness) error {
	reg = reg.clone()
	reg.By, reg.Changed = by, g.cfg.Now().UTC().Truncate(time.Second)
	if err := reg.check(); err != nil {
		return err
	}
	g.writing.Lock()
	defer g.writing.Unlock()
	if err := g.settle(ctx); err != nil {
		return err
	}
	if err := g.fits(&reg); err != nil {
		return err
	}
	return g.keep(ctx, &begun{Registration: reg, Change: reg.registered(), witness: witness})
}

// fits checks a registration against the others. writing is held.
func (g *Registry) fits(reg *Registration) error {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if len(g.byID) >= maxRegistrations && g.byID[reg.ID] == nil {
		return refuseAt("/id")
	}
	seen := map[[sm3.Size]byte]bool{}
	for i := range reg.Credentials {
		c := &reg.Credentials[i]
		digest := c.Digest()
		held, gone := g.held[digest], g.gone[digest]
		switch {
		case seen[digest], held != nil && held.owner.ID != reg.ID, gone.owner != "" && gone.owner != reg.ID:
			return Refuse(CodeTaken)
		case held != nil && !held.Revoked.IsZero():
			c.Revoked = held.Revoked
		case !gone.revoked.IsZero():
			c.Revoked = gone.revoked
		}
		seen[digest] = true
	}
	g.keepRevoked(reg, seen)
	return nil
}

// keepRevoked carries over what was revoked of the registration that reg takes the place of; seen are the credentials
// that it has. mu is held.
func (g *Registry) keepRevoked(reg *Registration, seen map[[sm3.Size]byte]bool) {
	reg.Gone = nil
	former := g.byID[reg.ID]
	if former == nil {
		return
	}
	if !former.Revoked.IsZero() {
		reg.Revoked = former.Revoked
	}
	reg.Gone = slices.Clone(former.Gone)
	for i := range former.Credentials {
		c := &former.Credentials[i]
		digest := c.Digest()
		_, known := g.gone[digest]
		if !c.Revoked.IsZero() && !seen[digest] && !known {
			reg.Gone = append(reg.Gone, Gone{digest[:], c.Revoked})
		}
	}
}

// Revoke ends a registration for good, or, with the digest of a certificate, that credential.
func (g *Registry) Revoke(ctx context.Context, by, id string, credential *[sm3.Size]byte, witness Witness) error {
	g.writing.Lock()
	defer g.writing.Unlock()
	if err := g.settle(ctx); err != nil {
		return err
	}
	g.mu.RLock()
	known := g.byID[id]
	g.mu.RUnlock()
	if known == nil {
		return Refuse(CodeRegistrationUnknown)
	}
	reg, now := known.clone(), g.cfg.Now().UTC().Truncate(time.Second)
	reg.By, reg.Changed = by, now
	if credential == nil {
		reg.Revoked = now
		return g.keep(ctx, &begun{Registration: reg, Change: reg.revoked(nil), witness: witness})
	}
	i := slices.IndexFunc(reg.Credentials, func(c Credential) bool { return c.Digest() == *credential })
	if i < 0 {
		return Refuse(CodeRegistrationUnknown)
	}
	if reg.Credentials[i].Revoked.IsZero() {
		reg.Credentials[i].Revoked = now
	}
	return g.keep(ctx, &begun{Registration: reg, Change: reg.revoked(credential), witness: witness})
}

// Empty tells that no system was ever registered.
func (g *Registry) Empty() bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return len(g.byID) == 0
}

// Standing is what a registration makes of its system now; nil if it is not in force for a caller: it was revoked, or
// every certificate of it.
func (g *Registry) Standing(id, caller string) *Caller {
	g.mu.RLock()
	defer g.mu.RUnlock()
	reg := g.byID[id]
	if reg == nil || reg.Caller != caller || !reg.inForce() {
		return nil
	}
	return reg.system()
}

// Together tells what the systems of a caller that have a permission may touch together, of what one of them had asked
// for: wanted, or all if it is nil. False: nothing is left of it. Where a caller never had a registration, as where
// users log in, everything is.
func (g *Registry) Together(caller string, may Permission, wanted []string) ([]string, bool) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	var types []string
	had := false
	for _, reg := range g.byID {
		if reg.Caller != caller {
			continue
		}
		had = true
		if c := reg.system(); reg.inForce() && c.May(may) {
			if c.Types == nil {
				return wanted, true
			}
			types = append(types, c.Types...)
		}
	}
	if !had {
		return wanted, true
	}
	if wanted != nil {
		types = slices.DeleteFunc(types, func(t string) bool { return !slices.Contains(wanted, t) })
	}
	slices.Sort(types)
	return slices.Compact(types), len(types) > 0
}

// Withdrawn tells that a caller had registrations and that none of them is in force. One that never had any, as where
// users log in, is not withdrawn.
func (g *Registry) Withdrawn(caller string) bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	had := false
	for _, reg := range g.byID {
		if reg.Caller != caller {
			continue
		}
		if reg.inForce() {
			return false
		}
		had = true
	}
	return had
}

// Get gives a copy of a registration.
func (g *Registry) Get(id string) (Registration, error) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	reg := g.byID[id]
	if reg == nil {
		return Registration{}, Refuse(CodeRegistrationUnknown)
	}
	return reg.clone(), nil
}

// List gives copies of at most limit registrations behind an id, in the order of their ids.
func (g *Registry) List(after string, limit int) []Registration {
	g.mu.RLock()
	defer g.mu.RUnlock()
	ids := slices.Sorted(maps.Keys(g.byID))
	from, found := slices.BinarySearchFunc(ids, after, strings.Compare)
	if found {
		from++
	}
	out := make([]Registration, 0, min(limit, len(ids)-from))
	for _, id := range ids[from:] {
		if len(out) == limit {
			break
		}
		out = append(out, g.byID[id].clone())
	}
	return out
}

// find gives who proves himself by a certificate, if it and its registration are in force.
func (g *Registry) find(kind CredentialKind, digest [sm3.Size]byte) (*heldCredential, error) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	h := g.held[digest]
	switch {
	case h == nil || h.Kind != kind:
		return nil, Refuse(CodeUnknown)
	case !h.Revoked.IsZero() || !h.owner.Revoked.IsZero():
		return nil, Refuse(CodeRevoked)
	}
	return h, nil
}

// Connected is the registration in whose name a connection is, by its certificate; "" if there is none in force. It
// judges nothing else: it tells those who are expected from strangers before anything is read.
func (g *Registry) Connected(r *http.Request) string {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return ""
	}
	h, err := g.find(CredentialTLS, sm3.Sum(r.TLS.PeerCertificates[0].Raw))
	if err != nil {
		return ""
	}
	return h.owner.ID
}

// ErrConfig is a part that was not given.
var ErrConfig = errors.New("identity: incomplete configuration")
