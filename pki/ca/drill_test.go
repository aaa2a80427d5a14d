package ca_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

// signedLine is a line as a vault writes it.
func signedLine(identifier string, version int, issuer, day string, inForce bool) string {
	return fmt.Sprintf(`{"identifier":%q,"version":%d,"type":"11100000MB0143028R001","issuer":%q,"issued_on":%q,"record":"c2Fs","in_force":%t}`,
		identifier, version, issuer, day, inForce) + "\n"
}

func (p *press) drill(c *ca.Issued, since time.Time, lines ...string) (*ca.DrillPlan, error) {
	p.t.Helper()
	return p.register.Drill(p.t.Context(), auditor, ca.DrillRequest{
		Certificate: c.ID, Since: since, Signed: strings.NewReader(strings.Join(lines, "")),
	})
}

func departmentOf(p *press) *ca.Issued {
	p.t.Helper()
	e := p.enrolment(ca.ProfileDepartment)
	e.Twin = false
	return p.issue(e).Certificate
}

// Row A55: a department's key is stolen: what it has signed, joined with its certificate, in the order of the work.
func TestDrill_A55(t *testing.T) {
	t.Parallel()
	p := newPress(t)
	c := departmentOf(p) // on 2026-03-02
	p.clock.add(200 * day)
	since := time.Date(2026, 7, 1, 10, 0, 0, 0, time.UTC)
	plan, err := p.drill(c, since,
		signedLine("L1", 1, farmUSCC, "2026-03-02", true), signedLine("L2", 1, farmUSCC, "2026-04-01", false),
		signedLine("L2", 2, farmUSCC, "2026-06-30", true), signedLine("L3", 1, farmUSCC, "2026-07-01", true),
		signedLine("L4", 1, farmUSCC, "2026-07-09", false), signedLine("L5", 1, firmUSCC, "2026-05-05", true),
		signedLine("L6", 1, farmUSCC, "2025-12-31", true), signedLine("L1", 1, farmUSCC, "2026-03-02", true),
	)
	require.NoError(t, err)
	require.Equal(t, ca.DrillCounts{Lines: 8, Doubles: 1, Versions: 7, Past: 2, Suspect: 4, Reseal: 5}, plan.Counts)
	var order []string
	for i, item := range plan.Work {
		require.Equal(t, i+1, item.Order)
		order = append(order, fmt.Sprint(item.Identifier, "/", item.Version, " ", item.Suspect))
	}
	require.Equal(t, []string{"L4/1 since", "L3/1 since", "L5/1 issuer", "L6/1 outside", "L2/2 ", "L1/1 "}, order)
	require.Equal(t, []ca.DrillStep{
		{Number: 1, Act: ca.DrillRevoke, Count: 1}, {Number: 2, Act: ca.DrillNewKey, Count: 1},
		{Number: 3, Act: ca.DrillRecheck, Count: 4}, {Number: 4, Act: ca.DrillReseal, Count: 5},
	}, plan.Steps)
	require.Equal(t, "valid", plan.Certificates[0].State)

	_, err = p.publisher.Revoke(t.Context(), revoker, c.ID, pki.CauseKeyCompromise, "密钥失控")
	require.NoError(t, err)
	plan, err = p.drill(c, time.Time{}, signedLine("L1", 1, farmUSCC, "2026-03-02", true))
	require.NoError(t, err)
	require.Equal(t, ca.DoubtSince, plan.Work[0].Suspect, "since nobody knows when: everything")
	require.Equal(t, ca.DrillNewKey, plan.Steps[0].Act, "it is revoked already")
	require.Equal(t, "keyCompromise", plan.Certificates[0].Cause)

	var buffer bytes.Buffer
	require.NoError(t, plan.WriteJSON(&buffer))
	var back ca.DrillPlan
	require.NoError(t, json.Unmarshal(buffer.Bytes(), &back))
	require.Empty(t, cmp.Diff(plan, &back, cmpopts.IgnoreUnexported(ca.SignedVersion{}), cmpopts.EquateEmpty()))
	buffer.Reset()
	require.NoError(t, plan.WriteText(&buffer, true))
	for _, want := range []string{"密钥失控处置方案", "失控期间签发", "第 1 步　为持有者换发新密钥的证书：1", "keyCompromise"} {
		require.Contains(t, buffer.String(), want)
	}
	buffer.Reset()
	require.NoError(t, plan.WriteText(&buffer, false))
	require.Contains(t, buffer.String(), "step 2: versions under suspicion")
	require.ErrorIs(t, plan.WriteText(full{}, true), errBroken)
	p.check()
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errBroken }

// A renewed certificate under a new key: the holder has one already. The key of an authority: what it has issued
// counts.
func TestDrillOfOthers(t *testing.T) {
	t.Parallel()
	p := newPress(t)
	c := departmentOf(p)
	p.clock.add(5*365*day - 20*day)
	e := p.enrolment(ca.ProfileDepartment)
	e.Twin, e.Renews = false, c.ID
	renewed := p.issue(e).Certificate
	plan, err := p.drill(c, time.Time{})
	require.NoError(t, err)
	require.Len(t, plan.Certificates, 1)
	require.Equal(t, renewed.ID.String(), plan.Certificates[0].ReplacedBy)
	require.Equal(t, []ca.DrillStep{{Number: 1, Act: ca.DrillRevoke, Count: 1}}, plan.Steps)

	p.server()
	key := newKey(t)
	a := p.enrolment(ca.ProfileIssuing)
	a.CSR, a.Issuer = newCSR(t, key), p.root.KeyID()
	a.Subject.CommonName = "示例省第二签发证书"
	authority := p.issue(a)
	id := mustKeyID(t, authority.Certificate)
	require.NoError(t, ca.SeedValid(t.Context(), p.engine, id, 5, p.clock.now()))
	plan, err = p.drill(authority.Certificate, time.Time{})
	require.NoError(t, err)
	require.Equal(t, 5, plan.Counts.Issued)
	require.Equal(t, ca.DrillReissue, plan.Steps[2].Act)
}

func mustKeyID(t *testing.T, c *ca.Issued) ca.KeyID {
	t.Helper()
	certificate, err := c.Certificate()
	require.NoError(t, err)
	return ca.KeyID(certificate.SubjectKeyID)
}

func TestDrillRefuses(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	p := newPress(t)
	c := departmentOf(p)
	sound := signedLine("L1", 1, farmUSCC, "2026-03-02", true)
	for name, bad := range map[string]string{
		"empty line":          sound + "\n" + sound,
		"not JSON":            "L1 2026-03-02\n",
		"two on a line":       strings.TrimSpace(sound) + sound,
		"no identifier":       signedLine("", 1, farmUSCC, "2026-03-02", true),
		"no version":          signedLine("L1", 0, farmUSCC, "2026-03-02", true),
		"no issuer":           signedLine("L1", 1, "", "2026-03-02", true),
		"no day":              signedLine("L1", 1, farmUSCC, "", true),
		"no such day":         signedLine("L1", 1, farmUSCC, "2026-02-30", true),
		"control character":   signedLine("L1\r2", 1, farmUSCC, "2026-03-02", true),
		"two that contradict": sound + signedLine("L1", 1, farmUSCC, "2026-03-03", true),
		"overlong":            signedLine(strings.Repeat("L", 70_000), 1, farmUSCC, "2026-03-02", true),
	} {
		plan, err := p.drill(c, time.Time{}, bad)
		require.Equal(t, ca.ReasonMalformed, ca.ReasonOf(err), name)
		require.Nil(t, plan, name)
	}
	_, err := p.drill(c, p.clock.now().Add(time.Hour), sound)
	require.Equal(t, ca.ReasonMalformed, ca.ReasonOf(err), "a theft in the future")
	_, err = p.register.Drill(ctx, auditor, ca.DrillRequest{Certificate: c.ID})
	require.Equal(t, ca.ReasonMalformed, ca.ReasonOf(err))
	_, err = p.register.Drill(ctx, window, ca.DrillRequest{Certificate: c.ID, Signed: strings.NewReader("")})
	require.Equal(t, ca.ReasonRole, ca.ReasonOf(err))
	_, err = p.register.Drill(ctx, auditor, ca.DrillRequest{Signed: strings.NewReader("")})
	require.ErrorIs(t, err, ca.ErrNotFound)
	p.check()
}

func FuzzDrillLines(f *testing.F) {
	p := newPress(f)
	c := departmentOf(p)
	f.Add(signedLine("L1", 1, farmUSCC, "2026-03-02", true) + signedLine("L2", 3, farmUSCC, "2026-03-05", false))
	f.Add(`{"identifier":"a","version":1,"type":"t","issuer":"i","issued_on":"2026-01-01","record":"r","new":[1]}`)
	f.Fuzz(func(t *testing.T, text string) {
		plan, err := p.register.Drill(t.Context(), auditor, ca.DrillRequest{Certificate: c.ID, Signed: strings.NewReader(text)})
		if err != nil {
			require.Nil(t, plan)
			require.NotEmpty(t, ca.ReasonOf(err))
			return
		}
		n := plan.Counts
		require.Equal(t, n.Lines, n.Versions+n.Doubles)
		require.Equal(t, n.Versions, n.Past+n.Reseal)
		require.LessOrEqual(t, len(plan.Work), n.Versions)
	})
}
