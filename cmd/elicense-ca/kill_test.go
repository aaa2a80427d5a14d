package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/proctest"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

func TestMain(m *testing.M) { os.Exit(proctest.Main(m, main)) }

// killing is an authority whose service is killed while officers work with it.
type killing struct {
	t   *testing.T
	dir string
	env map[string]string

	mu      sync.Mutex
	next    int
	issued  map[string]string // application -> the certificate that was answered
	revoked map[string]bool   // certificates whose revocation was answered
	numbers map[string]uint64 // address of a CRL -> highest number seen there
	started []string          // applications whose issue was begun
}

const (
	enrolling = "enrol,inspect,revoke,operate"
	approving = "approve"
)

func newKilling(t *testing.T) *killing {
	t.Helper()
	k := &killing{
		t: t, dir: t.TempDir(), issued: map[string]string{}, revoked: map[string]bool{}, numbers: map[string]uint64{},
		env: map[string]string{"LANG": "en", "ELICENSE_CA_ROOT_PASSPHRASE": "root", "ELICENSE_CA_OFFICER_PASSPHRASE": "officer"},
	}
	k.env["ELICENSE_CA_MASTER_FILE"], k.env["ELICENSE_CA_DATA"] = k.path("master"), k.path("ca")
	k.env["ELICENSE_CA_OFFICER"] = k.path("window.pem")
	require.NoError(t, os.WriteFile(k.path("master"), []byte(strings.Repeat("0f", 32)), 0o600))
	return k
}

func (k *killing) path(name string) string { return filepath.Join(k.dir, name) }

// officer makes an officer's key file and gives what init wants to know of him.
func (k *killing) officer(name, roles string) string {
	k.t.Helper()
	key, err := pki.GenerateKey(rand.Reader)
	require.NoError(k.t, err)
	text, err := pki.MarshalKey(key, []byte("officer"), rand.Reader)
	require.NoError(k.t, err)
	require.NoError(k.t, os.WriteFile(k.path(name+".pem"), text, 0o600))
	public, err := pki.PublicKeyOf(key.Public())
	require.NoError(k.t, err)
	return name + ":" + roles + ":" + hex.EncodeToString(public.Point())
}

// ceremony is the command line of init.
func (k *killing) ceremony(officers ...string) []string {
	args := []string{
		"init", "--organization", "示例省数据局", "--base", "http://pki.example.cn", "--root", k.path("root.pem"),
	}
	for _, o := range officers {
		args = append(args, "--officer", o)
	}
	return args
}

// process is the program as a child that can be killed.
func (k *killing) process(args ...string) *exec.Cmd {
	var env []string
	for name, value := range k.env {
		env = append(env, name+"="+value)
	}
	return proctest.Command(k.t, env, args...)
}

// must runs the program to its end.
func (k *killing) must(args ...string) string {
	k.t.Helper()
	out, err := k.process(args...).CombinedOutput()
	require.NoError(k.t, err, "%q: %s", args, out)
	return string(out)
}

// start starts the service and gives its address.
func (k *killing) start() (c *exec.Cmd, address string) {
	k.t.Helper()
	c = k.process("--json", "serve")
	out, err := c.StdoutPipe()
	require.NoError(k.t, err)
	var said bytes.Buffer
	c.Stderr = &said
	require.NoError(k.t, c.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(k.t, err, said.String())
	var s struct{ Serving string }
	require.NoError(k.t, json.Unmarshal([]byte(line), &s))
	return c, s.Serving
}

// ask has the service carry out a command; false if it was killed before it had answered, or refused.
func (k *killing) ask(args ...string) (out string, ok bool) {
	conn, err := new(net.Dialer).DialContext(context.Background(), "unix", filepath.Join(k.path("ca"), controlSocket))
	if err != nil {
		return "", false
	}
	defer conn.Close()
	request := controlRequest{Args: append([]string{"--json"}, args...), Dir: k.dir, Env: k.env}
	if json.NewEncoder(conn).Encode(request) != nil {
		return "", false
	}
	var text, said strings.Builder
	var exit *cli.ExitError
	if !errors.As((&program{World: &cli.World{Out: &text, Err: &said}}).relay(conn), &exit) {
		return "", false // killed
	}
	if exit.Code != cli.ExitDone {
		k.t.Errorf("%q was refused: %s %s", args, &text, &said)
		return "", false
	}
	return text.String(), true
}

// field reads a field of the first line of JSON.
func field(t *testing.T, text, name string) string {
	t.Helper()
	line, _, _ := strings.Cut(text, "\n")
	var all map[string]any
	require.NoError(t, json.Unmarshal([]byte(line), &all), text)
	value, ok := all[name].(string)
	require.True(t, ok, text)
	return value
}

// work applies, has certificates issued and revokes every second one, until the service is gone.
func (k *killing) work(address string) {
	for {
		k.mu.Lock()
		k.next++
		n := k.next
		k.mu.Unlock()
		name := fmt.Sprintf("server%d", n)
		if !k.prepare(name) {
			return
		}
		out, ok := k.ask("apply", name+".yaml")
		if !ok {
			return
		}
		application := field(k.t, out, "application")
		k.note(func() { k.started = append(k.started, application) })
		if out, ok = k.ask("issue", application, "--out", k.dir); !ok {
			return
		}
		certificate := field(k.t, out, "certificate")
		k.note(func() { k.issued[application] = certificate })
		if n%2 == 0 {
			continue
		}
		if _, ok = k.ask("revoke", certificate, "--note", "停用"); !ok {
			return
		}
		k.note(func() { k.revoked[certificate] = true })
		k.look(address, certificate)
	}
}

func (k *killing) note(what func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	what()
}

func (k *killing) prepare(name string) bool {
	key, err := pki.GenerateKey(rand.Reader)
	if err != nil {
		return false
	}
	csr, err := ca.MakeRequest(rand.Reader, key)
	if err != nil {
		return false
	}
	text := "- profile: tls-server\n  name: {organization: 示例省数据局, common_name: " + name + ".example.cn}\n  dns: [" + name +
		".example.cn]\n  csr: " + name + ".csr\n"
	return os.WriteFile(k.path(name+".csr"), csr, 0o600) == nil && os.WriteFile(k.path(name+".yaml"), []byte(text), 0o600) == nil
}

// point is where the certificate says that its CRL is: the path alone.
func (k *killing) point(certificate string) string {
	_, serial, _ := strings.Cut(certificate, "/")
	x, _, err := readBundle(k.path(serial + ".pem"))
	require.NoError(k.t, err)
	return strings.TrimPrefix(x.CRLDistributionPoints[0].FullName[0].Text, "http://pki.example.cn")
}

// look reads the certificate's CRL as a relying party does: it states what was answered.
func (k *killing) look(address, certificate string) {
	response, err := http.Get(address + k.point(certificate))
	if err != nil {
		return // killed meanwhile
	}
	defer response.Body.Close()
	der, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return
	}
	k.stated(der, certificate)
}

// stated holds a CRL against a revocation that was answered, and against the numbers that were seen before.
func (k *killing) stated(der []byte, certificate string) {
	crl, err := pki.ParseCRL(der)
	require.NoError(k.t, err)
	id, err := parseCertificateID(certificate)
	require.NoError(k.t, err)
	_, listed := crl.Entry(id.Serial.Big())
	require.True(k.t, listed, "a revocation that was answered is on the CRL that is served")
	path := k.point(certificate)
	k.note(func() { k.numbers[path] = max(k.numbers[path], crl.Number.Uint64()) })
}

// Row A55: the service is killed while officers enrol and revoke, at random moments. Every certificate and revocation
// that was answered is there when it is started again, nothing was issued twice, and CRL numbers go on.
func TestKillService_A55(t *testing.T) {
	t.Parallel()
	trials := 5
	if testing.Short() {
		trials = 1
	}
	k := newKilling(t)
	k.must(k.ceremony(k.officer("window", enrolling), k.officer("review", approving))...)
	k.edit("approvals: {tls-server: 0}", "serve: {listen: \"127.0.0.1:0\"}")
	for range trials {
		k.trial()
		k.account()
	}
	require.NotEmpty(t, k.issued)
	require.NotEmpty(t, k.revoked)
	t.Logf("%d begun, %d issued and %d revoked were answered over %d kills", len(k.started), len(k.issued), len(k.revoked), trials)
}

// trial has four officers work and kills the service among them.
func (k *killing) trial() {
	k.t.Helper()
	c, address := k.start()
	before := len(k.issued)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { k.work(address) })
	}
	require.Eventually(k.t, func() (some bool) {
		k.note(func() { some = len(k.issued) > before+2 && len(k.revoked) > 0 })
		return some
	}, time.Minute, time.Millisecond)
	time.Sleep(mathrand.N(500 * time.Millisecond))
	require.NoError(k.t, c.Process.Kill())
	all.Wait()
	require.Error(k.t, c.Wait())
}

// account opens what the kill has left, repeats what was not answered, and holds everything against what was.
func (k *killing) account() {
	k.t.Helper()
	ctx := k.t.Context()
	c := &program{dir: k.path("ca"), World: &cli.World{
		Env: func(name string) string { return k.env[name] }, Now: time.Now, Rand: rand.Reader, Out: io.Discard, Err: io.Discard,
	}}
	o, err := c.openOffice(ctx)
	require.NoError(k.t, err)
	defer func() {
		require.NoError(k.t, o.close())
		proctest.Settle()
	}()
	who := ca.Actor{Name: "核对", Roles: ca.RoleEnrol | ca.RoleInspect}
	for _, application := range k.started {
		id, err := ca.ParseApplicationID(application)
		require.NoError(k.t, err)
		done, err := o.register.Issue(ctx, who, id, nil)
		require.NoError(k.t, err)
		if answered, ok := k.issued[application]; ok {
			require.Equal(k.t, answered, done.Certificate.ID.String(), "repeated, it is the same certificate")
		}
		k.issued[application] = done.Certificate.ID.String()
	}
	k.onceEach(o, who)
	require.NoError(k.t, o.publisher.Due(ctx))
	h, err := ca.NewHandler(ca.HandlerConfig{Publisher: o.publisher})
	require.NoError(k.t, err)
	for certificate := range k.revoked {
		path := k.point(certificate)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		require.Equal(k.t, http.StatusOK, w.Code)
		before := k.numbers[path]
		k.stated(w.Body.Bytes(), certificate)
		crl, err := pki.ParseCRL(w.Body.Bytes())
		require.NoError(k.t, err)
		require.GreaterOrEqual(k.t, crl.Number.Uint64(), before, "CRL numbers go on")
	}
}

// onceEach: every certificate in the issuance log belongs to one application, and every revocation that was answered is
// in the register; the audit is whole.
func (k *killing) onceEach(o *office, who ca.Actor) {
	k.t.Helper()
	ctx := k.t.Context()
	of := map[ca.ApplicationID]string{}
	issuers, err := o.register.Issuers(ctx)
	require.NoError(k.t, err)
	require.NoError(k.t, o.register.Export(ctx, who, issuers[0], 0, func(f *ca.Found) bool {
		require.Empty(k.t, of[f.Application], "an application was issued twice")
		of[f.Application] = f.ID.String()
		if k.revoked[f.ID.String()] {
			require.Equal(k.t, ca.StateRevoked, f.Status.State)
		}
		return true
	}))
	for application, certificate := range k.issued {
		id, err := ca.ParseApplicationID(application)
		require.NoError(k.t, err)
		require.Equal(k.t, certificate, of[id], "what was answered is there")
	}
	require.NoError(k.t, o.register.AuditTrail(ctx, who, 1, func(ca.AuditEntry) bool { return true }))
}

// A ceremony that is killed leaves nothing that a second one trips over: it says in one line what to do, and does it.
func TestKillCeremony(t *testing.T) {
	t.Parallel()
	trials := 6
	if testing.Short() {
		trials = 2
	}
	calm := newKilling(t)
	officers := []string{calm.officer("window", enrolling), calm.officer("review", approving)}
	began := time.Now()
	calm.must(calm.ceremony(officers...)...)
	took := time.Since(began)
	halfway := 0
	for range trials {
		k := newKilling(t)
		k.env["ELICENSE_CA_OFFICER"] = calm.path("window.pem")
		c := k.process(k.ceremony(officers...)...)
		require.NoError(t, c.Start())
		time.Sleep(mathrand.N(took))
		_ = c.Process.Kill() // it may have ended
		_ = c.Wait()
		if _, err := os.Stat(k.path("ca" + unfinished)); err == nil {
			halfway++
			out, err := k.process(k.ceremony(officers...)...).CombinedOutput()
			require.Error(t, err)
			require.Contains(t, string(out), "--discard-unfinished")
			k.must(append(k.ceremony(officers...), "--discard-unfinished")...)
		} else if _, err := os.Stat(k.path("ca")); err != nil {
			k.must(k.ceremony(officers...)...)
		}
		require.Contains(t, k.must("sweep"), "0 with faults")
		left, err := filepath.Glob(k.path("*"))
		require.NoError(t, err)
		for i := range left {
			left[i] = filepath.Base(left[i])
		}
		require.Empty(t, slices.DeleteFunc(left, func(name string) bool {
			return slices.Contains([]string{"ca", "master", "root.pem", "root.pem.crl"}, name)
		}))
	}
	t.Logf("%d of %d ceremonies were killed half-way", halfway, trials)
}

// What is no ceremony's own is not discarded.
func TestDiscardUnfinishedKeepsOthers(t *testing.T) {
	t.Parallel()
	k := newKilling(t)
	officers := []string{k.officer("window", enrolling), k.officer("review", approving)}
	require.NoError(t, os.Mkdir(k.path("ca"+unfinished), 0o700))
	other := []byte("another root's key")
	require.NoError(t, os.WriteFile(k.path("root.pem"), other, 0o600))
	out, err := k.process(append(k.ceremony(officers...), "--discard-unfinished")...).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "is not the root's key of that ceremony")
	kept, err := os.ReadFile(k.path("root.pem"))
	require.NoError(t, err)
	require.Equal(t, other, kept)
	require.DirExists(t, k.path("ca"+unfinished))
}
