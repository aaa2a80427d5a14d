package vault

import (
	"context"
	"strconv"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/engine"
)

// Limits of a registration.
const (
	maxCallerID = 64   // bytes
	maxGrants   = 1000 // types, and legal bases
)

// CheckCaller refuses a registration that PutCaller would refuse whoever asks, with everything that is wrong with it.
func CheckCaller(c *Caller) error {
	if problems := checkCaller(c); len(problems) > 0 {
		return &Refusal{ErrInvalid, problems}
	}
	return nil
}

// checkCaller finds everything that is wrong with a registration, at once. A type that it names need not be declared:
// its department declares it afterwards. A caller that issues belongs to a department, whose name its licences bear.
func checkCaller(c *Caller) []Problem {
	var problems []Problem
	if p := checkFree("id", c.ID, maxCallerID); p != nil || c.ID == "" || len(c.ID) > maxCallerID {
		problems = append(problems, problem(CodeCallerID, "id", ""))
	}
	switch {
	case c.Department == "" && len(c.Issues) > 0:
		problems = append(problems, problem(CodeDepartmentMissing, "department", ""))
	case c.Department != "" && code.CheckUSCC(c.Department) != nil:
		problems = append(problems, problem(CodeDepartmentCode, "department", c.Department))
	}
	switch p := checkFree("name", c.Name, 200); {
	case p != nil:
		problems = append(problems, *p)
	case c.Name == "" && c.Department != "":
		problems = append(problems, problem(CodeNameMissing, "name", ""))
	}
	if c.MaxLevel < LevelNone || c.MaxLevel > LevelCertificate {
		problems = append(problems, problem(CodeLevelUnknown, "max_level", strconv.Itoa(int(c.MaxLevel))))
	}
	problems = append(problems, checkGrants("issues", c.Issues, func(s string) *Problem {
		if code.CheckLicenceType(s) == nil {
			return nil
		}
		p := problem(CodeTypeCode, "issues", s)
		return &p
	})...)
	return append(problems, checkGrants("bases", c.Bases, func(s string) *Problem {
		if s == "" {
			p := problem(CodeBasisMissing, "bases", "")
			return &p
		}
		return checkFree("bases", s, 200)
	})...)
}

// checkGrants checks each of a list, and that none stands there twice.
func checkGrants(field string, list []string, check func(string) *Problem) []Problem {
	if len(list) > maxGrants {
		return []Problem{problem(CodeListTooLong, field, strconv.Itoa(len(list)))}
	}
	var problems []Problem
	seen := make(map[string]bool, len(list))
	for _, s := range list {
		switch p := check(s); {
		case p != nil:
			problems = append(problems, *p)
		case seen[s]:
			problems = append(problems, problem(CodeListedTwice, field, s))
		}
		seen[s] = true
	}
	return problems
}

// OnlyGround is by which right a caller asks who has one alone, for an access in which that then stands: the only legal
// basis; without any, that of a department which issues. Who has several, or none, asks by law on no basis, and that is
// refused; so does a caller who is not registered or cannot be read, of whom the access says why.
func (v *Vault) OnlyGround(ctx context.Context, caller string) (Ground, string) {
	var c Caller
	err := v.cfg.Engine.View(ctx, func(r engine.Reader) (err error) {
		c, err = v.callerIn(r, caller)
		return err
	})
	switch {
	case err != nil:
		return GroundLaw, ""
	case len(c.Bases) == 1:
		return GroundLaw, c.Bases[0]
	case len(c.Bases) == 0 && c.Department != "" && len(c.Issues) > 0:
		return GroundIssuer, ""
	}
	return GroundLaw, ""
}

// Registration is what the caller itself is registered for: its types, its legal bases, its strongest login.
func (v *Vault) Registration(ctx context.Context, a Access) (*Caller, error) {
	s, err := v.admit(ctx, a)
	if err != nil {
		return nil, err
	}
	return whole(&s.caller, v.audit(ctx, s, auditNote{act: "registration"}))
}
