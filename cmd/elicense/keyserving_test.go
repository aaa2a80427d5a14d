package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/engine/sealed"
)

// TestChangeKeysUnderLoad: the master key and the data keys are changed by the commands of the page on operations while
// departments issue. No call fails, and everything that was answered is there afterwards, under the last key alone.
func TestChangeKeysUnderLoad(t *testing.T) {
	dir := t.TempDir() + "/data"
	all := &answered{sent: map[string]api.IssueRequest{}, written: map[string]api.Written{}}
	s := serve(t, dir)
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() { all.department(s, 0, n) })
	}
	former := masterOf(t, dir)
	data := &runner{t, dir}
	for range 2 {
		require.Contains(t, data.ok("--json", "key", "rotate"), `"changed":true`)
		require.Contains(t, data.ok("--json", "key", "renew"), `"moved":`)
		data.ok("key", "login")
		data.ok("key", "login", "--stolen")
		for _, whose := range []string{whoseVault, whoseSealMaker, fixtures.Departments()[0].Code} {
			data.ok("certificate", "renew", whose)
		}
	}
	require.Equal(t, cli.ExitUsage, data.run("certificate", "renew", "nobody").code)
	require.Equal(t, 2, strings.Count(s.errs.String(), "master key changed"), "%s", s.errs)
	all.Lock()
	written := len(all.written)
	all.Unlock()
	require.Eventually(t, func() bool {
		all.Lock()
		defer all.Unlock()
		return len(all.written) > written+4
	}, time.Minute, 10*time.Millisecond, "it goes on after the change")
	s.kill()
	wg.Wait()
	require.NotEqual(t, former, masterOf(t, dir))
	s = serve(t, dir)
	all.sendAgain(s)
	s.kill()
	for _, order := range []string{"rotate", "renew", "login"} {
		(&runner{t, dir}).ok("key", order)
	}
	data.ok("doctor")
}

func masterOf(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, masterFile))
	require.NoError(t, err)
	return string(text)
}

// served runs the service of a directory that is no sandbox, under its old master key, until it says where it is.
func (k keyed) served(environment ...string) (process *exec.Cmd, address string, errs *lockedBuffer) {
	k.t.Helper()
	c := child(k.t, "-d", k.dir, "--json", "serve", "--plain", "--listen", freeAddress(k.t))
	c.Env = append(append(c.Env, "ELICENSE_MASTER_FILE="+k.old), environment...)
	errs = &lockedBuffer{}
	c.Stderr = errs
	out, err := c.StdoutPipe()
	require.NoError(k.t, err)
	require.NoError(k.t, c.Start())
	k.t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	var told struct {
		Serving string `json:"serving"`
	}
	lines := bufio.NewReader(out)
	require.NoError(k.t, json.NewDecoder(lines).Decode(&told), errs)
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	require.Eventually(k.t, func() bool {
		conn, err := net.Dial("unix", filepath.Join(k.dir, controlFile)) // one that was killed leaves the file
		return err == nil && conn.Close() == nil
	}, 10*time.Second, time.Millisecond)
	return c, told.Serving, errs
}

// TestChangeMasterKilled: the service is killed before every single write of a change of the master key that it was asked
// for. Whenever it was, exactly one key opens the directory and everything in it, and the same command then finishes,
// with the service or without.
func TestChangeMasterKilled(t *testing.T) {
	whole := newKeyed(t)
	stride := 1
	if testing.Short() {
		stride = 7
	}
	died, old := 0, 0
	for at := 0; ; at += stride {
		k := whole.copy()
		process, _, _ := k.served(dieBeforeWrite + "=" + strconv.Itoa(at))
		if k.run(k.old, "key", "rotate") == cli.ExitDone {
			require.NotZero(t, died)
			require.NoError(t, process.Process.Kill())
			_ = process.Wait()
			require.False(t, k.opens(k.old))
			require.True(t, k.opens(k.new))
			break
		}
		require.Error(t, process.Wait(), "killed")
		died++
		withOld := k.opens(k.old)
		require.NotEqual(t, withOld, k.opens(k.new), "one key, not both and not none, at %d", at)
		if withOld {
			old++
			k.served()
		}
		require.Zero(t, k.run(k.old, "key", "rotate"), "at %d", at)
	}
	require.NotZero(t, old)
	require.Less(t, old, died)
	t.Logf("killed before %d writes, %d of them before the decision", died, old)
}

// TestChangeMasterServing: who does not know the present master key changes nothing; who asks twice is told; and the
// service starts again with either file of the two that its environment names.
func TestChangeMasterServing(t *testing.T) {
	k := newKeyed(t)
	_, address, errs := k.served()
	wrong := filepath.Join(t.TempDir(), "wrong")
	require.NoError(t, os.WriteFile(wrong, []byte(strings.Repeat("0c", 32)), 0o600))
	require.NotZero(t, k.run(wrong, "key", "rotate"))
	require.NotZero(t, k.run(wrong, "key", "renew"))
	same := k
	same.new = k.old
	require.Equal(t, cli.ExitUsage, same.run(k.old, "key", "rotate"))
	require.NotContains(t, errs.String(), "master key changed")

	require.Zero(t, k.run(k.old, "key", "rotate"))
	require.Zero(t, k.run(k.old, "key", "rotate"), "it is in use already")
	require.Equal(t, 1, strings.Count(errs.String(), "master key changed"))
	require.NotZero(t, k.run(k.old, "key", "renew"))
	require.Zero(t, k.run(k.new, "key", "renew"))
	require.Zero(t, k.run(k.new, "key", "renew"), "the same service renews again")
	require.Equal(t, cli.ExitFailed, k.run(k.new, "key", "login"), "it gives no tokens")
	res, err := http.Get(address + "/readyz")
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Contains(t, errs.String(), "data key renewed")
}

// TestStartBetweenKeys: a service that ends between the change of its master key and the replacement of the file starts
// with the new key, if its environment names it too.
func TestStartBetweenKeys(t *testing.T) {
	k := newKeyed(t)
	process, _, _ := k.served()
	require.Zero(t, k.run(k.old, "key", "rotate"))
	require.NoError(t, process.Process.Kill())
	_ = process.Wait()
	_, _, errs := k.served("ELICENSE_NEW_MASTER_FILE=" + k.new)
	require.Contains(t, errs.String(), "新主密钥已在用")
	require.Zero(t, k.run(k.old, "key", "rotate"))
}

// TestChangePassphraseServing: a passphrase is changed to another one, and to a file, while the service runs.
func TestChangePassphraseServing(t *testing.T) {
	k := newKeyed(t)
	ask := func(environment map[string]string) int {
		c := k.program("", "key", "rotate")
		c.Env = func(name string) string { return environment[name] }
		return c.run(t.Context())
	}
	k.served()
	require.Zero(t, ask(map[string]string{"ELICENSE_MASTER_FILE": k.old, "ELICENSE_NEW_PASSPHRASE": "made-up one"}))
	require.Zero(t, ask(map[string]string{"ELICENSE_MASTER_FILE": k.old, "ELICENSE_NEW_PASSPHRASE": "made-up one"}), "in use")
	require.Zero(t, ask(map[string]string{"ELICENSE_PASSPHRASE": "made-up one", "ELICENSE_NEW_PASSPHRASE": "made-up two"}))
	require.NotZero(t, ask(map[string]string{"ELICENSE_PASSPHRASE": "made-up one", "ELICENSE_NEW_MASTER_FILE": k.new}))
	require.Zero(t, ask(map[string]string{"ELICENSE_PASSPHRASE": "made-up two", "ELICENSE_NEW_MASTER_FILE": k.new}))
	require.NotZero(t, ask(map[string]string{"ELICENSE_PASSPHRASE": "made-up two"}), "no key to come")
}

// TestControlRefuses: an order is taken once, from who knows the master key, and in the form that it has; a directory that
// somebody else has open takes none.
func TestControlRefuses(t *testing.T) {
	k := newKeyed(t)
	c := k.program(k.old)
	_, err := c.askService(t.Context())
	require.ErrorIs(t, err, errNoControl)
	process, _, _ := k.served()
	master, err := masterFromFile(k.old)
	require.NoError(t, err)
	info, err := os.Stat(filepath.Join(k.dir, controlFile))
	require.NoError(t, err)
	require.Zero(t, info.Mode().Perm()&0o077, "nobody but the owner connects")

	first, err := c.askService(t.Context())
	require.NoError(t, err)
	order := controlOrder{Order: orderCheck}
	order.Sealed, err = master.SealMessage(nil, order.about(first.hello.Challenge), c.Rand)
	require.NoError(t, err)
	send := func(conn net.Conn, o controlOrder) string {
		require.NoError(t, json.NewEncoder(conn).Encode(o))
		var answer controlAnswer
		require.NoError(t, json.NewDecoder(conn).Decode(&answer))
		require.NoError(t, conn.Close())
		return answer.Refused
	}
	require.Empty(t, send(first, order))
	for want, change := range map[string]func(*controlOrder){
		refusedMaster: func(*controlOrder) {}, // recorded, and sent again
		refusedOrder: func(o *controlOrder) {
			o.Order = "another"
		},
	} {
		again, err := c.askService(t.Context())
		require.NoError(t, err)
		o := order
		if change(&o); o.Order != order.Order {
			o.Sealed, err = master.SealMessage(nil, o.about(again.hello.Challenge), c.Rand)
			require.NoError(t, err)
		}
		require.Equal(t, want, send(again, o))
	}
	for _, message := range [][]byte{nil, {1}, append(make([]byte, 32), 1)} {
		bad, err := c.askService(t.Context())
		require.NoError(t, err)
		o := controlOrder{Order: orderRotate}
		o.Sealed, err = master.SealMessage(message, o.about(bad.hello.Challenge), c.Rand)
		require.NoError(t, err)
		require.Equal(t, refusedOrder, send(bad, o))
	}
	require.NoError(t, process.Process.Kill())
	_ = process.Wait()
	require.True(t, k.opens(k.old))
}

// TestCertifyServing: a certificate that is renewed while the service answers is the one that signs from then on, and so
// is the seal.
func TestCertifyServing(t *testing.T) {
	k := newKeyed(t)
	require.Zero(t, k.run(k.old, "caller", "add", "other", "--name", "示例省网上办事大厅"))
	d := fixtures.Departments()[0]
	require.Zero(t, k.run(k.old, "department", "add", "--name", d.Name, "--code", d.Code, "--replace", "--issues", "11990000MB1E000137001"))
	c := k.program(k.old)
	h, err := c.openHouse(t.Context(), k.dir)
	require.NoError(t, err)
	before, _, err := h.custody.SignerFor(d.Code, c.Now())
	require.NoError(t, err)
	seal, err := h.documents.sealer(d.Code)
	require.NoError(t, err)
	require.NotNil(t, seal)
	renew := func(whose string) {
		a, err := c.by(&h.settings, operator("换发证书"))
		require.NoError(t, err)
		answer := c.ordered(t, h, orderCertificate, &a, whose)
		require.Empty(t, answer.Refused)
	}
	renew(d.Code)
	after, custody, err := h.custody.SignerFor(d.Code, c.Now())
	require.NoError(t, err)
	require.True(t, custody)
	require.NotEqual(t, before, after)
	again, err := h.documents.sealer(d.Code)
	require.NoError(t, err)
	require.NotNil(t, again)
	require.NotSame(t, seal, again)
	_, err = h.custody.Certificates(before)
	require.NoError(t, err, "what the former signed is verified with it")

	hooks := c.webhooks(h, &serveSettings{Receivers: []string{"receiver.example"}})
	passes := c.certifier(h)
	verifying, err := c.verifying(t.Context(), h)
	require.NoError(t, err)
	former := hooks.Key().Certificate
	statement, err := h.signer.SignStatement(t.Context(), []byte("x"))
	require.NoError(t, err)
	renew(whoseVault)
	later, err := h.signer.SignStatement(t.Context(), []byte("x"))
	require.NoError(t, err)
	present, err := certificatesIn(filepath.Join(k.dir, vaultFile))
	require.NoError(t, err)
	require.NotContains(t, string(statement), string(present[0].Raw))
	require.Contains(t, string(later), string(present[0].Raw))
	require.NotEqual(t, former, present[0].Raw)
	require.Equal(t, present[0].Raw, hooks.Key().Certificate, "the next webhook")
	pass, err := passes.Detached(t.Context(), []byte("x"))
	require.NoError(t, err)
	require.Contains(t, string(pass), string(present[0].Raw), "the next certificate of conformance")
	closing, err := verifying.Closing()
	require.NoError(t, err)
	require.Equal(t, present[0].Raw, closing.Chain[0].Raw, "the next file of evidence")
	require.NoError(t, h.close())
	require.True(t, k.opens(k.old))
}

// TestSealsWhileChanging: seals that are read while the master key changes, and after it, open.
func TestSealsWhileChanging(t *testing.T) {
	k := newKeyed(t)
	c := k.program(k.old)
	h, err := c.openHouse(t.Context(), k.dir)
	require.NoError(t, err)
	read := func() error {
		sealer, err := c.openSeal(h, fixtures.Departments()[0].Code)
		if err == nil && sealer == nil {
			err = os.ErrNotExist
		}
		return errors.Join(err, h.keys[len(h.keys)-1].open())
	}
	var wg sync.WaitGroup
	stop := make(chan struct{})
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				assert.NoError(t, read())
			}
		}
	})
	for n := range byte(5) {
		former, next := h.master, sealed.Master{1 + n}
		require.NoError(t, c.rotateServing(t.Context(), h, &former, next[:]))
	}
	close(stop)
	wg.Wait()
	require.NoError(t, read())
	require.NoError(t, h.close())
}

// TestChangeMasterFails: a change that was decided and cannot be carried out is pending: no keyring is changed and no
// backup made until it is, which asking for it again does.
func TestChangeMasterFails(t *testing.T) {
	k := newKeyed(t)
	c := k.program(k.old)
	h, err := c.openHouse(t.Context(), k.dir)
	require.NoError(t, err)
	old, next := h.master, sealed.Master{1}
	path := filepath.Join(k.dir, vaultFile)
	c.beforeWrite = func() {
		if errors.Is(h.rotationPending(), errRotationPending) {
			require.NoError(t, os.RemoveAll(path))
			require.NoError(t, os.MkdirAll(filepath.Join(path, "in the way"), 0o700))
		}
	}
	require.Error(t, c.rotateServing(t.Context(), h, &old, next[:]))
	require.Equal(t, next, h.master, "decided is decided")
	require.ErrorIs(t, c.rotateServing(t.Context(), h, &next, old[:]), errRotationPending)
	require.ErrorIs(t, c.rotateServing(t.Context(), h, &old, next[:]), sealed.ErrWrongMaster)
	_, err = c.renewServing(t.Context(), h)
	require.ErrorIs(t, err, errRotationPending)
	require.ErrorIs(t, c.backup(t.Context(), h, filepath.Join(t.TempDir(), "backup")), errRotationPending)
	c.beforeWrite = nil
	require.Error(t, c.carryOutPending(t.Context(), h))
	require.NoError(t, os.RemoveAll(path))
	require.NoError(t, c.carryOutPending(t.Context(), h))
	_, err = c.renewServing(t.Context(), h)
	require.NoError(t, err)
	require.NoError(t, c.backup(t.Context(), h, filepath.Join(t.TempDir(), "backup")))
	require.NoError(t, h.close())
	require.NoError(t, os.WriteFile(k.new, []byte(hex.EncodeToString(next[:])), 0o600))
	require.False(t, k.opens(k.old))
	require.True(t, k.opens(k.new))
}
