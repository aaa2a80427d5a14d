package ca_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

// plainServer is the cheapest enrolment there is.
func (o *office) plainServer() ca.Enrolment {
	e := o.enrolment(ca.ProfileServer)
	e.Twin = false
	return e
}

// Row A55: the table of transitions, each pair of states.
func TestTransitions_A55(t *testing.T) {
	ctx := t.Context()
	reach := map[ca.State][]ca.Change{
		ca.StateValid: nil, ca.StateHeld: {{To: ca.StateHeld}},
		ca.StateRevoked: {{To: ca.StateRevoked, Cause: pki.CauseSuperseded}},
	}
	allowed := map[[2]ca.State]bool{
		{ca.StateValid, ca.StateHeld}: true, {ca.StateValid, ca.StateRevoked}: true,
		{ca.StateHeld, ca.StateValid}: true, {ca.StateHeld, ca.StateRevoked}: true,
	}
	o := newOffice(t)
	for from, way := range reach {
		for _, to := range []ca.State{ca.StateNone, ca.StateValid, ca.StateHeld, ca.StateRevoked, 9} {
			id := o.issue(o.plainServer()).Certificate.ID
			for _, c := range way {
				c.ID, c.Note = id, "x"
				require.NoError(t, o.register.ChangeAll(ctx, revoker, []ca.Change{c})[0].Err)
			}
			outcome := o.register.ChangeAll(ctx, revoker, []ca.Change{{ID: id, To: to, Note: "x"}})[0]
			now, err := o.register.Status(ctx, id)
			require.NoError(t, err)
			if allowed[[2]ca.State{from, to}] {
				require.NoError(t, outcome.Err)
				require.Equal(t, to, now.State)
				require.Equal(t, now, outcome.Status)
				continue
			}
			require.Error(t, outcome.Err, "%v to %v", from, to)
			require.NotEmpty(t, ca.ReasonOf(outcome.Err))
			require.Zero(t, outcome.Status)
			require.Equal(t, from, now.State)
		}
	}
	o.check()
}

func TestRevokeDates(t *testing.T) {
	ctx := t.Context()
	o := newOffice(t)
	id := o.issue(o.plainServer()).Certificate.ID
	o.clock.add(24 * time.Hour)
	feared := o.clock.now().Add(-2 * time.Hour)
	change := func(c ca.Change) ca.Outcome {
		c.ID, c.Note = id, "密钥疑似泄露"
		return o.register.ChangeAll(ctx, revoker, []ca.Change{c})[0]
	}
	refused := func(want ca.Reason, c ca.Change) {
		t.Helper()
		require.Equal(t, want, ca.ReasonOf(change(c).Err))
	}
	refused(ca.ReasonDate, ca.Change{To: ca.StateRevoked, Invalid: o.clock.now().Add(time.Second)})
	refused(ca.ReasonDate, ca.Change{To: ca.StateRevoked, Invalid: o.clock.now().AddDate(-1, 0, 0)})
	refused(ca.ReasonMalformed, ca.Change{To: ca.StateHeld, Invalid: feared})
	refused(ca.ReasonMalformed, ca.Change{To: ca.StateHeld, Cause: pki.CauseKeyCompromise})
	for _, cause := range []pki.Cause{
		pki.CauseCertificateHold, pki.CauseRemoveFromCRL, pki.CauseAACompromise, pki.CauseCACompromise, 7, 11,
	} {
		refused(ca.ReasonMalformed, ca.Change{To: ca.StateRevoked, Cause: cause})
	}
	_, err := o.register.Revoke(ctx, revoker, id, 0, "")
	require.Equal(t, ca.ReasonMissingNote, ca.ReasonOf(err))
	_, err = o.register.Revoke(ctx, revoker, ca.CertificateID{Issuer: id.Issuer}, 0, "x")
	require.Equal(t, ca.ReasonUnknown, ca.ReasonOf(err))

	held := change(ca.Change{To: ca.StateHeld})
	require.NoError(t, held.Err)
	o.clock.add(time.Hour)
	first := change(ca.Change{To: ca.StateRevoked, Cause: pki.CauseAffiliationChanged})
	require.NoError(t, first.Err)
	require.Equal(t, held.Status.At, first.Status.At, "out of use since the hold")

	// A revoked certificate may only get worse.
	refused(ca.ReasonState, ca.Change{To: ca.StateRevoked, Cause: pki.CauseSuperseded})
	worse := change(ca.Change{To: ca.StateRevoked, Cause: pki.CauseKeyCompromise, Invalid: feared})
	require.NoError(t, worse.Err)
	require.Equal(t, held.Status.At, worse.Status.At)
	require.Equal(t, feared, worse.Status.Invalid)
	refused(ca.ReasonState, ca.Change{To: ca.StateRevoked, Cause: pki.CauseKeyCompromise, Invalid: feared})
	refused(ca.ReasonState, ca.Change{To: ca.StateRevoked, Cause: pki.CauseKeyCompromise, Invalid: feared.Add(time.Minute)})
	refused(ca.ReasonState, ca.Change{To: ca.StateRevoked, Cause: pki.CauseKeyCompromise})
	earlier := change(ca.Change{To: ca.StateRevoked, Cause: pki.CauseKeyCompromise, Invalid: feared.Add(-time.Hour)})
	require.NoError(t, earlier.Err)
	require.Equal(t, feared.Add(-time.Hour), earlier.Status.Invalid)
	o.check()
}

// After its end a certificate can be revoked, not put on hold, and stays listed as long as policy says.
func TestExpired(t *testing.T) {
	ctx := t.Context()
	o := openOffice(t, memory.New(), func(c *ca.RegisterConfig) { c.Policy.KeepExpired = 30 * 24 * time.Hour })
	id := o.issue(o.plainServer()).Certificate.ID
	o.clock.add(366 * 24 * time.Hour)
	_, err := o.register.Suspend(ctx, revoker, id, "x")
	require.Equal(t, ca.ReasonState, ca.ReasonOf(err))
	status, err := o.register.Revoke(ctx, revoker, id, pki.CauseKeyCompromise, "x")
	require.NoError(t, err)
	listed := func() int {
		list, _, err := o.register.RevokedInShard(ctx, id.Issuer, status.Shard)
		require.NoError(t, err)
		n := 0
		_, err = o.register.Revoked(ctx, id.Issuer, func(ca.Revocation) bool { n++; return true })
		require.NoError(t, err)
		require.Len(t, list, n)
		return n
	}
	full := func(sequence uint64) {
		number, err := o.register.BeginCRL(ctx, id.Issuer)
		require.NoError(t, err)
		require.NoError(t, o.register.RecordCRL(ctx, operator, id.Issuer, ca.CRLRecord{
			Number: number, Scope: ca.CRLScope{Kind: ca.CRLFull}, Sequence: sequence, ThisUpdate: o.clock.now(),
			NextUpdate: o.clock.now().Add(time.Hour),
		}))
	}
	require.Equal(t, 1, listed())
	o.clock.add(60 * 24 * time.Hour)
	require.Equal(t, 1, listed(), "there is no full CRL")
	full(status.Sequence - 1)
	require.Equal(t, 1, listed(), "the full CRL has not held it")
	full(status.Sequence)
	require.Zero(t, listed())
	o.check()
}

// A key that was compromised is never certified again.
func TestCompromisedKeyIsBlocked(t *testing.T) {
	ctx := t.Context()
	o := openOffice(t, memory.New(), func(c *ca.RegisterConfig) { c.Policy.ReuseKey = true })
	e := o.plainServer()
	id := o.issue(e).Certificate.ID
	again := o.issue(e).Certificate.ID // policy allows the same key to the same holder
	public, err := ca.ParseRequest(e.CSR)
	require.NoError(t, err)
	q := ca.Query{Key: ca.KeyDigest(public)}
	found, err := o.register.Search(ctx, auditor, q)
	require.NoError(t, err)
	require.Len(t, found, 2, "all certificates of the key")
	require.Equal(t, []ca.CertificateID{id, again}, []ca.CertificateID{found[0].ID, found[1].ID})
	q.After = again
	found, err = o.register.Search(ctx, auditor, q)
	require.NoError(t, err)
	require.Empty(t, found)
	stranger := e
	stranger.Subject.CommonName = "another.example.cn"
	_, err = o.register.Apply(ctx, window, ca.ApplicationID{}, stranger)
	require.Equal(t, ca.ReasonDuplicateKey, ca.ReasonOf(err), "and to nobody else")
	_, err = o.register.Revoke(ctx, revoker, id, pki.CauseKeyCompromise, "私钥泄露")
	require.NoError(t, err)
	_, err = o.register.Apply(ctx, window, ca.ApplicationID{}, e)
	require.Equal(t, ca.ReasonDuplicateKey, ca.ReasonOf(err))

	key := newKey(t)
	public, err = pki.PublicKeyOf(key.Public())
	require.NoError(t, err)
	require.NoError(t, o.register.BlockKeys(ctx, revoker, "公开仓库中发现", ca.KeyDigest(public)))
	require.Equal(t, ca.ReasonMissingNote, ca.ReasonOf(o.register.BlockKeys(ctx, revoker, "")))
	other := o.plainServer()
	other.CSR = newCSR(t, key)
	_, err = o.register.Apply(ctx, window, ca.ApplicationID{}, other)
	require.ErrorIs(t, err, ca.ErrKey)

	// A key that is blocked between application and issue is not certified either.
	third := o.plainServer()
	a := o.approve(o.apply(third))
	public, err = ca.ParseRequest(third.CSR)
	require.NoError(t, err)
	require.NoError(t, o.register.BlockKeys(ctx, revoker, "x", ca.KeyDigest(public)))
	_, err = o.register.Issue(ctx, window, a.ID, nil)
	require.ErrorIs(t, err, ca.ErrKey)
	o.check()
}

// Many changes at once: each stands for itself.
func TestBulk(t *testing.T) {
	ctx := t.Context()
	o := openOffice(t, memory.New(), func(c *ca.RegisterConfig) { c.Policy.Approvals = map[string]int{ca.ProfileServer: 0} })
	var changes []ca.Change
	for range 300 {
		c, err := o.register.Enrol(ctx, window, ca.ApplicationID{}, o.plainServer())
		require.NoError(t, err)
		changes = append(changes, ca.Change{ID: c.Certificate.ID, To: ca.StateRevoked, Cause: pki.CauseCessationOfOperation, Note: "机构撤销"})
	}
	changes = append(changes, changes[0], ca.Change{To: ca.StateRevoked, Note: "x"})
	outcomes := o.register.ChangeAll(ctx, revoker, changes)
	for i, outcome := range outcomes {
		if i < 300 {
			require.NoError(t, outcome.Err)
			require.Equal(t, uint64(i+1), outcome.Status.Sequence)
		}
	}
	require.Equal(t, ca.ReasonState, ca.ReasonOf(outcomes[300].Err), "the second time")
	require.Equal(t, ca.ReasonUnknown, ca.ReasonOf(outcomes[301].Err))
	list, last, err := o.register.ChangedSince(ctx, changes[0].ID.Issuer, 100, 1000)
	require.NoError(t, err)
	require.Len(t, list, 200)
	require.Equal(t, uint64(300), last)
	_, _, err = o.register.ChangedSince(ctx, changes[0].ID.Issuer, 100, 199)
	require.ErrorIs(t, err, ca.ErrTooMany)
	o.check()
}

// Certificates fill one shard after the other, and none holds more than its bound.
func TestShards(t *testing.T) {
	require.Equal(t, uint32(0), ca.ShardOf(ca.ShardSize-1))
	require.Equal(t, uint32(1), ca.ShardOf(ca.ShardSize))
	a := ca.Addresses{Base: base, Issuer: ca.KeyID{0xab}}
	require.Equal(t, base+"/crl/ab00000000000000000000000000000000000000/7.crl", a.Shard(7))
	shard, ok := a.ParseShard(a.Shard(4294967295))
	require.True(t, ok)
	require.Equal(t, uint32(4294967295), shard)
	for _, bad := range []string{"", a.Delta(), a.Shard(7) + "x", a.Base + "/crl/" + a.Issuer.String() + "/07.crl", a.Shard(7)[1:]} {
		_, ok := a.ParseShard(bad)
		require.False(t, ok, bad)
	}
}

func TestCRLNumbers(t *testing.T) {
	ctx := t.Context()
	o := newOffice(t)
	issuer := o.issuing.KeyID()
	full := ca.CRLScope{Kind: ca.CRLFull}
	_, err := o.register.LastCRL(ctx, issuer, full)
	require.ErrorIs(t, err, ca.ErrNotFound)
	_, err = o.register.BeginCRL(ctx, ca.KeyID{})
	require.ErrorIs(t, err, ca.ErrNotFound)
	for want := uint64(1); want <= 3; want++ {
		number, err := o.register.BeginCRL(ctx, issuer)
		require.NoError(t, err)
		require.Equal(t, want, number)
	}
	put := func(c ca.CRLRecord) error {
		c.ThisUpdate, c.NextUpdate = o.clock.now(), o.clock.now().Add(time.Hour)
		return o.register.RecordCRL(ctx, operator, issuer, c)
	}
	require.NoError(t, put(ca.CRLRecord{Number: 2, Scope: full, Sequence: 5}))
	require.NoError(t, put(ca.CRLRecord{Number: 2, Scope: ca.CRLScope{Kind: ca.CRLDelta}, Base: 1, Sequence: 5}))
	require.NoError(t, put(ca.CRLRecord{Number: 1, Scope: ca.CRLScope{Kind: ca.CRLShard, Shard: 3}}))
	for name, c := range map[string]ca.CRLRecord{
		"not begun":     {Number: 4, Scope: full, Sequence: 5},
		"zero":          {Scope: full, Sequence: 5},
		"again":         {Number: 2, Scope: full, Sequence: 5},
		"backwards":     {Number: 1, Scope: full, Sequence: 5},
		"knows less":    {Number: 3, Scope: full, Sequence: 4},
		"shard of full": {Number: 3, Scope: ca.CRLScope{Kind: ca.CRLFull, Shard: 1}, Sequence: 5},
		"no kind":       {Number: 3, Sequence: 5},
		"strange kind":  {Number: 3, Scope: ca.CRLScope{Kind: 4}, Sequence: 5},
	} {
		require.NotEmpty(t, ca.ReasonOf(put(c)), name)
	}
	o.clock.add(-time.Hour)
	require.ErrorIs(t, put(ca.CRLRecord{Number: 3, Scope: full, Sequence: 6}), ca.ErrConflict, "earlier than the last")
	o.clock.add(time.Hour)
	last, err := o.register.LastCRL(ctx, issuer, full)
	require.NoError(t, err)
	require.Equal(t, uint64(2), last.Number)
	o.reopen()
	number, err := o.register.BeginCRL(ctx, issuer)
	require.NoError(t, err)
	require.Equal(t, uint64(4), number, "numbers go on")
	o.check()
}

// A clock that was set back stops the register.
func TestActsOfAClockSetBack(t *testing.T) {
	ctx := t.Context()
	o := newOffice(t)
	id := o.issue(o.plainServer()).Certificate.ID
	a := o.approve(o.apply(o.plainServer()))
	o.clock.add(-30 * time.Second)
	_, err := o.register.Suspend(ctx, revoker, id, "x")
	require.NoError(t, err, "callers read the clock before they wait")
	o.clock.add(-time.Hour)
	_, err = o.register.Resume(ctx, revoker, id, "x")
	require.ErrorIs(t, err, ca.ErrClock)
	_, err = o.register.Issue(ctx, window, a.ID, nil)
	require.ErrorIs(t, err, ca.ErrClock)
	_, err = o.register.Apply(ctx, window, ca.ApplicationID{}, o.plainServer())
	require.ErrorIs(t, err, ca.ErrClock)
	_, err = o.register.Refuse(ctx, reviewer, a.ID, "x")
	require.ErrorIs(t, err, ca.ErrClock)
	o.clock.add(2 * time.Hour)
	_, err = o.register.Issue(ctx, window, a.ID, nil)
	require.NoError(t, err)
	o.check()
}

// Row A55: renewal near the end, once, by the same holder.
func TestRenew_A55(t *testing.T) {
	ctx := t.Context()
	o := newOffice(t)
	first := o.issue(o.enrolment(ca.ProfileDepartment)).Certificate
	e := o.enrolment(ca.ProfileDepartment)
	e.Renews = first.ID
	_, err := o.register.Apply(ctx, window, ca.ApplicationID{}, e)
	require.Equal(t, ca.ReasonTooEarly, ca.ReasonOf(err))
	o.clock.add((5*365 - 60) * 24 * time.Hour)

	bands, err := o.register.Radar(ctx, auditor, 10)
	require.NoError(t, err)
	require.Equal(t, []int{0, 0, 2}, []int{bands[0].Count, bands[1].Count, bands[2].Count})

	other := o.enrolment(ca.ProfileDepartment)
	other.Holder.USCC, other.Renews = firmUSCC, first.ID
	_, err = o.register.Apply(ctx, window, ca.ApplicationID{}, other)
	require.Equal(t, ca.ReasonState, ca.ReasonOf(err), "another holder")
	seal := o.enrolment(ca.ProfileSeal)
	seal.Renews = first.ID
	_, err = o.register.Apply(ctx, window, ca.ApplicationID{}, seal)
	require.Equal(t, ca.ReasonState, ca.ReasonOf(err), "another profile")

	e.Evidence = o.evidence("介绍信")
	late := o.approve(o.apply(func() ca.Enrolment { l := e; l.CSR = newCSR(t, newKey(t)); return l }()))
	renewed := o.issue(e)
	require.Equal(t, first.ID, renewed.Certificate.Renews)
	_, err = o.register.Issue(ctx, window, late.ID, nil)
	require.Equal(t, ca.ReasonState, ca.ReasonOf(err), "renewed once")

	bands, err = o.register.Radar(ctx, auditor, 0)
	require.NoError(t, err)
	require.Equal(t, 1, bands[2].Count, "its twin still is")
	require.Empty(t, bands[2].Certificates)
	o.clock.add(55 * 24 * time.Hour)
	bands, err = o.register.Radar(ctx, auditor, 10)
	require.NoError(t, err)
	require.Equal(t, 1, bands[0].Count)
	require.Len(t, bands[0].Certificates, 1)
	o.check()
}

func TestSearchAndExport(t *testing.T) {
	ctx := t.Context()
	o := newOffice(t)
	person := o.issue(o.enrolment(ca.ProfilePerson))
	for range 5 {
		o.issue(o.plainServer())
	}
	search := func(q ca.Query) []*ca.Found {
		t.Helper()
		found, err := o.register.Search(ctx, auditor, q)
		require.NoError(t, err)
		return found
	}
	require.Len(t, search(ca.Query{CitizenNumber: citizen}), 2)
	require.Len(t, search(ca.Query{Name: "王小明"}), 2)
	require.Empty(t, search(ca.Query{Name: "王小"}))
	require.Empty(t, search(ca.Query{PassportNumber: citizen}))
	c, err := person.Certificate.Certificate()
	require.NoError(t, err)
	require.Equal(t, person.Certificate.ID, search(ca.Query{Key: ca.KeyDigest(c.PublicKey)})[0].ID)
	require.Empty(t, search(ca.Query{Key: [32]byte{1}}))
	var seen []ca.CertificateID
	q := ca.Query{Name: "nyt.province.example", Limit: 2}
	for page := search(q); len(page) > 0; page = search(q) {
		for _, f := range page {
			seen = append(seen, f.ID)
		}
		q.After = seen[len(seen)-1]
	}
	require.Len(t, seen, 5)
	for _, q := range []ca.Query{{}, {Name: "a", USCC: "b"}, {CitizenNumber: "a", Key: [32]byte{1}}} {
		_, err := o.register.Search(ctx, auditor, q)
		require.Equal(t, ca.ReasonMalformed, ca.ReasonOf(err))
	}
	var places []uint64
	require.NoError(t, o.register.Export(ctx, auditor, o.issuing.KeyID(), 2, func(f *ca.Found) bool {
		places = append(places, f.Place)
		return len(places) < 3
	}))
	require.Equal(t, []uint64{2, 3, 4}, places)

	// Nothing that names a person stands in a key or in the audit.
	require.NoError(t, o.register.AuditTrail(ctx, auditor, 1, func(e ca.AuditEntry) bool {
		require.NotContains(t, e.Object+e.Note+e.Act, citizen)
		require.NotContains(t, e.Object+e.Note, "王小明")
		return true
	}))
	for _, k := range allKeys(t, o.engine) {
		require.NotContains(t, k, citizen)
		require.NotContains(t, k, "王小明")
		require.NotContains(t, k, farmUSCC)
	}
	o.check()
}

// Rollover: a new issuing authority issues, the old one is still there for what it has issued.
func TestRollover_A55(t *testing.T) {
	ctx := t.Context()
	o := newOffice(t)
	old := o.issue(o.plainServer()).Certificate
	next, err := o.root.NewIssuing(ca.Name{Organization: "示例省数字认证中心", CommonName: "示例省签发证书"})
	require.NoError(t, err)
	o.config.Issuers = append([]*ca.Authority{next}, o.config.Issuers...)
	o.reopen()
	fresh := o.issue(o.plainServer()).Certificate
	require.Equal(t, next.KeyID(), fresh.ID.Issuer)
	_, err = o.register.Revoke(ctx, revoker, old.ID, pki.CauseSuperseded, "换证")
	require.NoError(t, err)
	_, err = o.register.BeginCRL(ctx, old.ID.Issuer)
	require.NoError(t, err)

	// Without its key the old issuer's certificates are still judged.
	o.config.Issuers = []*ca.Authority{next, o.root}
	o.reopen()
	_, err = o.register.Status(ctx, old.ID)
	require.NoError(t, err)
	o.check()
	a := o.apply(o.plainServer())
	o.config.Issuers = []*ca.Authority{o.issuing}
	o.reopen()
	_, err = o.register.Issue(ctx, window, o.approve(a).ID, nil)
	require.Equal(t, ca.ReasonIssuer, ca.ReasonOf(err), "the key of its issuer is gone")
}

// Rows A55: link certificates lead from either root to either key.
func TestLinkCertificates_A55(t *testing.T) {
	at := &clock{at: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	config := ca.Config{Rand: rand.Reader, Now: at.now}
	name := ca.Name{Organization: "示例省数字认证中心", CommonName: "示例省根证书"}
	older, err := ca.NewRoot(config, name)
	require.NoError(t, err)
	oldSub, err := older.NewIssuing(ca.Name{CommonName: "旧签发"})
	require.NoError(t, err)
	at.add(10 * 365 * 24 * time.Hour)
	newer, err := ca.NewRoot(config, name)
	require.NoError(t, err)
	newSub, err := newer.NewIssuing(ca.Name{CommonName: "新签发"})
	require.NoError(t, err)
	oldWithNew, newWithOld, err := ca.LinkCertificates(older, newer)
	require.NoError(t, err)
	require.NoError(t, oldWithNew.CheckIssuedBy(newer.Certificate()))
	require.NoError(t, newWithOld.CheckIssuedBy(older.Certificate()))
	require.True(t, oldWithNew.PublicKey.Equal(older.Certificate().PublicKey))
	require.True(t, newWithOld.PublicKey.Equal(newer.Certificate().PublicKey))
	require.NoError(t, oldSub.Certificate().CheckIssuedBy(oldWithNew))
	require.NoError(t, newSub.Certificate().CheckIssuedBy(newWithOld))
	require.Equal(t, older.Certificate().NotAfter, oldWithNew.NotAfter)
	require.Equal(t, older.Certificate().NotAfter, newWithOld.NotAfter)
	require.Equal(t, 1, newWithOld.MaxPathLen)

	other, err := ca.NewRoot(config, ca.Name{CommonName: "another"})
	require.NoError(t, err)
	for _, pair := range [][2]*ca.Authority{{older, other}, {older, older}, {oldSub, newSub}} {
		_, _, err := ca.LinkCertificates(pair[0], pair[1])
		require.Equal(t, ca.ReasonIssuer, ca.ReasonOf(err))
	}
}

// What is revoked or on hold is not renewed, not even when it was applied for before.
func TestRenewRefusesRevoked(t *testing.T) {
	ctx := t.Context()
	o := newOffice(t)
	first := o.issue(o.plainServer()).Certificate
	o.clock.add(330 * 24 * time.Hour)
	e := o.plainServer()
	e.Renews = first.ID
	a := o.approve(o.apply(e))
	_, err := o.register.Suspend(ctx, revoker, first.ID, "x")
	require.NoError(t, err)
	_, err = o.register.Issue(ctx, window, a.ID, nil)
	require.Equal(t, ca.ReasonState, ca.ReasonOf(err))
	_, err = o.register.Apply(ctx, window, ca.ApplicationID{}, e)
	require.Equal(t, ca.ReasonState, ca.ReasonOf(err))
	_, err = o.register.Resume(ctx, revoker, first.ID, "x")
	require.NoError(t, err)
	_, err = o.register.Issue(ctx, window, a.ID, nil)
	require.NoError(t, err)
	o.check()
}
