package vault

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// Caller is a registered system (调用方) and what it may do.
type Caller struct {
	ID         string   `json:"id"`
	Department string   `json:"department"` // USCC
	Name       string   `json:"name"`       // of the department
	Issues     []string `json:"issues"`     // types that the department may issue
	Bases      []string `json:"bases"`      // legal bases on which it may ask about others
	MaxLevel   Level    `json:"max_level"`  // strongest login that it may vouch for
	Operator   bool     `json:"operator"`
	Auditor    bool     `json:"auditor,omitempty"` // sees the audit, and nothing else of an operator's
}

// PutCaller registers a caller or changes its registration. The very first caller of a vault must be an operator and
// registers itself. All that is wrong with a registration is told at once.
func (v *Vault) PutCaller(ctx context.Context, a Access, c Caller) error {
	first, err := v.empty(ctx, spaceCaller)
	if err != nil {
		return err
	}
	s := &session{Access: a, caller: c, at: v.now()}
	if !first || !c.Operator || c.ID != a.Caller {
		if s, err = v.admit(ctx, a); err != nil {
			return err
		}
	}
	note := auditNote{act: "caller"}
	if err := s.mustOperate(); err != nil {
		return v.denied(ctx, s, note, err)
	}
	if problems := checkCaller(&c); len(problems) > 0 {
		err := &Refusal{ErrInvalid, problems}
		if first { // nobody is registered whose refusal could stand in the audit
			return err
		}
		return v.denied(ctx, s, note, err)
	}
	note.object, note.issuer, note.change = "caller "+c.ID, c.Department, c.rights()
	return v.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		if err := stillMay(w, a.Caller); err != nil {
			return err
		}
		if err := putJSONIn(w, key(spaceCaller, []byte(c.ID)), c); err != nil {
			return err
		}
		return v.appendAudit(w, s, note)
	})
}

// rights is what a registration allows, for the audit: as much of it as a line of an entry holds.
func (c *Caller) rights() string {
	text := "level " + c.MaxLevel.String() + "; issues " + strconv.Itoa(len(c.Issues)) + " types"
	if c.Operator {
		text += "; operator"
	}
	if c.Auditor {
		text += "; auditor"
	}
	for _, basis := range c.Bases {
		if p := checkFree("basis", basis, 200); p == nil && len(text)+len(basis) < record.MaxLine/2 {
			text += "; basis " + basis
		}
	}
	return text
}

// stillMay refuses a caller that is not registered, unless nobody is: two may have registered themselves as the first
// at once.
func stillMay(r engine.Reader, caller string) error {
	_, err := getCaller(r, caller)
	if !errors.Is(err, ErrUnknownCaller) {
		return err
	}
	none, scanErr := isEmpty(r, spaceCaller)
	if scanErr != nil || none {
		return scanErr
	}
	return err
}

// Callers lists the registrations.
func (v *Vault) Callers(ctx context.Context, a Access) ([]Caller, error) {
	s, err := v.admit(ctx, a)
	if err != nil {
		return nil, err
	}
	if err := s.mustOperate(); err != nil {
		return nil, v.denied(ctx, s, auditNote{act: "callers"}, err)
	}
	var list []Caller
	err = v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		list, err = scanCallers(r)
		return err
	})
	if err != nil {
		return nil, err
	}
	return whole(list, v.audit(ctx, s, auditNote{act: "callers"}))
}

func scanCallers(r engine.Reader) ([]Caller, error) {
	var list []Caller
	err := r.Scan(engine.Range{Prefix: []byte{spaceCaller}}, func(_, value []byte) (bool, error) {
		var c Caller
		if err := json.Unmarshal(value, &c); err != nil {
			return false, fmt.Errorf("%w: caller", ErrDamaged)
		}
		list = append(list, c)
		return true, nil
	})
	return list, err
}

// knownCaller is a registration as it was last read: the same bytes need not be decoded again.
type knownCaller struct {
	raw    []byte
	caller Caller
}

// callerIn is getCaller for the hot paths.
func (v *Vault) callerIn(r engine.Reader, id string) (Caller, error) {
	if id == "" || len(id) > 64 {
		return Caller{}, refuse(ErrUnknownCaller, CodeCallerUnknown, "caller")
	}
	raw, err := r.Get(key(spaceCaller, []byte(id)))
	if errors.Is(err, engine.ErrNotFound) {
		return Caller{}, refuse(ErrUnknownCaller, CodeCallerUnknown, "caller")
	}
	if err != nil {
		return Caller{}, err
	}
	if k, ok := v.callers.Load(id); ok && bytes.Equal(k.(*knownCaller).raw, raw) { //nolint:errcheck // holds no others
		return k.(*knownCaller).caller, nil //nolint:errcheck // holds no others
	}
	var c Caller
	if err := json.Unmarshal(raw, &c); err != nil {
		return Caller{}, fmt.Errorf("%w: caller", ErrDamaged)
	}
	v.callers.Store(id, &knownCaller{raw, c})
	return c, nil
}

func getCaller(r engine.Reader, id string) (Caller, error) {
	var c Caller
	if id == "" || len(id) > 64 {
		return c, refuse(ErrUnknownCaller, CodeCallerUnknown, "caller")
	}
	err := getJSON(r, key(spaceCaller, []byte(id)), &c)
	if errors.Is(err, engine.ErrNotFound) {
		return c, refuse(ErrUnknownCaller, CodeCallerUnknown, "caller")
	}
	return c, err
}

// getJSON reads a stored value that is kept as JSON: registrations, never anything signed.
func getJSON(r engine.Reader, k []byte, to any) error {
	b, err := r.Get(k)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, to); err != nil {
		return fmt.Errorf("%w: %c", ErrDamaged, k[0])
	}
	return nil
}

func putJSONIn(w engine.Writer, k []byte, value any) error {
	b, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("vault: encoding a registration: %w", err)
	}
	return w.Put(k, b)
}

func (v *Vault) empty(ctx context.Context, space byte) (bool, error) {
	var none bool
	err := v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		var err error
		none, err = isEmpty(r, space)
		return err
	})
	return none, err
}

func isEmpty(r engine.Reader, space byte) (none bool, err error) {
	none = true
	err = r.Scan(engine.Range{Prefix: []byte{space}, KeysOnly: true}, func(_, _ []byte) (bool, error) {
		none = false
		return false, nil
	})
	return none, err
}
