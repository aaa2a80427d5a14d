// Command guards holds the tests of this module against its guards: the checks that make it fail closed. For each entry
// of the lists it takes the guard out, runs the tests that should notice, and demands that they go red.
//
//	go run ./internal/guards            every guard
//	go run ./internal/guards -part 3/20 the third twentieth
//	go run ./internal/guards ID…        the named ones
//
// It leaves the work tree as it is: the changed file is given to the compiler as an overlay. It exits with 1 if a guard
// is missed by its tests, no longer found, or does not compile without its check.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	flags := flag.NewFlagSet("guards", flag.ContinueOnError)
	goCommand := flags.String("go", "go", "the go command")
	part := flags.String("part", "", "run one part of the guards, as 3/20; parts count from 0")
	if err := flags.Parse(os.Args[1:]); err != nil {
		os.Exit(2)
	}
	r := runner{root: ".", goCommand: *goCommand, out: os.Stdout}
	if err := r.main(ctx, *part, flags.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "guards:", err)
		os.Exit(1)
	}
}

var errSurvived = errors.New("some guards are not held")

// main reads the lists and runs what was asked for.
func (r *runner) main(ctx context.Context, part string, ids []string) error {
	guards, err := readLists(os.DirFS(r.root), "internal/guards/list")
	if err != nil {
		return err
	}
	if guards, err = choose(guards, part, ids); err != nil {
		return err
	}
	return r.run(ctx, guards)
}

// choose keeps the guards of a part, or those named.
func choose(guards []guard, part string, ids []string) ([]guard, error) {
	if len(ids) > 0 {
		return chooseNamed(guards, ids)
	}
	if part == "" {
		return guards, nil
	}
	a, b, _ := strings.Cut(part, "/")
	n, err1 := strconv.Atoi(a)
	of, err2 := strconv.Atoi(b)
	if err := errors.Join(err1, err2); err != nil || of < 1 || n < 0 {
		return nil, fmt.Errorf("part %q is not of the form 3/20", part)
	}
	var out []guard
	for k := n % of; k < len(guards); k += of {
		out = append(out, guards[k])
	}
	return out, nil
}

func chooseNamed(guards []guard, ids []string) ([]guard, error) {
	var out []guard
	for _, id := range ids {
		k := slices.IndexFunc(guards, func(g guard) bool { return g.id == id })
		if k < 0 {
			return nil, fmt.Errorf("no guard %q", id)
		}
		out = append(out, guards[k])
	}
	return out, nil
}

// readLists reads every list of a folder in order of names.
func readLists(root fs.FS, folder string) ([]guard, error) {
	names, err := fs.Glob(root, folder+"/*.txt")
	if err != nil {
		return nil, err
	}
	var all []guard
	seen := map[string]bool{}
	for _, name := range names {
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return nil, err
		}
		guards, err := parseList(name, string(text))
		if err != nil {
			return nil, err
		}
		for _, g := range guards {
			if seen[g.id] {
				return nil, fmt.Errorf("%s: guard %s appears twice", name, g.id)
			}
			seen[g.id] = true
		}
		all = append(all, guards...)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no guards in %s", folder)
	}
	return all, nil
}
