package main

import (
	"context"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/document"
	"github.com/elicense/elicense/vault/record"
)

func (d *ownDesk) complete(ctx context.Context, typeCode, issuer, series string) error {
	return d.h.vault.DeclareComplete(ctx, d.access, typeCode, issuer, series)
}

func (d *ownDesk) numbers(ctx context.Context, typeCode string) ([]vault.NumberUse, error) {
	return d.h.vault.Numbers(ctx, d.access, typeCode)
}

func (d *ownDesk) drawer() (*document.Drawer, error) { return d.h.documents.draws() }

func (d *ownDesk) sample(ctx context.Context, id string, n int, seed uint64) ([]vault.Sampled, error) {
	list, err := d.h.vault.Sample(ctx, d.access, id, n, seed)
	if err != nil {
		return nil, d.c.stateOf(ctx, d.h.vault, err, batchAct{d.access, id, "抽样", "sampled"})
	}
	return list, nil
}

func (d *ownDesk) scan(ctx context.Context, batch string, digest record.Digest) ([]byte, error) {
	return d.h.vault.SampledScan(ctx, d.access, batch, digest)
}

func (d *ownDesk) callers(ctx context.Context) ([]vault.Caller, error) {
	return d.h.vault.Callers(ctx, d.access)
}

func (d *ownDesk) codes(ctx context.Context, names []string) ([]string, error) {
	return typeCodes(ctx, d, names)
}

func (d *ownDesk) putCaller(ctx context.Context, x vault.Caller) error {
	if err := d.h.vault.PutCaller(ctx, d.access, x); err != nil {
		return err
	}
	return d.h.alone(func() error { return d.h.rememberAsker(x) })
}

// registry is what a service keeps of systems: that of the running service, or the one that is opened for the command.
func (d *ownDesk) registry(ctx context.Context) (*identity.Registry, error) {
	if d.h.registry != nil {
		return d.h.registry, nil
	}
	kept, err := d.c.openKept(ctx, d.h, serviceDir)
	if err != nil {
		return nil, err
	}
	return d.c.openRegistry(ctx, d.h, kept)
}

// openRegistry opens what a service keeps of systems, and finishes what was begun when its process ended.
func (c *program) openRegistry(ctx context.Context, h *house, kept engine.Engine) (*identity.Registry, error) {
	g, err := identity.OpenRegistry(ctx, identity.RegistryConfig{Engine: kept, Now: c.Now})
	if err != nil {
		return nil, err
	}
	id, err := g.Finish(ctx, func(ctx context.Context, by string, change vault.Witnessed) error {
		a := vault.Access{Caller: by, Purpose: "完成中断的登记变更", Ground: vault.GroundOperator}
		return h.vault.Witness(ctx, a, change)
	})
	switch {
	case err != nil:
		c.serviceLog().ErrorContext(ctx, "a change of a registration was broken off and cannot be finished",
			"registration", id, "error", err.Error())
	case id != "":
		c.serviceLog().WarnContext(ctx, "a change of a registration was broken off and is finished", "registration", id)
	}
	return g, nil
}

const maxListedSystems = 100_000

func (d *ownDesk) systems(ctx context.Context) ([]identity.Registration, error) {
	g, err := d.registry(ctx)
	if err != nil {
		return nil, err
	}
	if err := d.witness(ctx, identity.Listed()); err != nil {
		return nil, err
	}
	return g.List("", maxListedSystems), nil
}

func (d *ownDesk) putSystem(ctx context.Context, r identity.Registration) error {
	g, err := d.registry(ctx)
	if err == nil {
		err = registrationTold(g.Put(ctx, d.access.Caller, r, d.witness))
	}
	return err
}

func (d *ownDesk) revokeSystem(ctx context.Context, id string, certificate *[sm3.Size]byte) error {
	g, err := d.registry(ctx)
	if err == nil {
		err = registrationTold(g.Revoke(ctx, d.access.Caller, id, certificate, d.witness))
	}
	return err
}

// witness has the vault audit a change or a reading of registrations, by whoever the command acts for.
func (d *ownDesk) witness(ctx context.Context, change vault.Witnessed) error {
	return d.h.vault.Witness(ctx, d.access, change)
}

func (d *ownDesk) auditTrail(ctx context.Context, first int, visit func(*record.AuditEntry) bool) error {
	return d.h.vault.AuditTrail(ctx, d.access, first, visit)
}

func (d *ownDesk) signedBy(
	ctx context.Context, certificate [sm3.Size]byte, visit func(vault.SignedVersion) bool,
) error {
	return d.h.vault.SignedBy(ctx, d.access, certificate, visit)
}
