package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

// registrar is where callers and their systems are registered.
type registrar interface {
	codes(ctx context.Context, names []string) ([]string, error) // of licence types
	callers(ctx context.Context) ([]vault.Caller, error)
	putCaller(ctx context.Context, x vault.Caller) error
	systems(ctx context.Context) ([]identity.Registration, error)
	putSystem(ctx context.Context, r identity.Registration) error
	// revokeSystem ends a registration, or the certificate with a digest.
	revokeSystem(ctx context.Context, id string, certificate *[sm3.Size]byte) error
}

// custodian is who has the keys in custody beside: the data directory, or the service that has it open.
type custodian interface {
	registrar

	addDepartment(ctx context.Context, o departmentOrder) (*departmentAdded, error)
	certify(ctx context.Context, r certifying) ([][]byte, error)
	renewCertificate(ctx context.Context, whose string) error
	renewCRLs(ctx context.Context) error
	backup(ctx context.Context, dir string) error
}

var (
	_ custodian = (*ownDesk)(nil)
	_ custodian = (*controlDesk)(nil)
	_ registrar = (*serviceDesk)(nil)
)

// atRegistry works where callers are registered: at the service that --server names, at the data directory, or through
// the service that has that open.
func (c *program) atRegistry(ctx context.Context, by who, fn func(registrar) error) error {
	if c.service.url != "" {
		return c.at(ctx, by, func(d desk) error { return fn(d) })
	}
	return c.keeping(ctx, by, func(d custodian) error { return fn(d) })
}

// keeping works at the data directory, or through the service that has it open.
func (c *program) keeping(ctx context.Context, by who, fn func(custodian) error) error {
	err := c.with(ctx, by, func(h *house, a vault.Access) error { return fn(&ownDesk{c, h, a}) })
	if !errors.Is(err, engine.ErrLocked) {
		return err
	}
	s, err := readSettings(c.dir)
	if err != nil {
		return err
	}
	a, err := c.by(&s, by)
	if err != nil {
		return err
	}
	return fn(&controlDesk{c, askerOf(&a)})
}

// controlDesk asks the service that has the data directory open, over its local socket.
type controlDesk struct {
	c  *program
	by *asker
}

// ask has the service do something and reads what it brings back.
func ask[Out any](ctx context.Context, d *controlDesk, order string, what any) (Out, error) {
	var out Out
	text, err := json.Marshal(what)
	if err != nil {
		return out, err
	}
	message, err := json.Marshal(errand{*d.by, text})
	if err != nil {
		return out, err
	}
	answer, err := d.c.order(ctx, order, message)
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(answer.Result, &out); err != nil {
		return out, fmt.Errorf("reading the service's answer: %w", err)
	}
	return out, nil
}

func (d *controlDesk) codes(ctx context.Context, names []string) ([]string, error) {
	return ask[[]string](ctx, d, orderTypes, names)
}

func (d *controlDesk) callers(ctx context.Context) ([]vault.Caller, error) {
	return ask[[]vault.Caller](ctx, d, orderCallers, nothing{})
}

func (d *controlDesk) putCaller(ctx context.Context, x vault.Caller) error {
	_, err := ask[nothing](ctx, d, orderCaller, x)
	return err
}

func (d *controlDesk) systems(ctx context.Context) ([]identity.Registration, error) {
	return ask[[]identity.Registration](ctx, d, orderSystems, nothing{})
}

func (d *controlDesk) putSystem(ctx context.Context, r identity.Registration) error {
	_, err := ask[nothing](ctx, d, orderSystem, r)
	return err
}

func (d *controlDesk) revokeSystem(ctx context.Context, id string, certificate *[sm3.Size]byte) error {
	_, err := ask[nothing](ctx, d, orderRevoke, revoking{id, certificate})
	return err
}

func (d *controlDesk) addDepartment(ctx context.Context, o departmentOrder) (*departmentAdded, error) {
	return ask[*departmentAdded](ctx, d, orderDepartment, o)
}

func (d *controlDesk) certify(ctx context.Context, r certifying) ([][]byte, error) {
	return ask[[][]byte](ctx, d, orderCertify, r)
}

func (d *controlDesk) renewCertificate(ctx context.Context, whose string) error {
	_, err := ask[nothing](ctx, d, orderCertificate, whose)
	return err
}

func (d *controlDesk) renewCRLs(ctx context.Context) error {
	_, err := ask[nothing](ctx, d, orderCRL, nothing{})
	return err
}

func (d *controlDesk) backup(ctx context.Context, dir string) error {
	_, err := ask[nothing](ctx, d, orderBackup, dir)
	return err
}
