package verify_test

import (
	"crypto/rand"
	"math/big"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/verify"
)

// rekeyed is the issuing authority under its old name with a new key.
func (w *world) rekeyed() node {
	w.t.Helper()
	n := node{key: w.makeKey()}
	var err error
	n.authority, err = w.root.authority.NewIssuingWithKey(n.key, ca.Name{Organization: "示例认证中心", CommonName: "示例签发"})
	require.NoError(w.t, err)
	n.chain = n.authority.Chain()
	return n
}

// TestAuthorityRekeyed: an authority of the same name with a new key vouches for what that key signed and for nothing
// else; what the old key signed counts on; whom the new key's list revokes is revoked, whichever key certified him; and
// the new key's list does not stand in for one that is not there.
func TestAuthorityRekeyed(t *testing.T) {
	w := newWorld(t)
	d := fixtures.Departments()[0]
	oldIssuing, old := w.issuing, w.enrol(ca.ProfileDepartment, d)
	w.issuing = w.rekeyed()
	young := w.enrol(ca.ProfileDepartment, d)
	newIssuing := w.issuing
	made := now.Add(-time.Hour)
	root := w.crl(w.root, made)
	lists := func(list ...*pki.CRL) func(*verify.Config) {
		return func(c *verify.Config) {
			c.Evidence = []pki.Evidence{{CRLs: append(list, root)}}
			c.Intermediates = pki.NewPool(oldIssuing.cert(), newIssuing.cert())
		}
	}
	both := lists(w.crl(oldIssuing, made), w.crl(newIssuing, made))
	sign := func(n node, above node) []byte { // the certificate above that is carried may be the wrong one of the two
		n.chain = append([]*pki.Certificate{n.cert()}, above.chain...)
		w.issuing = above
		return w.attached(n, []byte("示例"))
	}
	for _, test := range []struct {
		name string
		doc  []byte
		with func(*verify.Config)
		want verify.Indication
		sub  verify.SubIndication
	}{
		{"old", sign(old, oldIssuing), both, verify.TotalPassed, ""},
		{"new", sign(young, newIssuing), both, verify.TotalPassed, ""},
		{"old with the new authority beside", sign(old, newIssuing), both, verify.TotalPassed, ""},
		{"new with the old authority beside", sign(young, oldIssuing), both, verify.TotalPassed, ""},
		{
			"old, and only the new key's list revokes it", sign(old, oldIssuing),
			lists(w.crl(oldIssuing, made), w.crl(newIssuing, made, revoked{old.cert(), made, pki.CauseKeyCompromise})),
			verify.TotalFailed, verify.Revoked,
		},
		{"new, and no list of the new key", sign(young, newIssuing), lists(w.crl(oldIssuing, made)), verify.Indeterminate, verify.TryLater},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := w.judge(w.verifier(test.with), test.doc)
			require.Equal(t, test.want, r.Indication, "%v", r.Checks)
			require.Equal(t, test.sub, r.SubIndication)
		})
	}
}

// TestLinkCertificate: what an authority signed with its former root key for its next one is on the way to the root
// that is trusted, and is itself no root, though it bears one name twice.
func TestLinkCertificate(t *testing.T) {
	w := newWorld(t)
	first := w.root
	second := node{key: w.makeKey()}
	name := ca.Name{Organization: "示例认证中心", CommonName: "示例根"}
	config := ca.Config{Rand: rand.Reader, Now: func() time.Time { return w.now }}
	var err error
	second.authority, err = ca.NewRootWithKey(config, second.key, name)
	require.NoError(t, err)
	w.issuing.key = w.makeKey()
	w.issuing.authority, err = second.authority.NewIssuingWithKey(w.issuing.key, ca.Name{CommonName: "示例新签发", Organization: "示例认证中心"})
	require.NoError(t, err)
	w.issuing.chain = w.issuing.authority.Chain()
	parent, err := smx509.ParseCertificate(first.cert().Raw)
	require.NoError(t, err)
	template, err := smx509.ParseCertificate(second.authority.Certificate().Raw)
	require.NoError(t, err)
	template.AuthorityKeyId, template.SerialNumber = parent.SubjectKeyId, big.NewInt(79)
	link, err := smx509.CreateCertificate(rand.Reader, template, parent, second.key.Public(), first.key)
	require.NoError(t, err)
	doc := w.attached(w.enrol(ca.ProfileDepartment, fixtures.Departments()[0]), []byte("示例"))
	linked, err := pki.ParseCertificate(link)
	require.NoError(t, err)
	made := now.Add(-time.Hour)
	second.chain = []*pki.Certificate{second.authority.Certificate()}
	evidence := []pki.Evidence{{CRLs: []*pki.CRL{w.crl(w.issuing, made), w.crl(first, made), w.crl(second, made)}}}
	for what, test := range map[string]struct {
		files map[string][]byte
		want  verify.Indication
	}{
		"root and link": {map[string][]byte{"root.cer": first.cert().Raw, "link.cer": link}, verify.TotalPassed},
		"root alone":    {map[string][]byte{"root.cer": first.cert().Raw}, verify.Indeterminate},
		"link and another root": {
			map[string][]byte{"root.cer": newWorld(t).root.cert().Raw, "link.cer": linked.Raw}, verify.Indeterminate,
		},
	} {
		t.Run(what, func(t *testing.T) {
			trust, err := verify.ParseTrustFolder(test.files)
			require.NoError(t, err)
			v, err := verify.New(verify.Config{
				Trust: trust.Anchors, Intermediates: trust.Intermediates, Evidence: evidence, Now: func() time.Time { return now },
			})
			require.NoError(t, err)
			r := w.judge(v, doc)
			require.Equal(t, test.want, r.Indication, "%s %v", r.Headline, r.Checks)
		})
	}
}
