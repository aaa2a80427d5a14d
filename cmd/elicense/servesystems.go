package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

// A sandbox's departments have systems as in production, each with a key for signatures and one for connections, in
// a folder that bears the name of its caller. The passphrase of the keys lies beside them: nothing in a sandbox is
// worth more than it.
const (
	sandboxSystems    = "keys/sandbox/systems"
	sandboxPassphrase = "passphrase"
	sandboxPrefix     = "sandbox-" // of their registrations
)

// enrolSandbox makes the systems of a sandbox that has none yet, and registers them. What the operator has changed or
// revoked since stays as it is.
func (c *program) enrolSandbox(ctx context.Context, h *house, registry *identity.Registry) error {
	passphrase, err := c.sandboxSecret(h)
	if err != nil {
		return err
	}
	for i, d := range fixtures.Departments() {
		caller := fixtures.Caller(i)
		_, err := registry.Get(sandboxPrefix + caller)
		if err == nil {
			continue
		}
		if identity.CodeOf(err) != identity.CodeRegistrationUnknown {
			return err
		}
		if err := c.makeSandboxSystem(h, caller, body{d.Name, d.Code}, passphrase); err != nil {
			return fmt.Errorf("making the system of %s: %w", caller, err)
		}
		if err := c.registerSandboxSystem(ctx, h, registry, i); err != nil {
			return fmt.Errorf("registering the system of %s: %w", caller, err)
		}
	}
	return nil
}

// sandboxSecret is the passphrase of the keys, drawn when it is first needed.
func (c *program) sandboxSecret(h *house) ([]byte, error) {
	path := filepath.Join(h.dir, sandboxSystems, sandboxPassphrase)
	b, err := os.ReadFile(path)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return b, err
	}
	var raw [24]byte
	if _, err := io.ReadFull(c.Rand, raw[:]); err != nil {
		return nil, err
	}
	text := []byte(hex.EncodeToString(raw[:]))
	return text, writeFile(path, text)
}

// makeSandboxSystem makes both keys unless they are there. The certificate of connections is written last: with it in
// place, everything is.
func (c *program) makeSandboxSystem(h *house, caller string, of body, passphrase []byte) error {
	dir := filepath.Join(h.dir, sandboxSystems, caller)
	if _, err := os.Stat(filepath.Join(dir, connectionFile)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	certify := func(request []byte) ([][]byte, error) { return c.certifySystem(h, of, request) }
	if err := c.makeSignatureKey(certify, filepath.Join(dir, signatureFile), passphrase); err != nil {
		return err
	}
	return c.makeConnectionKey(caller, dir)
}

func (c *program) registerSandboxSystem(ctx context.Context, h *house, registry *identity.Registry, i int) error {
	caller := sandboxDepartment(i)
	r := identity.Registration{
		ID: sandboxPrefix + caller.ID, Caller: caller.ID, Role: caller.Role, Department: caller.Department,
		Sharing: caller.Sharing,
	}
	for _, name := range []string{signatureFile, connectionFile} {
		list, err := tolerantCertificates(filepath.Join(h.dir, sandboxSystems, caller.ID, name))
		if err != nil {
			return err
		}
		r.Credentials = append(r.Credentials, credentialOf(list[0], true)) // those behind it are its issuers
	}
	operate := vault.Access{Caller: operatorID, Purpose: "沙箱：登记调用系统", Ground: vault.GroundOperator}
	return registry.Put(ctx, operatorID, r, func(ctx context.Context, change vault.Witnessed) error {
		return h.vault.Witness(ctx, operate, change)
	})
}
