//go:build ignore

// Command testlog reads the events of go test -json, prints a line for each package and the output of what failed, and
// demands a listed reason for each test that skipped.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

const module = "github.com/elicense/elicense"

func main() {
	skips := flag.String("skips", "", "file with the tests that may skip")
	flag.Parse()
	allowed, err := readSkips(*skips)
	if err == nil {
		err = report(os.Stdin, allowed)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "testlog:", err)
		os.Exit(1)
	}
}

// readSkips gives package and test of each line that is no comment and has a reason.
func readSkips(name string) (map[string]bool, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	allowed := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Fields(line)
		if len(f) < 3 {
			return nil, fmt.Errorf("%s: %q gives no reason", name, line)
		}
		allowed[f[0]+" "+f[1]] = true
	}
	return allowed, nil
}

type event struct {
	Action, Package, Test, Output, ImportPath string
	Elapsed                                   float64
}

func report(r io.Reader, allowed map[string]bool) error {
	output := map[string]*strings.Builder{} // of a test, until it has passed
	var failed, skipped []string
	passed, packages := 0, 0
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Println(lines.Text())
			continue
		}
		pkg := strings.TrimPrefix(strings.TrimPrefix(e.Package, module), "/")
		id := strings.TrimSpace(pkg + " " + e.Test)
		if output[id] == nil {
			output[id] = &strings.Builder{}
		}
		switch {
		case e.Action == "build-output":
			fmt.Print(e.Output)
		case e.Action == "build-fail":
			failed = append(failed, e.ImportPath+" (build)")
		case e.Action == "output":
			output[id].WriteString(e.Output)
		case e.Action == "skip" && e.Test != "":
			if !allowed[id] {
				skipped = append(skipped, id+": "+reason(output[id].String()))
			}
			delete(output, id)
		case e.Action == "pass" && e.Test == "":
			packages++
			fmt.Printf("ok   %-40s %7.2fs\n", pkg, e.Elapsed)
			delete(output, id)
		case e.Action == "pass":
			passed++
			delete(output, id)
		case e.Action == "fail":
			failed = append(failed, id)
			fmt.Printf("FAIL %s\n%s", id, output[id])
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	fmt.Printf("%d tests passed in %d packages\n", passed, packages)
	slices.Sort(skipped)
	for _, s := range skipped {
		fmt.Println("skipped without a listed reason:", s)
	}
	switch {
	case len(failed) > 0:
		return fmt.Errorf("failed: %s", strings.Join(failed, ", "))
	case len(skipped) > 0:
		return fmt.Errorf("%d tests skipped that may not", len(skipped))
	case passed == 0:
		return fmt.Errorf("no test ran")
	}
	return nil
}

// reason is what the test said when it skipped.
func reason(output string) string {
	var out []string
	for line := range strings.Lines(output) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(line, "--- ") {
			out = append(out, line)
		}
	}
	return strings.Join(out, " ")
}
