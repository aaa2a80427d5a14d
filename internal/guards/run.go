package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// testTimeout bounds one run of tests: without its guard, code may never end.
const testTimeout = "120s"

// runner runs guards in a module.
type runner struct {
	root      string // of the module
	goCommand string
	out       io.Writer
	green     map[test]bool // tests that are green with every guard in place
}

// outcome is what a run of tests said.
type outcome uint8

const (
	broken outcome = iota // it did not compile, or no test ran
	green
	red
)

// run takes each guard out and reports.
func (r *runner) run(ctx context.Context, guards []guard) error {
	failed := 0
	for _, g := range guards {
		verdict := "held"
		if err := r.check(ctx, g); err != nil {
			failed++
			verdict = "NOT HELD: " + err.Error()
		}
		if _, err := fmt.Fprintf(r.out, "guard %-32s %s\n", g.id, verdict); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintf(r.out, "guards: %d checked, %d not held\n", len(guards), failed); err != nil {
		return err
	}
	if failed > 0 {
		return errSurvived
	}
	return nil
}

// sound runs tests with all guards in place, once: a test that is red anyway proves nothing.
func (r *runner) sound(ctx context.Context, t test) error {
	if r.green[t] {
		return nil
	}
	result, output, err := r.test(ctx, t, "")
	if err != nil {
		return err
	}
	if result != green {
		return fmt.Errorf("%s %s is not green with every guard in place:\n%s", t.pkg, t.pattern, output)
	}
	if r.green == nil {
		r.green = map[test]bool{}
	}
	r.green[t] = true
	return nil
}

// check takes one guard out. Nil means that each of its tests went red.
func (r *runner) check(ctx context.Context, g guard) error {
	file := filepath.Join(r.root, filepath.FromSlash(g.file))
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	changed, err := g.without(string(text))
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "guards-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // a temporary folder that stays does no harm
	overlay, err := writeOverlay(dir, file, changed)
	if err != nil {
		return err
	}
	for _, t := range g.tests {
		if err := r.sound(ctx, t); err != nil {
			return err
		}
		result, output, err := r.test(ctx, t, overlay)
		switch {
		case err != nil:
			return err
		case result == broken:
			return fmt.Errorf("%s does not compile or run without it:\n%s", t.pkg, output)
		case result == green:
			return fmt.Errorf("%s %s stays green", t.pkg, t.pattern)
		}
	}
	return nil
}

// writeOverlay writes the changed file and the JSON that puts it in the place of the other.
func writeOverlay(dir, file, changed string) (string, error) {
	abs, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	other := filepath.Join(dir, filepath.Base(file))
	data, err := json.Marshal(map[string]map[string]string{"Replace": {abs: other}})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	const mode = 0o600
	return overlay, errors.Join(os.WriteFile(other, []byte(changed), mode), os.WriteFile(overlay, data, mode))
}

// test runs tests and tells how they went, with their output.
func (r *runner) test(ctx context.Context, t test, overlay string) (outcome, string, error) {
	args := []string{"test", "-json", "-count=1", "-vet=off", "-timeout=" + testTimeout, "-run", t.pattern}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	args = append(args, t.pkg)
	if r.usesRapid(t.pkg) {
		args = append(args, "-rapid.nofailfile") // a failure that is wanted leaves nothing behind
	}
	cmd := exec.CommandContext(ctx, r.goCommand, args...)
	cmd.Dir = r.root
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return broken, "", fmt.Errorf("running tests: %w", err)
	}
	result, output := judge(&stdout)
	return result, output + stderr.String(), nil
}

// usesRapid reports whether tests of a package run rapid, which by itself keeps a file of each failure.
func (r *runner) usesRapid(pkg string) bool {
	files, err := filepath.Glob(filepath.Join(r.root, filepath.FromSlash(pkg), "*_test.go"))
	if err != nil {
		return false
	}
	return slices.ContainsFunc(files, func(file string) bool {
		text, err := os.ReadFile(file)
		return err == nil && bytes.Contains(text, []byte(`"pgregory.net/rapid"`))
	})
}

// judge reads the events of go test -json. Red is a run in which something failed, be it by a panic or because it did
// not end; a package in which no test began did not compile or did not start.
func judge(events io.Reader) (outcome, string) {
	var output strings.Builder
	ran, failed := false, false
	decoder := json.NewDecoder(events)
	for {
		var e struct{ Action, Test, Output string }
		if decoder.Decode(&e) != nil {
			break
		}
		switch e.Action {
		case "output", "build-output":
			output.WriteString(e.Output)
		case "run":
			ran = true
		case "fail":
			failed = true
		case "build-fail":
			return broken, output.String()
		}
	}
	switch {
	case !ran:
		return broken, output.String()
	case failed:
		return red, output.String()
	}
	return green, output.String()
}
