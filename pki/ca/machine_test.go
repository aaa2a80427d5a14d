package ca_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

// model is what a register should know, kept in the plainest way.
type model struct {
	o            *office
	applications map[ca.ApplicationID]ca.Stage
	approvals    map[ca.ApplicationID][]string
	certificates map[ca.CertificateID]*modelCertificate
	sequence     uint64
	order        []ca.CertificateID
	waiting      []ca.ApplicationID
}

type modelCertificate struct {
	state    ca.State
	cause    pki.Cause
	since    time.Time
	notAfter time.Time
}

func (m *model) apply(t *rapid.T) {
	a := m.o.apply(m.o.plainServer())
	m.applications[a.ID] = ca.StageApplied
	m.waiting = append(m.waiting, a.ID)
	require.Equal(t, 2, a.Needs)
}

func (m *model) some(t *rapid.T) ca.ApplicationID {
	if len(m.waiting) == 0 {
		t.Skip("no application")
	}
	return rapid.SampledFrom(m.waiting).Draw(t, "application")
}

func (m *model) approve(t *rapid.T) {
	id := m.some(t)
	actor := rapid.SampledFrom([]ca.Actor{
		reviewer, second, {Name: window.Name, Roles: ca.RoleApprove}, {Name: "nobody"},
	}).Draw(t, "actor")
	_, err := m.o.register.Approve(t.Context(), actor, id, "")
	good := m.applications[id] == ca.StageApplied && actor.Roles != 0 && actor.Name != window.Name &&
		!slices.Contains(m.approvals[id], actor.Name)
	if !good {
		require.NotEmpty(t, ca.ReasonOf(err))
		return
	}
	require.NoError(t, err)
	m.approvals[id] = append(m.approvals[id], actor.Name)
	if len(m.approvals[id]) == 2 {
		m.applications[id] = ca.StageApproved
	}
}

func (m *model) finish(t *rapid.T) {
	id := m.some(t)
	open := m.applications[id] == ca.StageApplied || m.applications[id] == ca.StageApproved
	var err error
	to := ca.StageRefused
	if rapid.Bool().Draw(t, "withdraw") {
		to = ca.StageWithdrawn
		_, err = m.o.register.Withdraw(t.Context(), window, id, "x")
	} else {
		_, err = m.o.register.Refuse(t.Context(), reviewer, id, "x")
	}
	if !open {
		require.Equal(t, ca.ReasonStage, ca.ReasonOf(err))
		return
	}
	require.NoError(t, err)
	m.applications[id] = to
}

func (m *model) issue(t *rapid.T) {
	id := m.some(t)
	c, err := m.o.register.Issue(t.Context(), window, id, nil)
	switch m.applications[id] {
	case ca.StageApproved:
		require.NoError(t, err)
		require.NotContains(t, m.certificates, c.Certificate.ID)
		leaf, err := c.Certificate.Certificate()
		require.NoError(t, err)
		m.applications[id] = ca.StageIssued
		m.certificates[c.Certificate.ID] = &modelCertificate{
			state: ca.StateValid, since: m.o.clock.now(), notAfter: leaf.NotAfter,
		}
		m.order = append(m.order, c.Certificate.ID)
	case ca.StageIssued:
		require.NoError(t, err)
		require.Contains(t, m.certificates, c.Certificate.ID)
	default:
		require.Equal(t, ca.ReasonNotApproved, ca.ReasonOf(err))
	}
}

func (m *model) change(t *rapid.T) {
	if len(m.order) == 0 {
		t.Skip("no certificate")
	}
	id := rapid.SampledFrom(m.order).Draw(t, "certificate")
	c := m.certificates[id]
	change := ca.Change{
		ID: id, Note: "x", To: rapid.SampledFrom([]ca.State{ca.StateValid, ca.StateHeld, ca.StateRevoked}).Draw(t, "to"),
	}
	if change.To == ca.StateRevoked {
		change.Cause = rapid.SampledFrom([]pki.Cause{pki.CauseSuperseded, pki.CauseKeyCompromise}).Draw(t, "cause")
	}
	outcome := m.o.register.ChangeAll(t.Context(), revoker, []ca.Change{change})[0]
	if !c.may(change, m.o.clock.now()) {
		require.Equal(t, ca.ReasonState, ca.ReasonOf(outcome.Err))
		return
	}
	require.NoError(t, outcome.Err)
	if c.state == ca.StateValid || change.To == ca.StateValid {
		c.since = m.o.clock.now()
	}
	c.state, c.cause = change.To, change.Cause
	if c.state == ca.StateHeld {
		c.cause = pki.CauseCertificateHold
	}
	m.sequence++
	require.Equal(t, m.sequence, outcome.Status.Sequence)
}

func (c *modelCertificate) may(change ca.Change, at time.Time) bool {
	switch c.state {
	case ca.StateValid:
		return change.To == ca.StateRevoked || change.To == ca.StateHeld && !at.After(c.notAfter)
	case ca.StateHeld:
		return change.To != ca.StateHeld
	default:
		return change.To == ca.StateRevoked && change.Cause == pki.CauseKeyCompromise && c.cause != pki.CauseKeyCompromise
	}
}

// check holds the register against the model.
func (m *model) check(t *rapid.T) {
	ctx := t.Context()
	issuer := m.o.issuing.KeyID()
	revoked := make(map[ca.Serial]ca.State)
	sequence, err := m.o.register.Revoked(ctx, issuer, func(v ca.Revocation) bool {
		revoked[v.Serial] = v.State
		return true
	})
	require.NoError(t, err)
	require.Equal(t, m.sequence, sequence)
	for id, c := range m.certificates {
		s, err := m.o.register.Status(ctx, id)
		require.NoError(t, err)
		require.Equal(t, c.state, s.State)
		require.Equal(t, c.cause, s.Cause)
		require.Equal(t, c.since, s.At)
		if c.state == ca.StateValid {
			require.NotContains(t, revoked, id.Serial)
		} else {
			require.Equal(t, c.state, revoked[id.Serial])
			delete(revoked, id.Serial)
		}
	}
	require.Empty(t, revoked)
	for id, stage := range m.applications {
		a, err := m.o.register.Application(ctx, id)
		require.NoError(t, err)
		require.Equal(t, stage, a.Stage)
	}
	for _, stage := range []ca.Stage{ca.StageApplied, ca.StageApproved} {
		n := 0
		require.NoError(t, m.o.register.Work(ctx, auditor, stage, ca.ApplicationID{}, func(a *ca.Application) bool {
			require.Equal(t, stage, m.applications[a.ID])
			n++
			return true
		}))
		want := 0
		for _, s := range m.applications {
			if s == stage {
				want++
			}
		}
		require.Equal(t, want, n)
	}
}

// Row A55: the life cycle as a state machine, against the plainest model of it, over restarts.
func TestMachine_A55(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := &model{
			applications: make(map[ca.ApplicationID]ca.Stage), approvals: make(map[ca.ApplicationID][]string),
			certificates: make(map[ca.CertificateID]*modelCertificate),
		}
		m.o = openOffice(t, memory.New(), func(c *ca.RegisterConfig) {
			c.Policy.Approvals = map[string]int{ca.ProfileServer: 2}
		})
		rt.Repeat(map[string]func(*rapid.T){
			"apply": m.apply, "approve": m.approve, "finish": m.finish, "issue": m.issue, "change": m.change,
			"wait": func(rt *rapid.T) {
				m.o.clock.add(time.Duration(rapid.IntRange(1, 200).Draw(rt, "days")) * 24 * time.Hour)
			},
			"restart": func(*rapid.T) { m.o.reopen() },
			"":        m.check,
		})
		m.o.check()
	})
}
