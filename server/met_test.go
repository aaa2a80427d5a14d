package server_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"sync"
	"testing"

	"github.com/elicense/elicense/server"
)

// met are the codes that answers of the service told while tests ran, each brought about by a request.
var met = struct {
	sync.Mutex

	codes map[string]bool
}{codes: map[string]bool{}}

// meets notes what every answer of a handler tells. Answers to what the world puts in are none that were met, nor those to
// requests that are drawn by lot, which meet something else each time.
func (w *world) meets(next http.Handler) http.Handler {
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		heard := &hearing{ResponseWriter: out}
		next.ServeHTTP(heard, r)
		if w.pages.err == nil && !w.drawn {
			heard.note()
		}
	})
}

// hearing is an answer of which the text is kept as well.
type hearing struct {
	http.ResponseWriter

	text bytes.Buffer
}

// Write implements io.Writer.
func (h *hearing) Write(b []byte) (int, error) {
	h.text.Write(b)
	return h.ResponseWriter.Write(b)
}

// Unwrap lets an answer be sent in parts.
func (h *hearing) Unwrap() http.ResponseWriter { return h.ResponseWriter }

var codeInAnswer = regexp.MustCompile(`"code":"([^"]+)"`)

func (h *hearing) note() {
	met.Lock()
	defer met.Unlock()
	for _, m := range codeInAnswer.FindAllSubmatch(h.text.Bytes(), -1) {
		met.codes[string(m[1])] = true
	}
}

// TestMain holds what was met, after a run of every test, against the codes that there are.
func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 && everyTest() {
		code = unmet()
	}
	os.Exit(code)
}

// everyTest reports whether no test was left out.
func everyTest() bool {
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.fuzz"} {
		if flag.Lookup(name).Value.String() != "" {
			return false
		}
	}
	return true
}

// unmet tells of codes that nothing has met and that are no exceptions, and of exceptions that are met or are no codes, so
// that the table of exceptions does not rot.
func unmet() (failures int) {
	known := map[string]bool{}
	for _, c := range server.Codes() {
		known[c.Code] = true
	}
	for _, code := range slices.Sorted(maps.Keys(known)) {
		_, excepted := notMet[code]
		if !met.codes[code] && !excepted && !testing.Short() { // which leaves out the largest requests
			fmt.Fprintln(os.Stderr, "no request of a test has met the code "+code)
			failures = 1
		}
	}
	for _, code := range slices.Sorted(maps.Keys(notMet)) {
		switch {
		case !known[code]:
			fmt.Fprintln(os.Stderr, "an exception is no code: "+code)
			failures = 1
		case met.codes[code] && !byChance[code]:
			fmt.Fprintln(os.Stderr, "an exception was met: "+code)
			failures = 1
		}
	}
	return failures
}
