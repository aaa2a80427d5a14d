package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/proctest"
)

// fencedBlock finds the blocks of one language.
func fencedBlocks(t *testing.T, document, language string) []string {
	t.Helper()
	text, err := os.ReadFile("../../docs/" + document)
	require.NoError(t, err)
	var out []string
	for _, b := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		out = append(out, b[1])
	}
	require.NotEmpty(t, out, document)
	return out
}

// A reader of the documents works in a folder with the sandbox beside him, and has the program at hand.
type reader struct {
	t        *testing.T
	dir      string
	from, to string // address in the documents, and in the test
}

// newReader starts the sandbox that the documents begin with.
func newReader(t *testing.T) *reader {
	t.Helper()
	for _, tool := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("the commands of the documents need " + tool)
		}
	}
	r := &reader{t: t, dir: t.TempDir(), from: "https://127.0.0.1:8443"}
	s := serve(t, filepath.Join(r.dir, "sandbox"))
	r.to = strings.TrimSuffix(s.base, api.Version)
	c := (&keyed{t: t, dir: filepath.Join(r.dir, "sandbox")}).program("")
	require.NoError(t, c.makeSandboxCertificate(c.dir)) // named by the documents, and not needed here
	r.install()
	return r
}

// install puts the program where a shell finds it.
func (r *reader) install() {
	r.t.Helper()
	script := fmt.Sprintf("#!/bin/sh\n%s=1 exec '%s' \"$@\"\n", proctest.AsProgram, os.Args[0])
	require.NoError(r.t, os.MkdirAll(filepath.Join(r.dir, "bin"), 0o700))
	require.NoError(r.t, os.WriteFile(filepath.Join(r.dir, "bin", "elicense"), []byte(script), 0o700))
}

// here puts the addresses of the test into a text of the documents.
func (r *reader) here(text string) string { return strings.ReplaceAll(text, r.from, r.to) }

// follow types the commands of a document in their order; the first that fails ends it.
func (r *reader) follow(document string) {
	r.t.Helper()
	commands := append([]string{"set -e"}, fencedBlocks(r.t, document, "sh")...)
	cmd := exec.CommandContext(r.t.Context(), "sh", "-x")
	cmd.Dir, cmd.Stdin = r.dir, strings.NewReader(r.here(strings.Join(commands, "\n")))
	cmd.Env = append(child(r.t).Env, proctest.AsProgram+"=",
		"PATH="+filepath.Join(r.dir, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	require.NoError(r.t, err, "%s: %s", document, regexp.MustCompile("(?m)^(.{600}).*$").ReplaceAll(out, []byte("$1…")))
}

// goProgram writes the one program of a document as a file, which the go command takes as if it were of this module.
func (r *reader) goProgram(verb, document string) string {
	r.t.Helper()
	programs := fencedBlocks(r.t, document, "go")
	require.Len(r.t, programs, 1, document)
	file := filepath.Join(r.t.TempDir(), "main.go")
	text := strings.ReplaceAll(r.here(programs[0]), "sandbox/keys", filepath.Join(r.dir, "sandbox/keys"))
	require.NoError(r.t, os.WriteFile(file, []byte(text), 0o600))
	out, err := exec.CommandContext(r.t.Context(), "go", verb, file).CombinedOutput()
	require.NoError(r.t, err, "%s: %s", document, out)
	return string(out)
}

// TestDocuments_A71: every command of the documents does what the text says, in the order of the text: a developer who has
// the documents and nothing else declares, issues, changes, compares, converts and ends licences.
func TestDocuments_A71(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	for _, document := range []string{"api.md", "licence-types.md", "jobs.md", "events.md", "sharing.md"} {
		r.follow(document)
	}
	if !testing.Short() { // these build programs
		require.Regexp(t, `^JY\d{14} 2 valid\n$`, r.goProgram("run", "api.md"))
		r.goProgram("vet", "events.md")
	}
}

// TestOperationsDocument: from nothing to a licence that a department has issued and a hall has compared, by mutual TLS
// and signatures, with the commands of docs/operations.md and no others.
func TestOperationsDocument(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"sh", "openssl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("the commands of the document need " + tool)
		}
	}
	r := &reader{t: t, dir: t.TempDir(), from: "127.0.0.1:8443", to: freeAddress(t)}
	r.install()
	r.follow("operations.md")
}
