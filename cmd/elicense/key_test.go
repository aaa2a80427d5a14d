package main

import (
	"context"
	"crypto/rand"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/internal/proctest"
)

// keyed is a data directory that is no sandbox, with a department and all four engines, and two master keys beside it.
type keyed struct {
	t        *testing.T
	dir      string
	old, new string // files of master keys
}

func newKeyed(t *testing.T) keyed {
	t.Helper()
	beside := t.TempDir()
	k := keyed{t, filepath.Join(t.TempDir(), "data"), filepath.Join(beside, "old"), filepath.Join(beside, "new")}
	require.NoError(t, os.WriteFile(k.old, []byte(strings.Repeat("0a", 32)), 0o600))
	require.NoError(t, os.WriteFile(k.new, []byte(strings.Repeat("0b", 32)), 0o600))
	require.Zero(t, k.run(k.old, "init", "--origin", "vault.example", "--name", "示例省数据管理局", "--code", "11350000EX0000002M"))
	d := fixtures.Departments()[0]
	require.Zero(t, k.run(k.old, "department", "add", "--name", d.Name, "--code", d.Code))
	c := k.program(k.old)
	h, err := c.openHouse(t.Context(), k.dir)
	require.NoError(t, err)
	for _, name := range []string{serviceDir, serviceFilesDir} {
		store, err := c.openKept(t.Context(), h, name)
		require.NoError(t, err)
		require.NoError(t, store.Update(t.Context(), func(w engine.Writer) error { return w.Put([]byte("k"), []byte("v")) }))
	}
	closeHouse(t, h)
	return k
}

// copy is the same directory once more.
func (k keyed) copy() keyed {
	k.t.Helper()
	to := filepath.Join(k.t.TempDir(), "data")
	require.NoError(k.t, copyDirectory(to, k.dir))
	k.dir = to
	return k
}

// environment names a master key and, for a change, the one to come.
func (k keyed) environment(master, next string) map[string]string {
	return map[string]string{"LANG": "C", "ELICENSE_MASTER_FILE": master, "ELICENSE_NEW_MASTER_FILE": next}
}

// program is the command as it runs under a master key.
func (k keyed) program(master string, args ...string) *program {
	next := ""
	if len(args) > 0 && args[0] == "key" {
		next = k.new
	}
	environment, out := k.environment(master, next), &lockedBuffer{}
	k.t.Cleanup(func() {
		if k.t.Failed() {
			k.t.Log(args, out)
		}
	})
	return &program{World: &cli.World{
		Name: "elicense", Args: append([]string{"-d", k.dir}, args...), In: strings.NewReader(""), Out: out, Err: out,
		Now: time.Now, Rand: rand.Reader, Env: func(name string) string { return environment[name] },
	}, columns: 80, selfTest: selfTested, dir: k.dir}
}

func (k keyed) run(master string, args ...string) int {
	defer proctest.Settle()
	return k.program(master, args...).run(k.t.Context())
}

// opens tells whether a master key opens the directory, and everything in it.
func (k keyed) opens(master string) bool {
	k.t.Helper()
	c := k.program(master)
	h, err := c.openHouse(k.t.Context(), k.dir)
	if err != nil {
		require.ErrorIs(k.t, err, sealed.ErrWrongMaster)
		return false
	}
	for _, name := range []string{serviceDir, serviceFilesDir} {
		store, err := c.openKept(k.t.Context(), h, name)
		require.NoError(k.t, err)
		require.NoError(k.t, store.View(k.t.Context(), func(r engine.Reader) error {
			v, err := r.Get([]byte("k"))
			require.Equal(k.t, "v", string(v))
			return err
		}))
	}
	closeHouse(k.t, h)
	require.Zero(k.t, k.run(master, "doctor"), "every key opens and fits its certificate")
	return true
}

// broken prepares a rotation and breaks it off after some of its steps; -1: before it is decided.
func (k keyed) broken(steps int) {
	k.t.Helper()
	c := k.program(k.old, "key", "rotate")
	h := &house{dir: k.dir}
	require.NoError(k.t, h.openEngines())
	defer closeHouse(k.t, h)
	var err error
	h.master, err = masterFromFile(k.old)
	require.NoError(k.t, err)
	next, err := c.newMaster(h)
	require.NoError(k.t, err)
	require.NoError(k.t, c.prepareRotation(k.t.Context(), h, &next))
	if steps < 0 {
		return
	}
	require.NoError(k.t, c.decide(h.rotated()+unfinished, h.rotated()))
	for _, step := range c.rotationSteps(h)[:steps] {
		require.NoError(k.t, step(k.t.Context()))
	}
}

// TestRotateBrokenOff: after every step of a change of the master key the directory opens with exactly one of the two
// keys, and everything in it does; the same command then finishes the change, and it can be taken back.
func TestRotateBrokenOff(t *testing.T) {
	t.Parallel()
	whole := newKeyed(t)
	k := whole.copy()
	k.broken(-1)
	require.False(t, k.opens(k.new))
	require.True(t, k.opens(k.old))
	require.NoDirExists(t, filepath.Join(k.dir, rotationDir+unfinished))
	all := len((&program{}).rotationSteps(&house{}))
	for steps := range all + 1 {
		k := whole.copy()
		k.broken(steps)
		if steps%2 == 0 { // any command carries it out
			require.False(t, k.opens(k.old))
			require.True(t, k.opens(k.new))
		}
		require.Zero(t, k.run(k.old, "key", "rotate"))
		require.NoDirExists(t, filepath.Join(k.dir, rotationDir))
		require.False(t, k.opens(k.old), "after %d steps", steps)
		require.True(t, k.opens(k.new))
	}
}

// TestRotateBack: a change is taken back by the same command with the keys the other way round.
func TestRotateBack(t *testing.T) {
	t.Parallel()
	k := newKeyed(t)
	require.Zero(t, k.run(k.old, "key", "rotate"))
	require.True(t, k.opens(k.new))
	require.Equal(t, cli.ExitUsage, k.run(k.new, "key", "rotate"), "a key cannot follow itself")
	back := k
	back.old, back.new = k.new, k.old
	require.Zero(t, back.run(back.old, "key", "rotate"))
	require.True(t, back.opens(k.old))
	require.False(t, back.opens(k.new))
}

// TestRotateKilled kills the command at random moments. Whenever it was, exactly one key opens the directory, and the
// same command finishes.
func TestRotateKilled(t *testing.T) {
	t.Parallel()
	trials := 8
	if testing.Short() {
		trials = 2
	}
	whole := newKeyed(t)
	rotate := func(k keyed, after time.Duration) {
		c := child(t, "-d", k.dir, "key", "rotate")
		for name, value := range k.environment(k.old, k.new) {
			c.Env = append(c.Env, name+"="+value)
		}
		require.NoError(t, c.Start())
		timer := time.AfterFunc(after, func() { _ = c.Process.Kill() })
		defer timer.Stop()
		_ = c.Wait()
	}
	began := time.Now()
	k := whole.copy()
	rotate(k, time.Minute)
	require.True(t, k.opens(k.new))
	took := time.Since(began)
	old := 0
	for range trials {
		k := whole.copy()
		rotate(k, mathrand.N(took))
		withOld, withNew := k.opens(k.old), k.opens(k.new)
		require.NotEqual(t, withOld, withNew, "one key, not both and not none")
		if withOld {
			old++
		}
		rotate(k, time.Minute)
		require.True(t, k.opens(k.new))
	}
	t.Logf("%d kills, %d before the decision", trials, old)
}

// TestRotateRefuses: what cannot be put under the new key whole is not begun.
func TestRotateRefuses(t *testing.T) {
	t.Parallel()
	k := newKeyed(t)
	path := filepath.Join(k.dir, vaultFile)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	damaged := []byte(string(text))
	damaged[len(encryptedHead)+200] ^= 1
	require.NoError(t, os.WriteFile(path, damaged, 0o600))
	require.NotZero(t, k.run(k.old, "key", "rotate"))
	require.NoDirExists(t, filepath.Join(k.dir, rotationDir))
	require.NoDirExists(t, filepath.Join(k.dir, rotationDir+unfinished))
	require.NoError(t, os.WriteFile(path, text, 0o600))
	require.True(t, k.opens(k.old))
	wrong := filepath.Join(t.TempDir(), "wrong")
	require.NoError(t, os.WriteFile(wrong, []byte(strings.Repeat("0c", 32)), 0o600))
	require.NotZero(t, k.run(wrong, "key", "rotate"))
	require.True(t, k.opens(k.old))
}

// dataKeysOf are the numbers of the data keys under which the values of an engine lie.
func dataKeysOf(t *testing.T, e engine.Engine) map[byte]int {
	t.Helper()
	n := map[byte]int{}
	require.NoError(t, e.View(t.Context(), func(r engine.Reader) error {
		return r.Scan(engine.Range{}, func(key, value []byte) (bool, error) {
			if !strings.HasPrefix(string(key), "\x00elicense") {
				n[value[0]]++
			}
			return true, nil
		})
	}))
	return n
}

// TestRenewDataKeysUnderLoad: data keys are renewed while departments issue. Nothing that was answered is lost, and in the
// end every value of every engine lies under its new key, alone.
func TestRenewDataKeysUnderLoad(t *testing.T) {
	t.Parallel()
	dir := newSandbox(t).dir
	all := &answered{sent: map[string]api.IssueRequest{}, written: map[string]api.Written{}}
	load := func(s *serving, round int, until func() bool) {
		var wg sync.WaitGroup
		for n := range 4 {
			wg.Go(func() { all.department(s, round, n) })
		}
		require.Eventually(t, until, time.Minute, 20*time.Millisecond, "%s", s.errs)
		s.kill()
		wg.Wait()
	}
	load(serve(t, dir), 0, func() bool { all.Lock(); defer all.Unlock(); return len(all.written) > 20 })
	s := serve(t, dir, "--renew-data-keys")
	load(s, 1, func() bool {
		return strings.Count(s.errs.String(), "data key renewed") >= 3 // service-files may hold nothing
	})
	s = serve(t, dir) // goes on where the kill broke it off, if it did
	all.sendAgain(s)
	s.kill()
	c := (&keyed{t: t, dir: dir}).program(filepath.Join(dir, masterFile))
	h, err := c.openHouse(t.Context(), dir)
	require.NoError(t, err)
	for _, name := range []string{vaultDir, blobsDir, serviceDir} {
		e, err := h.engineNamed(name)
		require.NoError(t, err)
		numbers := dataKeysOf(t, e)
		require.Len(t, numbers, 1, name)
		require.Contains(t, numbers, byte(2), name)
	}
	closeHouse(t, h)
	(&runner{t, dir}).ok("doctor")
}

// TestRenewOffline: the command does the same with the service stopped.
func TestRenewOffline(t *testing.T) {
	t.Parallel()
	k := newKeyed(t)
	require.Zero(t, k.run(k.old, "key", "renew"))
	require.Zero(t, k.run(k.old, "key", "rotate"), "all data keys go under the new master key")
	require.True(t, k.opens(k.new))
	stop, cancel := context.WithCancel(t.Context())
	cancel()
	c := k.program(k.new)
	h, err := c.openHouse(t.Context(), k.dir)
	require.NoError(t, err)
	_, err = c.renewAll(stop, h, renewal{fresh: true})
	require.ErrorIs(t, err, context.Canceled)
	closeHouse(t, h)
	require.True(t, k.opens(k.new))
}
