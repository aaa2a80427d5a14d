package ca_test

import (
	"bufio"
	"context"
	"crypto"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/internal/engine/enginetest"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

// story is one certificate's whole life, each step repeated until it is done, as a caller does who was not answered.
// It fails the test if anything but an injected fault comes back.
func (o *office) story(id ca.ApplicationID, e ca.Enrolment) *ca.Certified {
	ctx := context.Background()
	again := func(step func() error) {
		o.t.Helper()
		for range 20 {
			err := step()
			if err == nil {
				return
			}
			require.ErrorIs(o.t, err, enginetest.ErrInjected)
			o.reopen() // the process has died of it
		}
		require.Fail(o.t, "never done")
	}
	again(func() error { _, err := o.register.Apply(ctx, window, id, e); return err })
	for _, actor := range []ca.Actor{reviewer, second} {
		again(func() error {
			a, err := o.register.Application(ctx, id)
			if err != nil || a.Stage != ca.StageApplied {
				return err
			}
			_, err = o.register.Approve(ctx, actor, id, "同意")
			if ca.ReasonOf(err) == ca.ReasonSameActor {
				return nil // the answer was lost, the approval was not
			}
			return err
		})
	}
	var c *ca.Certified
	again(func() (err error) { c, err = o.register.Issue(ctx, window, id, nil); return err })
	for _, to := range []ca.State{ca.StateHeld, ca.StateValid, ca.StateRevoked} {
		again(func() error {
			if now, err := o.register.Status(ctx, c.Certificate.ID); err != nil || now.State == to {
				return err
			}
			return o.register.ChangeAll(ctx, revoker, []ca.Change{{ID: c.Certificate.ID, To: to, Note: "x"}})[0].Err
		})
	}
	again(func() error { _, err := o.register.BeginCRL(ctx, c.Certificate.ID.Issuer); return err })
	return c
}

// Row A55: a fault before, in place of or after any write neither loses a revocation nor issues twice.
func TestFaults_A55(t *testing.T) {
	for _, fault := range []enginetest.Fault{enginetest.Before, enginetest.After, enginetest.Lost} {
		writes := 20
		for n := 0; n < writes; n++ {
			t.Run(fmt.Sprintf("fault %d at write %d", fault, n), func(t *testing.T) {
				inner := memory.New()
				faulty := enginetest.NewFaulty(inner, nil)
				o := openOffice(t, faulty, nil)
				id, err := o.register.NewApplicationID()
				require.NoError(t, err)
				faulty.SetPlan(enginetest.At(n, fault))
				c := o.story(id, o.enrolment(ca.ProfileSeal))
				writes = faulty.Updates()
				faulty.SetPlan(nil)
				o.mustBeTold(c)
			})
		}
		require.Greater(t, writes, 5)
	}
}

// mustBeTold checks what is left of a story: one pair of certificates, the first revoked.
func (o *office) mustBeTold(c *ca.Certified) {
	o.t.Helper()
	found, err := o.register.Search(context.Background(), auditor, ca.Query{USCC: farmUSCC})
	require.NoError(o.t, err)
	require.Len(o.t, found, 2, "issued once")
	again, err := o.register.Fetch(context.Background(), window, c.Application.ID)
	require.NoError(o.t, err)
	require.Equal(o.t, c.Certificate.DER, again.Certificate.DER)
	status, err := o.register.Status(context.Background(), c.Certificate.ID)
	require.NoError(o.t, err)
	require.Equal(o.t, ca.StateRevoked, status.State)
	list, _, err := o.register.RevokedInShard(context.Background(), c.Certificate.ID.Issuer, c.Certificate.Shard())
	require.NoError(o.t, err)
	require.Len(o.t, list, 1)
	o.check()
}

// Faults at random, many of them.
func TestManyFaults(t *testing.T) {
	for seed := range uint64(20) {
		faulty := enginetest.NewFaulty(memory.New(), nil)
		o := openOffice(t, faulty, nil)
		id, err := o.register.NewApplicationID()
		require.NoError(t, err)
		faulty.SetPlan(enginetest.Seeded(seed, 0.2))
		c := o.story(id, o.enrolment(ca.ProfileSeal))
		faulty.SetPlan(nil)
		o.mustBeTold(c)
	}
}

// Closures are pure: run once more than needed, they do the same.
func TestTwice(t *testing.T) {
	o := openOffice(t, enginetest.Twice{Inner: memory.New()}, nil)
	id, err := o.register.NewApplicationID()
	require.NoError(t, err)
	o.mustBeTold(o.story(id, o.enrolment(ca.ProfileSeal)))
}

// One application issued by many at once is issued once; one key applied for by many at once goes to one.
func TestIssueAtOnce(t *testing.T) {
	ctx := t.Context()
	o := newOffice(t)
	a := o.approve(o.apply(o.enrolment(ca.ProfileDepartment)))
	e := o.plainServer()
	var rivals []*ca.Application
	for range 20 {
		r := e
		r.Subject.CommonName = fmt.Sprintf("host-%d.example.cn", len(rivals))
		r.CSR = nil
		rivals = append(rivals, o.approve(o.apply(r)))
	}
	var wait sync.WaitGroup
	var mu sync.Mutex
	serials, won := make(map[ca.Serial]bool), 0
	for i := range 40 {
		wait.Go(func() {
			c, err := o.register.Issue(ctx, window, a.ID, nil)
			require.NoError(t, err)
			mu.Lock()
			defer mu.Unlock()
			serials[c.Certificate.ID.Serial] = true
		})
		if i < len(rivals) {
			wait.Go(func() {
				_, err := o.register.Issue(ctx, window, rivals[i].ID, e.CSR)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					won++
				} else {
					require.Equal(t, ca.ReasonDuplicateKey, ca.ReasonOf(err))
				}
			})
		}
	}
	wait.Wait()
	require.Len(t, serials, 1)
	require.Equal(t, 1, won)
	o.check()
}

// meeting is a key that signs when so many have come to have something signed.
type meeting struct {
	crypto.Signer
	wait *sync.WaitGroup
}

// Sign implements crypto.Signer.
func (m meeting) Sign(r io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	m.wait.Done()
	m.wait.Wait()
	return m.Signer.Sign(r, digest, opts)
}

// Two who have signed for one application before either has committed give the same certificate.
func TestSignedAtOnce(t *testing.T) {
	o := newOffice(t)
	a := o.approve(o.apply(o.plainServer()))
	var wait sync.WaitGroup
	wait.Add(2)
	issuing, err := ca.NewAuthority(
		ca.Config{Rand: rand.Reader, Now: o.clock.now}, meeting{o.key, &wait}, o.issuing.Chain())
	require.NoError(t, err)
	o.config.Issuers[0] = issuing
	o.reopen()
	var both sync.WaitGroup
	var certified [2]*ca.Certified
	var errs [2]error
	for i := range certified {
		both.Go(func() { certified[i], errs[i] = o.register.Issue(context.Background(), window, a.ID, nil) })
	}
	both.Wait()
	require.NoError(t, errors.Join(errs[:]...))
	require.Equal(t, certified[0].Certificate, certified[1].Certificate)
	found, err := o.register.Search(t.Context(), auditor, ca.Query{Name: "nyt.province.example"})
	require.NoError(t, err)
	require.Len(t, found, 1)
	o.check()
}

// A broken register is told by the sweep: each row of a certificate damaged or removed.
func TestSweepFindsDamage_A55(t *testing.T) {
	ctx := t.Context()
	o := newOffice(t)
	id := o.issue(o.plainServer()).Certificate.ID
	_, err := o.register.Revoke(ctx, revoker, id, 0, "x")
	require.NoError(t, err)
	sound := o.engine
	found := 0
	for _, k := range allKeys(t, sound) {
		space := k[len(ca.KeyPrefix)]
		if !strings.ContainsRune("csrqakx", rune(space)) {
			continue
		}
		for _, damage := range []string{"removed", "altered"} {
			o.config.Engine = copyEngine(t, sound)
			require.NoError(t, o.config.Engine.Update(ctx, func(w engine.Writer) error {
				if damage == "removed" {
					return w.Delete([]byte(k))
				}
				b, err := w.Get([]byte(k))
				if err != nil || len(b) < 4 {
					return w.Delete([]byte(k))
				}
				b[len(b)-4] ^= 0x10
				return w.Put([]byte(k), b)
			}))
			o.reopen()
			faults := 0
			_, err := o.register.Sweep(ctx, auditor, id.Issuer, func(s ca.Swept) bool {
				faults += len(s.Faults)
				require.Equal(t, id, s.ID)
				return true
			})
			require.NoError(t, err)
			require.True(t, faults > 0 || space == 'k' && damage == "altered" || space == 'a' && damage == "altered",
				"%s row %q", damage, k)
			found++
		}
	}
	require.Greater(t, found, 12)
}

// The audit shows an entry that was changed, removed or cut off.
func TestAuditChain(t *testing.T) {
	ctx := t.Context()
	o := newOffice(t)
	o.issue(o.plainServer())
	sound := o.engine
	var entries []string
	for _, k := range allKeys(t, sound) {
		if k[len(ca.KeyPrefix)] == 'u' {
			entries = append(entries, k)
		}
	}
	require.GreaterOrEqual(t, len(entries), 3)
	read := func() error { return o.register.AuditTrail(ctx, auditor, 1, func(ca.AuditEntry) bool { return true }) }
	require.NoError(t, read())
	for _, k := range entries {
		for _, damage := range []string{"removed", "altered"} {
			o.config.Engine = copyEngine(t, sound)
			o.reopen()
			require.NoError(t, o.config.Engine.Update(ctx, func(w engine.Writer) error {
				if damage == "removed" {
					return w.Delete([]byte(k))
				}
				b, err := w.Get([]byte(k))
				require.NoError(t, err)
				b[len(b)-1] ^= 1 // refused or not
				return w.Put([]byte(k), b)
			}))
			require.ErrorIs(t, read(), ca.ErrDamaged, "%s %q", damage, k)
		}
	}
}

// A register works on any crypto.Signer, as a device is one.
type device struct {
	key   crypto.Signer
	mu    sync.Mutex
	calls int
	wrong bool
	err   error
}

// Public implements crypto.Signer.
func (d *device) Public() crypto.PublicKey { return d.key.Public() }

// Sign implements crypto.Signer. A device knows no random source of ours, and gets a digest of 32 bytes.
func (d *device) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls++
	if len(digest) != 32 || opts.HashFunc() != 0 || d.err != nil {
		return nil, errors.Join(errors.New("device refuses"), d.err)
	}
	if d.wrong {
		digest = append([]byte{digest[0] ^ 1}, digest[1:]...)
	}
	return d.key.Sign(rand.Reader, digest, opts)
}

// Row A55: keys may stand in devices. What a device signs wrongly never gets out.
func TestForeignSigner_A55(t *testing.T) {
	ctx := t.Context()
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	config := ca.Config{Rand: rand.Reader, Now: func() time.Time { return at }}
	root, err := ca.NewRootWithKey(config, &device{key: newKey(t)}, ca.Name{CommonName: "根"})
	require.NoError(t, err)
	d := &device{key: newKey(t)}
	issuing, err := root.NewIssuingWithKey(d, ca.Name{CommonName: "签发"})
	require.NoError(t, err)
	_, err = issuing.Save([]byte("passphrase"))
	require.ErrorIs(t, err, pki.ErrKey, "it cannot leave the device")
	again, err := ca.NewAuthority(config, d, issuing.Chain())
	require.NoError(t, err)
	o := openOffice(t, memory.New(), func(c *ca.RegisterConfig) { c.Issuers = []*ca.Authority{again} })
	c := o.issue(o.plainServer())
	require.Equal(t, 1, d.calls)
	leaf, err := c.Certificate.Certificate()
	require.NoError(t, err)
	require.NoError(t, leaf.CheckIssuedBy(issuing.Certificate()))

	a := o.approve(o.apply(o.plainServer()))
	d.wrong = true
	_, err = o.register.Issue(ctx, window, a.ID, nil)
	require.ErrorIs(t, err, pki.ErrSignature)
	d.wrong, d.err = false, errors.New("pulled out")
	_, err = o.register.Issue(ctx, window, a.ID, nil)
	require.ErrorIs(t, err, d.err)
	d.err = nil
	_, err = o.register.Issue(ctx, window, a.ID, nil)
	require.NoError(t, err)
	o.check()

	for name, chain := range map[string][]*pki.Certificate{
		"no chain": nil, "another's": root.Chain(), "no root": {issuing.Certificate()}, "hole": {issuing.Certificate(), nil},
		"leaf": append([]*pki.Certificate{leaf}, issuing.Chain()...),
	} {
		_, err := ca.NewAuthority(config, d, chain)
		require.ErrorIs(t, err, ca.ErrAuthority, name)
	}
	_, err = ca.NewAuthority(config, nil, issuing.Chain())
	require.ErrorIs(t, err, ca.ErrConfig)
}

func TestOpenRegisterRefuses(t *testing.T) {
	o := newOffice(t)
	for name, change := range map[string]func(*ca.RegisterConfig){
		"no engine": func(c *ca.RegisterConfig) { c.Engine = nil }, "no issuers": func(c *ca.RegisterConfig) { c.Issuers = nil },
		"nil issuer": func(c *ca.RegisterConfig) { c.Issuers = []*ca.Authority{nil} },
		"no tokens":  func(c *ca.RegisterConfig) { c.Tokens = nil }, "no clock": func(c *ca.RegisterConfig) { c.Now = nil },
		"no randomness": func(c *ca.RegisterConfig) { c.Rand = nil }, "no base": func(c *ca.RegisterConfig) { c.Base = "" },
		"slash": func(c *ca.RegisterConfig) { c.Base += "/" }, "https": func(c *ca.RegisterConfig) { c.Base = "https://x" },
		"too many approvals": func(c *ca.RegisterConfig) { c.Policy.Approvals = map[string]int{ca.ProfileServer: 9} },
		"negative approvals": func(c *ca.RegisterConfig) { c.Policy.Approvals = map[string]int{ca.ProfileServer: -1} },
		"unknown profile":    func(c *ca.RegisterConfig) { c.Policy.Approvals = map[string]int{"x": 1} },
	} {
		config := o.config
		change(&config)
		r, err := ca.OpenRegister(t.Context(), config)
		require.ErrorIs(t, err, ca.ErrConfig, name)
		require.Nil(t, r)
	}
}

const killedDir = "ELICENSE_CA_KILLED_DIR"

// TestMain runs the tests, or, where TestKill wants a process to kill, issues and revokes until it is dead.
func TestMain(m *testing.M) {
	dir := os.Getenv(killedDir)
	if dir == "" {
		os.Exit(m.Run())
	}
	if err := issueForEver(dir); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// issueForEver says of each certificate what it was answered.
func issueForEver(dir string) error {
	e, err := badger.Open(badger.Config{Dir: dir})
	if err != nil {
		return err
	}
	text, err := os.ReadFile(dir + "/../issuing.pem")
	if err != nil {
		return err
	}
	issuing, err := ca.Load(ca.Config{Rand: rand.Reader, Now: time.Now}, text, []byte("passphrase"))
	if err != nil {
		return err
	}
	r, err := ca.OpenRegister(context.Background(), killedConfig(issuing, e))
	if err != nil {
		return err
	}
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for issueAndTell(r) == nil {
				continue
			}
		})
	}
	wait.Wait()
	return errors.New("a child stopped by itself")
}

func issueAndTell(r *ca.Register) error {
	ctx := context.Background()
	key, err := pki.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	csr, err := smx509.CreateCertificateRequest(rand.Reader, &smx509.CertificateRequest{
		SignatureAlgorithm: smx509.SM2WithSM3,
	}, key)
	if err != nil {
		return err
	}
	c, err := r.Enrol(ctx, window, ca.ApplicationID{}, ca.Enrolment{
		Profile: ca.ProfileServer, CSR: csr, Subject: ca.Name{CommonName: "a"}, DNSNames: []string{"a.example.cn"},
	})
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(os.Stdout, "issued %s\n", c.Certificate.ID.Serial)
	if _, err := r.Revoke(ctx, revoker, c.Certificate.ID, 0, "x"); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(os.Stdout, "revoked %s\n", c.Certificate.ID.Serial)
	return nil
}

func killedConfig(issuing *ca.Authority, e engine.Engine) ca.RegisterConfig {
	return ca.RegisterConfig{
		Engine: e, Issuers: []*ca.Authority{issuing}, Tokens: tokens{[32]byte{1}}, Now: time.Now, Rand: rand.Reader,
		Base: base, Policy: ca.Policy{Approvals: map[string]int{ca.ProfileServer: 0}},
	}
}

// Row A55: whatever was answered before a process was killed is there when it comes back.
func TestKill_A55(t *testing.T) {
	dir := t.TempDir()
	config := ca.Config{Rand: rand.Reader, Now: time.Now}
	root, err := ca.NewRoot(config, ca.Name{CommonName: "根"})
	require.NoError(t, err)
	issuing, err := root.NewIssuing(ca.Name{CommonName: "签发"})
	require.NoError(t, err)
	text, err := issuing.Save([]byte("passphrase"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(dir+"/issuing.pem", text, 0o600))
	answered := make(map[string]bool) // serial -> revoked
	for round := range 5 {
		runAndKill(t, dir+"/data", 20+37*round, answered)
		e, err := badger.Open(badger.Config{Dir: dir + "/data"})
		require.NoError(t, err)
		o := &office{t: t, clock: &clock{}, engine: e, issuing: issuing, config: killedConfig(issuing, e)}
		o.reopen()
		for serial, revoked := range answered {
			s, err := ca.ParseSerial(serial)
			require.NoError(t, err)
			status, err := o.register.Status(t.Context(), ca.CertificateID{Issuer: issuing.KeyID(), Serial: s})
			require.NoError(t, err, "issued and answered, then lost")
			require.True(t, !revoked || status.State == ca.StateRevoked, "revoked and answered, then lost")
		}
		o.check()
		require.NoError(t, e.Close())
	}
	require.Greater(t, len(answered), 100)
}

// runAndKill runs the child until it has told so many lines, and kills it in the midst of its work.
func runAndKill(t *testing.T, dir string, lines int, answered map[string]bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), killedDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	scanner := bufio.NewScanner(out)
	for n := 0; scanner.Scan(); {
		what, serial, ok := strings.Cut(scanner.Text(), " ")
		if !ok || len(serial) != 40 {
			continue
		}
		answered[serial] = answered[serial] || what == "revoked"
		if n++; n == lines {
			require.NoError(t, cmd.Process.Kill())
		}
	}
	require.Error(t, cmd.Wait(), "it was killed")
}
