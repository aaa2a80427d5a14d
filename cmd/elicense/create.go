package main

import (
	"context"
	"crypto"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/vault"
)

// plan says which vault to set up.
type plan struct {
	origin   string // name of the ledger
	zone     string
	operator body // who runs the vault
	sandbox  bool
}

// body is an organisation as certificates and registrations name it.
type body struct{ name, uscc string }

// createHouse sets a vault up in a directory that does not exist or is empty. It is made beside it and moved there when it
// is whole, so that a failure leaves nothing behind.
func (w *world) createHouse(ctx context.Context, dir string, p plan) (*house, error) {
	if list, err := os.ReadDir(dir); err == nil && len(list) > 0 {
		return nil, &usageError{"目录不为空：" + dir, "the directory is not empty: " + dir}
	}
	made := dir + ".new"
	if err := os.Mkdir(made, 0o700); err != nil {
		return nil, fmt.Errorf("making the data directory: %w", err)
	}
	err := w.furnish(ctx, made, p)
	if err == nil {
		if err = os.Remove(dir); errors.Is(err, os.ErrNotExist) {
			err = nil
		}
	}
	if err == nil {
		err = os.Rename(made, dir)
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(made))
	}
	h, err := w.openHouse(ctx, dir)
	if err != nil {
		return nil, err
	}
	if err := w.settle(ctx, h, p); err != nil {
		return nil, errors.Join(err, h.close(), os.RemoveAll(dir))
	}
	return h, nil
}

// furnish makes engines, keys and certificates.
func (w *world) furnish(ctx context.Context, dir string, p plan) error {
	h := &house{dir: dir, settings: settings{Sandbox: p.sandbox}}
	if err := h.openEngines(); err != nil {
		return errors.Join(err, h.close())
	}
	err := w.makeKeyrings(ctx, h)
	if err = errors.Join(err, h.close()); err != nil {
		return err
	}
	if err := w.makeAuthority(h, p); err != nil {
		return err
	}
	text := fmt.Sprintf("format: %d\norigin: %s\nzone: %s\nsandbox: %v\n", houseFormat, p.origin, p.zone, p.sandbox)
	if p.sandbox {
		text += fmt.Sprintf("caller: %s\nbasis: %s\n", fixtures.Hall, fixtures.HallBasis)
	}
	return writeFile(filepath.Join(dir, houseFile), []byte(text))
}

func (w *world) makeKeyrings(ctx context.Context, h *house) error {
	var err error
	if h.master, err = w.makeMaster(ctx, h); err != nil {
		return err
	}
	for _, e := range []*badger.Engine{h.main, h.blobs} {
		if _, err := sealed.CreateKeyring(ctx, e, h.master, w.rand); err != nil {
			return err
		}
	}
	return nil
}

// makeMaster draws the master key of a sandbox, or takes the one that the operator keeps.
func (w *world) makeMaster(ctx context.Context, h *house) (sealed.Master, error) {
	if h.settings.Sandbox {
		var m sealed.Master
		if _, err := io.ReadFull(w.rand, m[:]); err != nil {
			return m, fmt.Errorf("drawing a master key: %w", err)
		}
		return m, writeFile(filepath.Join(h.dir, masterFile), []byte(hex.EncodeToString(m[:])+"\n"))
	}
	if path := w.env("ELICENSE_MASTER_FILE"); path != "" {
		return masterFromFile(path)
	}
	passphrase, err := w.passphrase()
	if err != nil {
		return sealed.Master{}, err
	}
	stretch, err := sealed.NewStretch(w.rand)
	if err != nil {
		return sealed.Master{}, err
	}
	if err := sealed.SaveStretch(ctx, h.main, stretch); err != nil {
		return sealed.Master{}, err
	}
	return sealed.MasterFromPassphrase(passphrase, stretch)
}

// makeAuthority makes the first, small CA and has it certify the vault.
func (w *world) makeAuthority(h *house, p plan) error {
	config := ca.Config{Rand: w.rand, Now: w.now}
	name := ca.Name{Organization: p.operator.name, CommonName: p.operator.name + " 根证书"}
	root, err := ca.NewRoot(config, name)
	if err != nil {
		return err
	}
	name.CommonName = p.operator.name + " 签发证书"
	issuing, err := root.NewIssuing(name)
	if err != nil {
		return err
	}
	for file, authority := range map[string]*ca.Authority{rootFile: root, issuingFile: issuing} {
		text, err := authority.Save(keyPassphrase(h.master))
		if err != nil {
			return err
		}
		if err := writeFile(filepath.Join(h.dir, file), text); err != nil {
			return err
		}
	}
	if err := writeFile(filepath.Join(h.dir, anchorsFile), pki.AppendPEM(nil, root.Certificate())); err != nil {
		return err
	}
	_, err = w.enrol(h, issuing, enrolment{ca.ProfileVault, p.operator, vaultFile})
	return err
}

// enrolment is a key to be made and certified.
type enrolment struct {
	profile string
	body    body
	file    string
}

// enrol makes a key, has it certified, and writes both to a file.
func (w *world) enrol(h *house, authority *ca.Authority, e enrolment) (crypto.Signer, error) {
	key, err := pki.GenerateKey(w.rand)
	if err != nil {
		return nil, err
	}
	cert, err := authority.Issue(ca.Request{
		Profile: e.profile, USCC: e.body.uscc, PublicKey: key.Public(),
		Subject: ca.Name{Organization: e.body.name, CommonName: e.body.name},
	})
	if err != nil {
		return nil, err
	}
	text, err := pki.MarshalKey(key, keyPassphrase(h.master), w.rand)
	if err != nil {
		return nil, err
	}
	chain := append([]*pki.Certificate{cert}, authority.Chain()...)
	return key, writeFile(filepath.Join(h.dir, e.file), pki.AppendPEM(text, chain...))
}

// openAuthority loads the issuing CA of a data directory.
func (w *world) openAuthority(h *house) (*ca.Authority, error) {
	text, err := os.ReadFile(filepath.Join(h.dir, issuingFile))
	if err != nil {
		return nil, fmt.Errorf("reading the CA: %w", err)
	}
	return ca.Load(ca.Config{Rand: w.rand, Now: w.now}, text, keyPassphrase(h.master))
}

// hire certifies a department whose key is kept here.
func (w *world) hire(h *house, d body) error {
	authority, err := w.openAuthority(h)
	if err != nil {
		return err
	}
	file := filepath.Join(staffDir, d.uscc+".pem")
	if _, err := w.enrol(h, authority, enrolment{ca.ProfileDepartment, d, file}); err != nil {
		return err
	}
	config, err := w.readSigner(h, file)
	if err != nil {
		return err
	}
	return register(h.custody, d.uscc, config)
}

// settle registers the first callers; in a sandbox also departments, types and the hall.
func (w *world) settle(ctx context.Context, h *house, p plan) error {
	if !p.sandbox {
		access := vault.Access{Caller: fixtures.Operator, Purpose: "初始化", Ground: vault.GroundOperator}
		return h.vault.PutCaller(ctx, access, vault.Caller{
			ID: fixtures.Operator, Name: p.operator.name, Department: p.operator.uscc, Operator: true,
		})
	}
	for _, d := range fixtures.Departments() {
		if err := w.hire(h, body{d.Name, d.Code}); err != nil {
			return err
		}
	}
	return fixtures.Settle(ctx, h.vault)
}
