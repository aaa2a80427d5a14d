package ca_test

import (
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509/pkix"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

// Made-up holders.
const (
	firmUSCC = "91350100MA0000007A"
	citizen  = "350102199003070012"
	base     = "http://pki.province.example"
)

// People at the authority.
var (
	window   = ca.Actor{Name: "window-3", Roles: ca.RoleEnrol}
	reviewer = ca.Actor{Name: "reviewer-1", Roles: ca.RoleApprove}
	second   = ca.Actor{Name: "reviewer-2", Roles: ca.RoleApprove}
	revoker  = ca.Actor{Name: "revoker", Roles: ca.RoleRevoke}
	operator = ca.Actor{Name: "operator", Roles: ca.RoleOperate}
	auditor  = ca.Actor{Name: "auditor", Roles: ca.RoleInspect}
)

// clock is a clock that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// tokens is HMAC under a key of the test.
type tokens struct{ key [32]byte }

// Token implements ca.Tokens.
func (t tokens) Token(domain string, parts ...[]byte) [32]byte {
	h := hmac.New(sha256.New, t.key[:])
	for _, p := range append([][]byte{[]byte(domain)}, parts...) {
		h.Write([]byte{byte(len(p) >> 8), byte(len(p))})
		h.Write(p)
	}
	return [32]byte(h.Sum(nil))
}

// centre makes encryption keys and remembers them; it stands for a key management centre.
type centre struct {
	mu   sync.Mutex
	keys map[ca.ApplicationID]*pki.PublicKey
	err  error
}

// EncryptionKey implements ca.EncryptionKeys.
func (c *centre) EncryptionKey(
	_ context.Context, id ca.ApplicationID, signing *pki.PublicKey,
) (*pki.PublicKey, []byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return nil, nil, c.err
	}
	if c.keys[id] == nil {
		key, err := pki.GenerateKey(rand.Reader)
		if err != nil {
			return nil, nil, err
		}
		if c.keys[id], err = pki.PublicKeyOf(key.Public()); err != nil {
			return nil, nil, err
		}
	}
	return c.keys[id], append([]byte("enveloped for "), signing.Point()...), nil
}

// office is an authority with its register.
type office struct {
	t        testing.TB
	clock    *clock
	rootKey  crypto.Signer
	key      crypto.Signer // of issuing
	root     *ca.Authority
	issuing  *ca.Authority
	engine   engine.Engine
	config   ca.RegisterConfig
	register *ca.Register
	centre   *centre
}

// openOffice opens an office on an engine; change may alter the configuration.
func openOffice(t testing.TB, e engine.Engine, change func(*ca.RegisterConfig)) *office {
	t.Helper()
	o := &office{t: t, clock: &clock{at: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}, engine: e}
	o.found(change)
	return o
}

func newOffice(t testing.TB) *office {
	t.Helper()
	return openOffice(t, memory.New(), nil)
}

// newOfficeAt is an office by another clock.
func newOfficeAt(t testing.TB, c *clock) *office {
	t.Helper()
	o := &office{t: t, clock: c, engine: memory.New()}
	o.found(nil)
	return o
}

// found makes keys and certificates of an office and opens its register.
func (o *office) found(change func(*ca.RegisterConfig)) {
	t := o.t
	t.Helper()
	o.centre = &centre{keys: make(map[ca.ApplicationID]*pki.PublicKey)}
	config := ca.Config{Rand: rand.Reader, Now: o.clock.now}
	var err error
	o.rootKey = newKey(t)
	o.root, err = ca.NewRootWithKey(config, o.rootKey, ca.Name{Organization: "示例省数字认证中心", CommonName: "示例省根证书"})
	require.NoError(t, err)
	o.key = newKey(t)
	o.issuing, err = o.root.NewIssuingWithKey(o.key, ca.Name{Organization: "示例省数字认证中心", CommonName: "示例省签发证书"})
	require.NoError(t, err)
	o.config = ca.RegisterConfig{
		Engine: o.engine, Issuers: []*ca.Authority{o.issuing, o.root}, Tokens: tokens{[32]byte{1}}, Now: o.clock.now,
		Rand: rand.Reader, Base: base, Keys: o.centre,
	}
	if change != nil {
		change(&o.config)
	}
	o.reopen()
}

// reopen is what a restarted process does.
func (o *office) reopen() {
	o.t.Helper()
	var err error
	o.register, err = ca.OpenRegister(context.Background(), o.config)
	require.NoError(o.t, err)
}

func newKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := pki.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return key
}

func newCSR(t testing.TB, key crypto.Signer) []byte {
	t.Helper()
	csr, err := smx509.CreateCertificateRequest(rand.Reader, &smx509.CertificateRequest{
		Subject: pkix.Name{CommonName: "whoever"}, SignatureAlgorithm: smx509.SM2WithSM3,
	}, key)
	require.NoError(t, err)
	return csr
}

// evidence is what the window saw.
func (o *office) evidence(document string) []ca.Evidence {
	return []ca.Evidence{{
		Document: document, Number: "no. 12", Holder: "经办人", SeenBy: window.Name, Window: "示例市政务服务中心3号窗口",
		SeenAt: o.clock.now().Add(-time.Minute),
	}}
}

// enrolment is a sound one for any profile that is applied for.
func (o *office) enrolment(profile string) ca.Enrolment {
	e := ca.Enrolment{Profile: profile, CSR: newCSR(o.t, newKey(o.t))}
	p, ok := ca.ProfileNamed(profile)
	require.True(o.t, ok)
	switch p.Holder {
	case ca.HolderDepartment, ca.HolderOrganization:
		e.Subject = ca.Name{Province: "示例省", Organization: "示例省农业厅", CommonName: "示例省农业厅"}
		e.Holder.USCC = farmUSCC
	case ca.HolderEnterprise:
		e.Subject = ca.Name{Organization: "示例有限公司", CommonName: "示例有限公司"}
		e.Holder = ca.Identity{USCC: firmUSCC, TaxNumber: firmUSCC, Registration: "350000100000001"}
	case ca.HolderPerson:
		e.Subject = ca.Name{CommonName: "王小明"}
		e.Holder.CitizenNumber = citizen
	case ca.HolderServer:
		e.Subject = ca.Name{Organization: "示例省农业厅", CommonName: "nyt.province.example"}
		e.DNSNames = []string{"nyt.province.example", "*.nyt.province.example"}
	case ca.HolderNone:
		e.Subject = ca.Name{Organization: "示例省数字认证中心", CommonName: p.Title}
	}
	if p.NeedsEvidence {
		e.Evidence = o.evidence("居民身份证")
	}
	e.Twin = p.Twin != ""
	return e
}

// apply takes an application in.
func (o *office) apply(e ca.Enrolment) *ca.Application {
	o.t.Helper()
	a, err := o.register.Apply(context.Background(), window, ca.ApplicationID{}, e)
	require.NoError(o.t, err)
	return a
}

// approve gives every approval that is needed.
func (o *office) approve(a *ca.Application) *ca.Application {
	o.t.Helper()
	for _, actor := range []ca.Actor{reviewer, second} {
		if a.Stage == ca.StageApplied {
			var err error
			a, err = o.register.Approve(context.Background(), actor, a.ID, "材料齐全")
			require.NoError(o.t, err)
		}
	}
	require.Equal(o.t, ca.StageApproved, a.Stage)
	return a
}

// issue takes an enrolment all the way.
func (o *office) issue(e ca.Enrolment) *ca.Certified {
	o.t.Helper()
	a := o.approve(o.apply(e))
	c, err := o.register.Issue(context.Background(), window, a.ID, nil)
	require.NoError(o.t, err)
	return c
}

// check sweeps everything and reads the whole audit.
func (o *office) check() {
	o.t.Helper()
	ctx := context.Background()
	issuers, err := o.register.Issuers(ctx)
	require.NoError(o.t, err)
	for _, issuer := range issuers {
		_, err = o.register.Sweep(ctx, auditor, issuer, func(s ca.Swept) bool {
			require.Fail(o.t, "sweep", "%v: %v", s.ID, s.Faults)
			return false
		})
		require.NoError(o.t, err)
	}
	require.NoError(o.t, o.register.AuditTrail(ctx, auditor, 1, func(ca.AuditEntry) bool { return true }))
}

// allKeys lists every key of an engine.
func allKeys(t testing.TB, e engine.Engine) []string {
	t.Helper()
	var keys []string
	require.NoError(t, e.View(context.Background(), func(r engine.Reader) error {
		return r.Scan(engine.Range{KeysOnly: true}, func(k, _ []byte) (bool, error) {
			keys = append(keys, string(k))
			return true, nil
		})
	}))
	require.NotEmpty(t, keys)
	return keys
}
