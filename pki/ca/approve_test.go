package ca_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/pki/ca"
)

// Row A56: what a window saw of an applicant is part of the application; without it there is none.
func TestWindowEnrolment_A56(t *testing.T) {
	o := newOffice(t)
	e := o.enrolment(ca.ProfilePerson)
	a := o.apply(e)
	require.Equal(t, ca.StageApplied, a.Stage)
	stored, err := o.register.Application(t.Context(), a.ID)
	require.NoError(t, err)
	require.Equal(t, a, stored)
	require.Equal(t, e.Evidence, stored.Enrolment.Evidence)
	require.Equal(t, window.Name, stored.Applicant)

	for name, bend := range map[string]func(*ca.Evidence){
		"no document": func(v *ca.Evidence) { v.Document = "" }, "nobody saw it": func(v *ca.Evidence) { v.SeenBy = "" },
		"nowhere": func(v *ca.Evidence) { v.Window = "" }, "no time": func(v *ca.Evidence) { v.SeenAt = time.Time{} },
	} {
		e := o.enrolment(ca.ProfilePerson)
		bend(&e.Evidence[0])
		_, err := o.register.Apply(t.Context(), window, ca.ApplicationID{}, e)
		require.Equal(t, ca.ReasonEvidence, ca.ReasonOf(err), name)
	}
	e = o.enrolment(ca.ProfilePerson)
	e.Evidence = nil
	_, err = o.register.Apply(t.Context(), window, ca.ApplicationID{}, e)
	require.Equal(t, ca.ReasonEvidence, ca.ReasonOf(err))
	o.check()
}

// Row A56: two persons approve, neither of them the one who applied.
func TestTwoPersonRule_A56(t *testing.T) {
	ctx := t.Context()
	o := newOffice(t)
	a := o.apply(o.enrolment(ca.ProfileSeal))
	require.Equal(t, 2, a.Needs)
	both := ca.Actor{Name: window.Name, Roles: ca.RoleEnrol | ca.RoleApprove}
	_, err := o.register.Approve(ctx, both, a.ID, "")
	require.Equal(t, ca.ReasonSameActor, ca.ReasonOf(err), "applicant")
	require.ErrorIs(t, err, ca.ErrDenied)
	a, err = o.register.Approve(ctx, reviewer, a.ID, "材料齐全")
	require.NoError(t, err)
	require.Equal(t, ca.StageApplied, a.Stage)
	_, err = o.register.Approve(ctx, reviewer, a.ID, "")
	require.Equal(t, ca.ReasonSameActor, ca.ReasonOf(err), "the same again")
	_, err = o.register.Issue(ctx, window, a.ID, nil)
	require.Equal(t, ca.ReasonNotApproved, ca.ReasonOf(err))
	a, err = o.register.Approve(ctx, second, a.ID, "同意")
	require.NoError(t, err)
	require.Equal(t, ca.StageApproved, a.Stage)
	_, err = o.register.Approve(ctx, ca.Actor{Name: "third", Roles: ca.RoleApprove}, a.ID, "")
	require.Equal(t, ca.ReasonStage, ca.ReasonOf(err))
	_, err = o.register.Issue(ctx, window, a.ID, nil)
	require.NoError(t, err)

	refusals := 0
	require.NoError(t, o.register.AuditTrail(ctx, auditor, 1, func(e ca.AuditEntry) bool {
		if e.Refused {
			refusals++
			require.NotEmpty(t, e.Note)
		}
		return true
	}))
	require.Equal(t, 4, refusals, "refusals are in the audit")
}

// Policy decides how many approve; authorities need one in any case.
func TestApprovalsByPolicy(t *testing.T) {
	ctx := t.Context()
	o := openOffice(t, memory.New(), func(c *ca.RegisterConfig) {
		c.Policy.Approvals = map[string]int{ca.ProfileServer: 0, ca.ProfileIssuing: 0, ca.ProfilePerson: 2}
	})
	c, err := o.register.Enrol(ctx, window, ca.ApplicationID{}, o.enrolment(ca.ProfileServer))
	require.NoError(t, err)
	require.NotNil(t, c.Twin)
	_, err = o.register.Enrol(ctx, window, ca.ApplicationID{}, o.enrolment(ca.ProfileIssuing))
	require.Equal(t, ca.ReasonNotApproved, ca.ReasonOf(err))
	require.Equal(t, 2, o.apply(o.enrolment(ca.ProfilePerson)).Needs)
	_, err = o.register.Enrol(ctx, window, ca.ApplicationID{}, o.enrolment(ca.ProfilePerson))
	require.Equal(t, ca.ReasonNotApproved, ca.ReasonOf(err))
	e := o.enrolment(ca.ProfileServer)
	e.CSR = nil
	_, err = o.register.Enrol(ctx, window, ca.ApplicationID{}, e)
	require.Equal(t, ca.ReasonMalformed, ca.ReasonOf(err))
	o.check()
}

func TestApplyIsIdempotent(t *testing.T) {
	ctx := t.Context()
	o := newOffice(t)
	id, err := o.register.NewApplicationID()
	require.NoError(t, err)
	e := o.enrolment(ca.ProfilePerson)
	first, err := o.register.Apply(ctx, window, id, e)
	require.NoError(t, err)
	o.approve(first)
	again, err := o.register.Apply(ctx, window, id, e)
	require.NoError(t, err)
	require.Equal(t, ca.StageApproved, again.Stage, "as it stands")
	e.Subject.CommonName = "李小红"
	_, err = o.register.Apply(ctx, window, id, e)
	require.Equal(t, ca.ReasonReused, ca.ReasonOf(err))
	require.ErrorIs(t, err, ca.ErrConflict)
	o.check()
}

func TestApplyRefuses(t *testing.T) {
	o := newOffice(t)
	taken := o.enrolment(ca.ProfileDepartment)
	taken.Twin = false
	o.issue(taken)
	for name, test := range map[string]struct {
		profile string
		change  func(*ca.Enrolment)
		want    ca.Reason
	}{
		"unknown profile":          {ca.ProfileServer, func(e *ca.Enrolment) { e.Profile = "x" }, ca.ReasonProfile},
		"root":                     {ca.ProfileServer, func(e *ca.Enrolment) { e.Profile = ca.ProfileRoot }, ca.ReasonProfile},
		"encryption alone":         {ca.ProfilePerson, func(e *ca.Enrolment) { e.Profile = ca.ProfilePersonEncryption }, ca.ReasonProfile},
		"no pair of a seal maker":  {ca.ProfileSealMaker, func(e *ca.Enrolment) { e.Twin = true }, ca.ReasonTwin},
		"unknown issuer":           {ca.ProfileServer, func(e *ca.Enrolment) { e.Issuer = ca.KeyID{1} }, ca.ReasonIssuer},
		"root for a server":        {ca.ProfileServer, func(e *ca.Enrolment) { e.Issuer = o.root.KeyID() }, ca.ReasonIssuer},
		"issuing for an authority": {ca.ProfileIssuing, func(e *ca.Enrolment) { e.Issuer = o.issuing.KeyID() }, ca.ReasonIssuer},
		"bad request":              {ca.ProfileServer, func(e *ca.Enrolment) { e.CSR = []byte("x") }, ca.ReasonMalformed},
		"somebody's key":           {ca.ProfileServer, func(e *ca.Enrolment) { e.CSR = taken.CSR }, ca.ReasonDuplicateKey},
		"key for another use":      {ca.ProfileSeal, func(e *ca.Enrolment) { e.CSR = taken.CSR }, ca.ReasonDuplicateKey},
		"the same key again":       {ca.ProfileDepartment, func(e *ca.Enrolment) { e.CSR = taken.CSR }, ca.ReasonDuplicateKey},
		"wrong code":               {ca.ProfileDepartment, func(e *ca.Enrolment) { e.Holder.USCC = "113500000000100A8G" }, ca.ReasonLint},
		"no code":                  {ca.ProfilePerson, func(e *ca.Enrolment) { e.Holder = ca.Identity{} }, ca.ReasonLint},
		"no name":                  {ca.ProfileServer, func(e *ca.Enrolment) { e.Subject = ca.Name{} }, ca.ReasonLint},
		"no host":                  {ca.ProfileServer, func(e *ca.Enrolment) { e.DNSNames = nil }, ca.ReasonLint},
		"renews nothing known":     {ca.ProfileServer, func(e *ca.Enrolment) { e.Renews.Serial[0] = 1 }, ca.ReasonUnknown},
		"too many hosts": {ca.ProfileServer, func(e *ca.Enrolment) {
			e.DNSNames = make([]string, 101)
			for i := range e.DNSNames {
				e.DNSNames[i] = fmt.Sprintf("host-%d.example.cn", i)
			}
		}, ca.ReasonLint},
		"much too large": {ca.ProfilePerson, func(e *ca.Enrolment) {
			for range 15 {
				v := e.Evidence[0]
				v.Document = strings.Repeat("x", 2000)
				e.Evidence = append(e.Evidence, v)
			}
		}, ca.ReasonTooLarge},
		"too many documents": {ca.ProfilePerson, func(e *ca.Enrolment) {
			e.Evidence = append(e.Evidence, make([]ca.Evidence, 16)...)
		}, ca.ReasonTooLarge},
		"control in evidence": {ca.ProfilePerson, func(e *ca.Enrolment) { e.Evidence[0].Holder = "a\x00" }, ca.ReasonMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			e := o.enrolment(test.profile)
			e.Twin = false
			test.change(&e)
			a, err := o.register.Apply(t.Context(), window, ca.ApplicationID{}, e)
			require.Equal(t, test.want, ca.ReasonOf(err), "%v", err)
			require.Nil(t, a)
			require.NotContains(t, err.Error(), citizen)
		})
	}
	require.NoError(t, o.register.Work(t.Context(), window, ca.StageApplied, ca.ApplicationID{}, func(*ca.Application) bool {
		require.Fail(t, "something was left")
		return false
	}))
	o.check()
}

func TestRoles(t *testing.T) {
	ctx := t.Context()
	o := newOffice(t)
	c := o.issue(o.enrolment(ca.ProfileServer))
	a := o.apply(o.enrolment(ca.ProfileServer))
	id := c.Certificate.ID
	all := ca.RoleEnrol | ca.RoleApprove | ca.RoleRevoke | ca.RoleOperate | ca.RoleInspect
	acts := map[string]struct {
		needs ca.Role
		do    func(actor ca.Actor) error
	}{
		"apply": {ca.RoleEnrol, func(x ca.Actor) error {
			_, err := o.register.Apply(ctx, x, ca.ApplicationID{}, o.enrolment(ca.ProfileServer))
			return err
		}},
		"enrol": {ca.RoleEnrol, func(x ca.Actor) error {
			_, err := o.register.Enrol(ctx, x, ca.ApplicationID{}, o.enrolment(ca.ProfileServer))
			return err
		}},
		"issue":    {ca.RoleEnrol, func(x ca.Actor) error { _, err := o.register.Issue(ctx, x, a.ID, nil); return err }},
		"fetch":    {ca.RoleEnrol, func(x ca.Actor) error { _, err := o.register.Fetch(ctx, x, a.ID); return err }},
		"approve":  {ca.RoleApprove, func(x ca.Actor) error { _, err := o.register.Approve(ctx, x, a.ID, ""); return err }},
		"refuse":   {ca.RoleApprove, func(x ca.Actor) error { _, err := o.register.Refuse(ctx, x, a.ID, "x"); return err }},
		"withdraw": {ca.RoleEnrol, func(x ca.Actor) error { _, err := o.register.Withdraw(ctx, x, a.ID, "x"); return err }},
		"revoke":   {ca.RoleRevoke, func(x ca.Actor) error { _, err := o.register.Revoke(ctx, x, id, 0, "x"); return err }},
		"suspend":  {ca.RoleRevoke, func(x ca.Actor) error { _, err := o.register.Suspend(ctx, x, id, "x"); return err }},
		"resume":   {ca.RoleRevoke, func(x ca.Actor) error { _, err := o.register.Resume(ctx, x, id, "x"); return err }},
		"block":    {ca.RoleRevoke, func(x ca.Actor) error { return o.register.BlockKeys(ctx, x, "x") }},
		"search": {ca.RoleInspect | ca.RoleRevoke, func(x ca.Actor) error {
			_, err := o.register.Search(ctx, x, ca.Query{USCC: farmUSCC})
			return err
		}},
		"work": {ca.RoleEnrol | ca.RoleApprove | ca.RoleInspect, func(x ca.Actor) error {
			return o.register.Work(ctx, x, ca.StageApplied, ca.ApplicationID{}, func(*ca.Application) bool { return true })
		}},
		"radar":    {ca.RoleInspect | ca.RoleEnrol, func(x ca.Actor) error { _, err := o.register.Radar(ctx, x, 1); return err }},
		"export":   {ca.RoleInspect, func(x ca.Actor) error { return o.register.Export(ctx, x, id.Issuer, 0, nil) }},
		"sweep":    {ca.RoleInspect, func(x ca.Actor) error { _, err := o.register.Sweep(ctx, x, id.Issuer, nil); return err }},
		"audit":    {ca.RoleInspect, func(x ca.Actor) error { return o.register.AuditTrail(ctx, x, 1, nil) }},
		"restored": {ca.RoleOperate, func(x ca.Actor) error { return o.register.MarkRestored(ctx, x) }},
		"catch-up": {ca.RoleOperate, func(x ca.Actor) error { return o.register.CatchUp(ctx, x, ca.Published{Note: "x"}) }},
		"crl":      {ca.RoleOperate, func(x ca.Actor) error { return o.register.RecordCRL(ctx, x, id.Issuer, ca.CRLRecord{}) }},
	}
	for name, act := range acts {
		for who, actor := range map[string]ca.Actor{
			"no role": {Name: "x"}, "all others": {Name: "x", Roles: all &^ act.needs}, "nameless": {Roles: all},
			"strange name": {Name: "a\nb", Roles: all}, "zero": {},
		} {
			err := act.do(actor)
			require.ErrorIs(t, err, ca.ErrDenied, "%s by %s", name, who)
			require.Equal(t, ca.ReasonRole, ca.ReasonOf(err), "%s by %s", name, who)
		}
	}
	status, err := o.register.Status(ctx, id)
	require.NoError(t, err)
	require.Equal(t, ca.StateValid, status.State)
	o.check()
}

func TestRefuseAndWithdraw(t *testing.T) {
	ctx := t.Context()
	o := newOffice(t)
	a := o.approve(o.apply(o.enrolment(ca.ProfileServer)))
	_, err := o.register.Refuse(ctx, reviewer, a.ID, "")
	require.Equal(t, ca.ReasonMissingNote, ca.ReasonOf(err))
	a, err = o.register.Refuse(ctx, reviewer, a.ID, "材料不符")
	require.NoError(t, err)
	require.Equal(t, ca.StageRefused, a.Stage)
	_, err = o.register.Issue(ctx, window, a.ID, nil)
	require.Equal(t, ca.ReasonNotApproved, ca.ReasonOf(err))
	_, err = o.register.Fetch(ctx, window, a.ID)
	require.Equal(t, ca.ReasonStage, ca.ReasonOf(err))

	b := o.apply(o.enrolment(ca.ProfileServer))
	_, err = o.register.Withdraw(ctx, ca.Actor{Name: "window-4", Roles: ca.RoleEnrol}, b.ID, "撤回")
	require.Equal(t, ca.ReasonSameActor, ca.ReasonOf(err))
	b, err = o.register.Withdraw(ctx, window, b.ID, "申请人撤回")
	require.NoError(t, err)
	require.Equal(t, ca.StageWithdrawn, b.Stage)
	_, err = o.register.Approve(ctx, reviewer, b.ID, "")
	require.Equal(t, ca.ReasonStage, ca.ReasonOf(err))
	_, err = o.register.Approve(ctx, reviewer, ca.ApplicationID{1}, "")
	require.Equal(t, ca.ReasonUnknown, ca.ReasonOf(err))
	_, err = o.register.Approve(ctx, reviewer, b.ID, "a\x00")
	require.Equal(t, ca.ReasonMalformed, ca.ReasonOf(err))
	o.check()
}

// A token makes its key when its holder fetches the certificate: the request comes when it is issued.
func TestRequestComesLater(t *testing.T) {
	ctx := t.Context()
	o := newOffice(t)
	e := o.enrolment(ca.ProfilePerson)
	csr := e.CSR
	e.CSR = nil
	a := o.approve(o.apply(e))
	_, err := o.register.Issue(ctx, window, a.ID, nil)
	require.Equal(t, ca.ReasonMalformed, ca.ReasonOf(err))
	c, err := o.register.Issue(ctx, window, a.ID, csr)
	require.NoError(t, err)
	require.NotNil(t, c.Twin)
	again, err := o.register.Fetch(ctx, window, a.ID)
	require.NoError(t, err)
	require.Equal(t, c, again)

	b := o.approve(o.apply(o.enrolment(ca.ProfileServer)))
	_, err = o.register.Issue(ctx, window, b.ID, csr)
	require.Equal(t, ca.ReasonMalformed, ca.ReasonOf(err), "two requests")
	o.check()
}

// Without the key management centre no pair is issued, and none of it remains.
func TestEncryptionKeyFails(t *testing.T) {
	ctx := t.Context()
	o := newOffice(t)
	a := o.approve(o.apply(o.enrolment(ca.ProfilePerson)))
	o.centre.err = errors.New("centre is closed")
	_, err := o.register.Issue(ctx, window, a.ID, nil)
	require.ErrorIs(t, err, o.centre.err)
	found, err := o.register.Search(ctx, auditor, ca.Query{CitizenNumber: citizen})
	require.NoError(t, err)
	require.Empty(t, found)
	o.centre.err = nil
	_, err = o.register.Issue(ctx, window, a.ID, nil)
	require.NoError(t, err)
	found, err = o.register.Search(ctx, auditor, ca.Query{CitizenNumber: citizen})
	require.NoError(t, err)
	require.Len(t, found, 2)
	o.check()
}

// Whoever prints an application prints no numbers of people.
func TestIdentityIsHidden(t *testing.T) {
	o := newOffice(t)
	a := o.apply(o.enrolment(ca.ProfilePerson))
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "application", a, "holder", a.Enrolment.Holder)
	for _, text := range []string{
		fmt.Sprintf("%v %+v %#v", a, a, a), fmt.Sprintf("%v %+v", a.Enrolment.Holder, a.Enrolment.Evidence), log.String(),
	} {
		require.NotContains(t, text, citizen)
		require.NotContains(t, text, "no. 12")
	}
}
