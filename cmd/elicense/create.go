package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
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

// createHouse sets a vault up in a directory that does not exist or is empty. It is made and settled beside it and
// moved there when it is whole, so that a failure leaves nothing behind and a crash nothing that looks like a vault.
func (c *program) createHouse(ctx context.Context, dir string, p plan) (*house, error) {
	if err := c.checkCryptography(); err != nil {
		return nil, err
	}
	if err := freeToMake(dir); err != nil {
		return nil, err
	}
	made := dir + unfinished
	if err := os.MkdirAll(filepath.Dir(made), 0o700); err != nil {
		return nil, err
	}
	if err := os.Mkdir(made, 0o700); err != nil {
		return nil, err
	}
	master, err := c.furnish(ctx, made, p)
	if err == nil {
		err = c.settleIn(ctx, made, master, p)
	}
	if err == nil {
		err = moveIn(made, dir)
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(made))
	}
	return c.openHouseWith(ctx, dir, &master)
}

// unfinished ends the name of a directory that is being made or restored.
const unfinished = ".new"

// freeToMake refuses a directory with something in it, and one whose making was broken off or is under way.
func freeToMake(dir string) error {
	if list, err := os.ReadDir(dir); err == nil && len(list) > 0 {
		return cli.Usage(
			"数据目录不为空，不覆盖："+dir+"；请用 -d 指定另一个目录",
			"the data directory is not empty and is not overwritten: "+dir+"; name another with -d",
		)
	}
	return brokenOff(dir)
}

// brokenOff tells of a set-up or restore that never came to its end.
func brokenOff(dir string) error {
	if _, err := os.Lstat(dir + unfinished); err != nil {
		return nil //nolint:nilerr // there is none
	}
	return cli.Usage(
		"有一次未完成的建库或恢复："+dir+unfinished+"；若没有正在运行的命令，请删除该目录后重试",
		"a set-up or restore was broken off: "+dir+unfinished+"; if no command is running, remove it and try again",
	)
}

// moveIn puts a finished directory into its place, which is empty or absent, durably.
func moveIn(made, dir string) error {
	if err := os.Remove(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return moveFile(made, dir)
}

// settleIn registers the first callers in a house that is being made.
func (c *program) settleIn(ctx context.Context, dir string, master sealed.Master, p plan) error {
	h, err := c.openHouseWith(ctx, dir, &master)
	if err != nil {
		return err
	}
	return errors.Join(c.settle(ctx, h, p), h.close())
}

// furnish makes engines, keys and certificates.
func (c *program) furnish(ctx context.Context, dir string, p plan) (sealed.Master, error) {
	h := &house{dir: dir, settings: settings{Origin: p.origin, Zone: p.zone, Sandbox: p.sandbox}}
	if err := h.openEngines(); err != nil {
		return h.master, errors.Join(err, h.close())
	}
	err := c.makeKeyrings(ctx, h)
	if err = errors.Join(err, h.close()); err != nil {
		return h.master, err
	}
	if err := c.makeAuthority(h, p); err != nil {
		return h.master, err
	}
	if p.sandbox {
		h.settings.Department = fixtures.Caller(0)
		h.settings.Caller, h.settings.Basis = fixtures.Hall, fixtures.HallBasis
	}
	return h.master, h.settings.write(dir)
}

func (c *program) makeKeyrings(ctx context.Context, h *house) error {
	var err error
	if h.master, err = c.makeMaster(ctx, h); err != nil {
		return err
	}
	for _, e := range []*badger.Engine{h.main, h.blobs} {
		if _, err := sealed.CreateKeyring(ctx, e, h.master, c.Rand); err != nil {
			return err
		}
	}
	return nil
}

// makeAuthority makes the first, small CA and has it certify the vault.
func (c *program) makeAuthority(h *house, p plan) error {
	config := ca.Config{Rand: c.Rand, Now: c.Now}
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
	if err := c.publishRevocations(h); err != nil {
		return err
	}
	return c.enrol(h, issuing, enrolment{ca.ProfileVault, p.operator, vaultFile})
}

// enrolment is a key to be made and certified.
type enrolment struct {
	profile string
	body    body
	file    string
}

// enrol makes a key, has it certified, and writes both to a file.
func (c *program) enrol(h *house, authority *ca.Authority, e enrolment) error {
	text, _, err := c.certifiedKey(h, authority, e.profile, e.body)
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(h.dir, e.file), text)
}

// openAuthority loads the issuing CA of a data directory.
func (c *program) openAuthority(h *house) (*ca.Authority, error) {
	return c.loadAuthority(h, issuingFile)
}

// operatorID is the caller that runs a vault, registered when it is set up.
const operatorID = fixtures.Operator

// settle registers the first callers; in a sandbox also departments, types and the hall.
func (c *program) settle(ctx context.Context, h *house, p plan) error {
	if p.sandbox {
		return c.settleProvince(ctx, h)
	}
	access := vault.Access{Caller: operatorID, Purpose: "初始化", Ground: vault.GroundOperator}
	return h.vault.PutCaller(ctx, access, vault.Caller{
		ID: operatorID, Name: p.operator.name, Department: p.operator.uscc, Operator: true,
	})
}

// settleProvince makes the made-up province's departments, and adds the licence type of its own to those that are
// shipped.
func (c *program) settleProvince(ctx context.Context, h *house) error {
	for _, d := range fixtures.Departments() {
		if err := c.hire(ctx, h, body{d.Name, d.Code}, enrolled{}); err != nil {
			return err
		}
	}
	if err := fixtures.Settle(ctx, h.vault); err != nil {
		return err
	}
	health, err := catalogue.ParseType(fixtures.HealthType())
	if err != nil {
		return err
	}
	operate := vault.Access{Caller: operatorID, Purpose: "登记调用方", Ground: vault.GroundOperator}
	callers, err := h.vault.Callers(ctx, operate)
	if err != nil {
		return err
	}
	for _, c := range callers {
		if c.ID != healthCaller {
			continue
		}
		c.Issues = append(c.Issues, health.Code)
		if err := h.vault.PutCaller(ctx, operate, c); err != nil {
			return err
		}
	}
	declare := vault.Access{Caller: healthCaller, Purpose: "登记证照目录", Ground: vault.GroundIssuer}
	_, err = h.vault.PutType(ctx, declare, fixtures.HealthType())
	return err
}

// healthCaller is the made-up province's health department.
var healthCaller = fixtures.Caller(1)
