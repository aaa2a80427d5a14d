package main

import (
	"cmp"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// ordered has work done as a running service does it.
func (c *program) ordered(t *testing.T, h *house, order string, a *vault.Access, what any) controlAnswer {
	t.Helper()
	text, err := json.Marshal(what)
	require.NoError(t, err)
	message, err := json.Marshal(errand{*askerOf(a), text})
	require.NoError(t, err)
	return c.work(t.Context(), h, order, message)
}

// said runs a command and gives what it says.
func (k keyed) said(want int, args ...string) string {
	k.t.Helper()
	c := k.program(k.old, args...)
	environment := c.Env
	c.Env = func(name string) string { return cmp.Or(environment(name), passphraseAlone(name)) }
	require.Equal(k.t, want, c.run(k.t.Context()), "%v: %s", args, c.Out)
	return told(c)
}

// TestRegisterServing_A71: departments, operators and systems are registered, and systems end, while the service
// answers, with the entries that the audit has of the same on a directory that nobody serves; each counts for the very
// next call. What is refused is refused in the same words.
func TestRegisterServing_A71(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the whole program")
	}
	k, keys, d := newKeyed(t), t.TempDir(), fixtures.Departments()[1]
	still := k.copy()
	process, address, errs := k.served()
	ask := func(want int, credentials string, args ...string) string {
		c := k.program(k.old)
		c.Args = append([]string{"--server", address, "--credentials", filepath.Join(keys, credentials)}, args...)
		c.Env = passphraseAlone
		require.Equal(t, want, c.run(t.Context()), "%v: %s\n%s", args, c.Out, errs)
		return told(c)
	}
	refused := map[keyed][]string{}
	for _, at := range []keyed{still, k} {
		out := func(name string) string {
			if at == still {
				name += "-still"
			}
			return filepath.Join(keys, name)
		}
		at.said(0, "department", "add", "--name", d.Name, "--code", d.Code, "--issues", fixtures.FoodLicence, "--purpose", "新部门")
		at.said(0, "caller", "add", "second", "--name", "示例省数据管理局", "--code", "11350000EX0000002M", "--operator", "--case", "2026-1")
		at.said(0, "caller", "enrol", "market-1", "--caller", d.Code, "--out", out("market"))
		at.said(0, "caller", "enrol", "second-1", "--caller", "second", "--role", "operator", "--out", out("operator"))
		require.Contains(t, at.said(0, "caller", "systems"), "market-1")
		require.Contains(t, at.said(0, "caller", "list"), "second")
		at.said(0, "certificate", "crl")
		require.Contains(t, at.said(cli.ExitUsage, "caller", "enrol", "market-1", "--caller", d.Code, "--out", out("market")),
			"not overwritten")
		refused[at] = []string{
			at.said(cli.ExitUsage, "department", "add", "--name", d.Name, "--code", d.Code),
			at.said(cli.ExitFailed, "department", "add", "--name", d.Name, "--code", fixtures.Departments()[2].Code, "--issues", "x"),
			at.said(cli.ExitFailed, "caller", "add", "third", "--issues", "x"),
			at.said(cli.ExitUsage, "caller", "enrol", "x", "--caller", "nobody", "--out", out("nobody")),
			at.said(cli.ExitFailed, "caller", "add", "third", "--as", d.Code),
			at.said(cli.ExitUsage, "caller", "revoke", "nobody"),
			at.said(cli.ExitFailed, "caller", "revoke", "market-1", "--as", d.Code),
			at.said(cli.ExitUsage, "certificate", "renew", "nobody"),
		}
	}
	require.Equal(t, refused[still], refused[k])
	require.NoDirExists(t, filepath.Join(keys, "nobody"))

	ask(0, "market", "type", "list")
	require.Contains(t, ask(0, "operator", "caller", "systems"), "market-1")
	backup := filepath.Join(t.TempDir(), "backup")
	k.said(0, "backup", backup)
	require.FileExists(t, filepath.Join(backup, vaultDir+backupEnding))
	k.said(0, "caller", "revoke", "market-1")
	still.said(0, "caller", "revoke", "market-1")
	require.Contains(t, ask(cli.ExitFailed, "market", "type", "list"), "credentials-revoked")
	require.NotContains(t, errs.String(), "changing keys failed")
	require.NoError(t, process.Process.Kill())
	_ = process.Wait()
	entries := k.audit()
	require.Equal(t, still.audit(), entries)
	for _, want := range []struct{ act, object, change, purpose string }{
		{"register-system", "registration market-1", "caller " + d.Code + "; role department-system; signature SM3; tls SM3 unchecked", "登记调用系统"},
		{"register-system", "registration second-1", "caller second; role operator; signature SM3; tls SM3 unchecked", "登记调用系统"},
		{"revoke-system", "registration market-1", "caller " + d.Code, "撤销调用系统"},
	} {
		require.True(t, slices.ContainsFunc(entries, func(e record.AuditEntry) bool {
			return e.Act == want.act && e.Object == want.object && e.Change == want.change && e.Asked.Caller == operatorID &&
				e.Asked.Ground == "operator" && e.Asked.Purpose == want.purpose && e.Result == "done"
		}), "%v in %v", want, entries)
	}
	list := k.program(k.old, "audit", "list")
	require.Zero(t, list.run(t.Context()))
	require.Contains(t, told(list), "revoke-system")
	require.Zero(t, k.run(k.old, "doctor"))
}

func passphraseAlone(name string) string {
	return map[string]string{"LANG": "C", "ELICENSE_KEY_PASSPHRASE": systemPassphrase}[name]
}

func told(c *program) string {
	out, _ := c.Out.(*lockedBuffer)
	return out.String()
}

// digests are names of certificates.
var digests = regexp.MustCompile("[0-9a-f]{64}")

// audit has what the entries say, in their order, but for when.
func (k keyed) audit() []record.AuditEntry {
	k.t.Helper()
	c := k.program(k.old)
	h, err := c.openHouse(k.t.Context(), k.dir)
	require.NoError(k.t, err)
	defer closeHouse(k.t, h)
	a, err := c.by(&h.settings, operator("x"))
	require.NoError(k.t, err)
	var list []record.AuditEntry
	require.NoError(k.t, h.vault.AuditTrail(k.t.Context(), a, 1, func(e *record.AuditEntry) bool {
		entry := *e
		entry.Number, entry.Previous, entry.Time = 0, record.Digest{}, time.Time{}
		entry.Change = digests.ReplaceAllString(entry.Change, "SM3") // of keys that are drawn
		if e.Message == "" {                                         // nobody's request over HTTP
			list = append(list, entry)
		}
		return true
	}))
	return list
}

// TestEnrolKilled_A71: the service is killed before every other write of a department's enrolment that it was asked for.
// Whenever it was, the department is there whole, with a registration, a key and a seal that open, or not at all; and
// the same command enrols it then, with the service or without.
func TestEnrolKilled_A71(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the whole program")
	}
	whole, d := newKeyed(t), fixtures.Departments()[1]
	add := []string{"department", "add", "--name", d.Name, "--code", d.Code}
	died, there := 0, 0
	for at := 0; ; at += 2 {
		k := whole.copy()
		process, _, _ := k.served(dieBeforeWrite + "=" + strconv.Itoa(at))
		if k.run(k.old, add...) == cli.ExitDone {
			require.True(t, k.enrolled(process, d.Code))
			break
		}
		require.Error(t, process.Wait(), "killed")
		died++
		if at%4 == 0 {
			process, _, _ = k.served() // which finishes what was decided
			k.said(0, "caller", "list")
		} else {
			process = nil
		}
		again := cli.ExitDone
		if k.enrolled(process, d.Code) {
			there, again = there+1, cli.ExitUsage
		}
		require.Equal(t, again, k.run(k.old, add...), "at %d", at)
	}
	require.NotZero(t, there)
	require.Less(t, there, died)
	t.Logf("killed before %d writes, %d of them after the decision", died, there)
}

// enrolled tells whether a department is there; half of one fails. The service ends before.
func (k keyed) enrolled(process *exec.Cmd, uscc string) bool {
	k.t.Helper()
	if process != nil {
		require.NoError(k.t, process.Process.Kill())
		_ = process.Wait()
	}
	registered := strings.Contains(k.said(0, "caller", "list"), uscc)
	require.NoDirExists(k.t, filepath.Join(k.dir, enrolmentDir))
	require.NoDirExists(k.t, filepath.Join(k.dir, enrolmentDir+unfinished))
	for _, name := range []string{
		filepath.Join(staffDir, uscc+".pem"), filepath.Join(sealsDir, uscc+".pem"), filepath.Join(sealsDir, uscc+sealSuffix),
	} {
		_, err := os.Stat(filepath.Join(k.dir, name))
		require.Equal(k.t, registered, err == nil, "%s: %v", name, err)
	}
	c := k.program(k.old)
	h, err := c.openHouse(k.t.Context(), k.dir)
	require.NoError(k.t, err)
	defer closeHouse(k.t, h)
	sealer, err := c.openSeal(h, uscc)
	require.NoError(k.t, err)
	require.Equal(k.t, registered, sealer != nil)
	_, custody, err := h.custody.SignerFor(uscc, c.Now())
	require.Equal(k.t, registered, err == nil && custody)
	return registered
}
