package main

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

// sandboxKeys is where a sandbox keeps the bearer keys of its callers.
const sandboxKeys = "keys/sandbox"

// sandboxItem is the item by which a sandbox's callers ask where their requests do not say it.
const sandboxItem = "350000-0102"

// sandboxCaller is a caller of a sandbox with its key.
type sandboxCaller struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Key  string `json:"key"`
}

// sandboxHolder is the firm of docs/api.md, logged in at the hall: its key stands for that login.
const (
	sandboxHolder     = "holder"
	sandboxHolderCode = "91350100EX0000002J"
)

// sandboxCallers are the callers of a sandbox, each with a bearer key: the departments, the hall, the operator,
// the auditor, a holder.
func (c *program) sandboxCallers(h *house) (*identity.Keys, []sandboxCaller, error) {
	var keys identity.Keys
	var list []sandboxCaller
	addAs := func(id, name string, caller identity.Caller) error {
		key, err := c.sandboxKey(h, id)
		if err != nil {
			return err
		}
		keys.Add(key, caller)
		list = append(list, sandboxCaller{id, name, key})
		return nil
	}
	add := func(name string, caller identity.Caller) error { return addAs(caller.ID, name, caller) }
	for i, d := range fixtures.Departments() {
		if err := add(d.Name, sandboxDepartment(i)); err != nil {
			return nil, nil, err
		}
	}
	err := errors.Join(
		add(c.Say("省网上办事大厅", "the hall"), identity.Caller{
			ID: fixtures.Hall, Role: identity.RoleReviewer, Sharing: &identity.Sharing{
				Name: "示例省网上办事大厅", Item: sandboxItem, Ground: string(vault.GroundLaw), Basis: fixtures.HallBasis,
			},
		}),
		add(c.Say("运行单位", "the operator"), identity.Caller{ID: fixtures.Operator, Role: identity.RoleOperator}),
		add(c.Say("审计方", "the auditor"), identity.Caller{ID: fixtures.Auditor, Role: identity.RoleAuditor}),
		addAs(sandboxHolder, c.Say("持证主体", "a holder")+" "+sandboxHolderCode, identity.Caller{
			ID: fixtures.Hall, Role: identity.RoleHolder, Level: vault.LevelCertificate,
			Holder: &identity.Subject{Kind: "001", Code: sandboxHolderCode},
		}))
	return &keys, list, err
}

// sandboxDepartment is the i-th of the made-up departments as its system calls.
func sandboxDepartment(i int) identity.Caller {
	d := fixtures.Departments()[i]
	return identity.Caller{
		ID: fixtures.Caller(i), Role: identity.RoleDepartmentSystem, Department: d.Code,
		Sharing: &identity.Sharing{Name: d.Name, Item: sandboxItem, Ground: string(vault.GroundIssuer)},
	}
}

// sandboxKey is the bearer key of a caller, made when it is first asked for.
func (c *program) sandboxKey(h *house, caller string) (string, error) {
	path := filepath.Join(h.dir, sandboxKeys, caller)
	b, err := os.ReadFile(path)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return string(b), err
	}
	var raw [24]byte
	if _, err := io.ReadFull(c.Rand, raw[:]); err != nil {
		return "", err
	}
	key := identity.SandboxPrefix + caller + "-" + hex.EncodeToString(raw[:])
	return key, writeFile(path, []byte(key))
}

// grantDeclared lets a department of the sandbox issue the licence type that it has declared: there is no operator to ask
// while the service has the data. Nil where the data are no sandbox's.
func (h *house) grantDeclared() func(ctx context.Context, caller, typeCode string) error {
	if !h.settings.Sandbox {
		return nil
	}
	operate := vault.Access{Caller: fixtures.Operator, Purpose: "沙箱：登记颁发证照类型", Ground: vault.GroundOperator}
	var one sync.Mutex // a registration is read, added to and written
	return func(ctx context.Context, caller, typeCode string) error {
		one.Lock()
		defer one.Unlock()
		list, err := h.vault.Callers(ctx, operate)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(list, func(c vault.Caller) bool { return c.ID == caller })
		if at < 0 || slices.Contains(list[at].Issues, typeCode) {
			return nil
		}
		c := list[at]
		c.Issues = append(slices.Clone(c.Issues), typeCode)
		return h.vault.PutCaller(ctx, operate, c)
	}
}
