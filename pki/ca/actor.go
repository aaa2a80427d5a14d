package ca

import "strings"

// Role is what somebody may do at the register; roles add up. The zero Role may nothing.
type Role uint8

// Roles. RoleEnrol is the window's (受理窗口, RA), RoleApprove the reviewer's (审核员).
const (
	RoleEnrol   Role = 1 << iota // apply, renew, fetch what was issued
	RoleApprove                  // approve and refuse applications
	RoleRevoke                   // suspend, resume, revoke
	RoleOperate                  // adopt, catch up after a restore, record what was published
	RoleInspect                  // search, export, audit trail, sweep
)

// Actor is who does something. The caller has authenticated him; the register judges what he may.
type Actor struct {
	Name  string // unique and lasting: of an officer, a device or a program; stands in the audit
	Roles Role
}

const maxActorBytes = 128

// check refuses an actor without a name or without one of the roles.
func (a Actor) check(role Role) error {
	if a.Name == "" || len(a.Name) > maxActorBytes || !plain(a.Name) {
		return refuse(ErrDenied, ReasonRole, "actor has no usable name")
	}
	if a.Roles&role == 0 {
		return refuse(ErrDenied, ReasonRole, "actor does not have the role")
	}
	return nil
}

// plain tells whether s holds no control characters and no blanks at its ends.
func plain(s string) bool {
	return s == strings.TrimSpace(s) && strings.IndexFunc(s, func(r rune) bool {
		return r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfeff || r == 0xfffd
	}) < 0
}
