package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/cli/clitest"
	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/vault/record"
)

func TestScripts(t *testing.T) {
	_, err := sandboxOfScripts() // once for the processes of all scripts
	require.NoError(t, err)
	clitest.Program{Name: "elicense", Run: runScript, Checkers: os.Getenv("ELICENSE_CHECKERS_DIR"), Commands: map[string]clitest.Command{
		"json": takeJSON, "hold": hold, "ledger": makeLedger, "sub": substitute, "recode": recode, "flip": flip, "bend": bend, "cut": cut,
		"noids": noIdentityNumbers, "rows": rowsOf, "sealworld": makeSealWorld, "damage": damageSeal, "keys": makeKeys,
		"device": device, "tsa": stampServer, "ofdworld": makeOFDWorld, "signatures": signaturesOf,
		"pdfworld": makePDFWorld, "pdfsignatures": signaturesInPDF, "pdftrust": makePDFTrust, "pdfedit": editPDF,
		"pdfadd": signPDFAnyway, "pdfreplace": replacePDF, "pdfform": formPDF, "pdffill": fillPDF, "pdfstrip": stripPDF,
		"picture": makePicture, "pages": pagesOf, "serve": startService(t), "sandbox": scriptSandbox,
	}}.TestScripts(t, "testdata")
}

// scriptStart is when scripts begin; time goes on from there, unless NOW says when it is.
var scriptStart = time.Date(2026, 3, 2, 9, 30, 0, 0, time.FixedZone("CST", 8*3600))

var processStart = time.Now()

// scriptNow is the clock of scripts and of the servers beside them.
func scriptNow() time.Time { return scriptStart.Add(time.Since(processStart)) }

// runScript runs one command of a script. BROKEN names a self-test that fails; TERMINAL makes standard error one.
func runScript(ts *testscript.TestScript, w *cli.World) int {
	w.Now = scriptNow
	if text := ts.Getenv("NOW"); text != "" {
		at, err := time.Parse(time.RFC3339, text)
		ts.Check(err)
		w.Now = func() time.Time { return at }
	}
	selfTest := selfTested
	if broken := ts.Getenv("BROKEN"); broken != "" {
		selfTest = func() []pki.SelfTestResult {
			results := pki.SelfTestResults()
			for i := range results {
				results[i].OK = results[i].Test != broken
			}
			return results
		}
	}
	c := &program{World: w, selfTest: selfTest, terminal: ts.Getenv("TERMINAL") != "", columns: 80}
	return c.run(context.Background())
}

// takeJSON is json PATH NAME: puts what the last output, one JSON value, has at a path (found.0.identifier) into a
// variable.
func takeJSON(ts *testscript.TestScript, _ bool, args []string) {
	var at any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &at))
	for step := range strings.SplitSeq(args[0], ".") {
		switch x := at.(type) {
		case map[string]any:
			at = x[step]
		case []any:
			i, err := strconv.Atoi(step)
			ts.Check(err)
			if i >= len(x) {
				ts.Fatalf("no %s in the output", args[0])
			}
			at = x[i]
		default:
			ts.Fatalf("no %s in the output", args[0])
		}
	}
	text, ok := at.(string)
	if !ok {
		raw, err := json.Marshal(at)
		ts.Check(err)
		text = string(raw)
	}
	ts.Setenv(args[1], text)
}

// hold is hold DIR: has the data directory open, as another process would, until the script ends.
func hold(ts *testscript.TestScript, _ bool, args []string) {
	e, err := badger.Open(badger.Config{Dir: filepath.Join(ts.MkAbs(args[0]), "vault")})
	ts.Check(err)
	ts.Defer(func() { ts.Check(e.Close()) })
}

// makeLedger is ledger FILE TYPE ROWS DIRT [EDITION]: a made-up ledger; its format follows the name of the file.
func makeLedger(ts *testscript.TestScript, _ bool, args []string) {
	rows, err := strconv.Atoi(args[2])
	ts.Check(err)
	dirt, err := strconv.ParseFloat(args[3], 64)
	ts.Check(err)
	o := fixtures.LedgerOptions{Type: args[1], Seed: 7, Rows: rows, Dirt: dirt, Encoding: sheet.GB18030}
	if strings.HasSuffix(args[0], ".xlsx") {
		o.Format, o.Encoding = sheet.FormatXLSX, 0
	}
	if len(args) > 4 {
		o.Edition, o.Changed = 1, 0.1
	}
	l, err := fixtures.NewLedger(o)
	ts.Check(err)
	var b bytes.Buffer
	_, err = l.WriteTo(&b)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes(), 0o600))
}

// substitute is sub FILE OLD NEW: replaces a text that must be there.
func substitute(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s has no %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.ReplaceAll(text, args[1], args[2])), 0o600))
}

// recode is recode FILE NEW: a UTF-8 file in windows-1257.
func recode(ts *testscript.TestScript, _ bool, args []string) {
	text, err := charmap.Windows1257.NewEncoder().String(ts.ReadFile(args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600))
}

// flip is flip BUNDLE NEW: a licence with one byte of its record changed.
func flip(ts *testscript.TestScript, _ bool, args []string) {
	b, err := record.ParseBundle([]byte(ts.ReadFile(args[0])))
	ts.Check(err)
	b.Record[len(b.Record)/2] ^= 1
	text, err := b.Encode()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), text, 0o600))
}

// bend is bend FROM TO: copies a file with its middle bit flipped.
func bend(ts *testscript.TestScript, _ bool, args []string) {
	b := []byte(ts.ReadFile(args[0]))
	b[len(b)/2] ^= 1
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b, 0o600))
}

// cut is cut FILE: takes the last tenth of a file away.
func cut(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text[:len(text)*9/10]), 0o600))
}

var eighteen = regexp.MustCompile(`[1-9][0-9]{16}[0-9Xx]`)

// noIdentityNumbers fails if anything that the script's commands wrote so far holds a citizen number.
func noIdentityNumbers(ts *testscript.TestScript, _ bool, _ []string) {
	all := clitest.Written(ts)
	if all == "" {
		ts.Fatalf("nothing was written")
	}
	for _, found := range eighteen.FindAllString(all, -1) {
		if code.CheckCitizenNumber(strings.ToUpper(found)) == nil {
			ts.Fatalf("an identity number was written: %s…", found[:6])
		}
	}
}

// rowsOf is rows FILE COLUMN: lists a column of a sheet on standard output, as a person would see it.
func rowsOf(ts *testscript.TestScript, _ bool, args []string) {
	b := []byte(ts.ReadFile(args[0]))
	book, err := sheet.Open(bytes.NewReader(b), int64(len(b)), args[0], sheet.Options{})
	ts.Check(err)
	at, err := book.DefaultSheet()
	ts.Check(err)
	rows, err := book.Rows(at)
	ts.Check(err)
	var row sheet.Row
	column := -1
	for rows.Next(&row) == nil {
		for i := range row.Cells {
			if row.Cells[i].Text == args[1] {
				column = i
			}
		}
		if column >= 0 && column < len(row.Cells) {
			_, err := io.WriteString(ts.Stdout(), strconv.Itoa(row.Number)+" "+row.Cells[column].Text+"\n")
			ts.Check(err)
		}
	}
}

// TestHelp: every help text stands in the user's language alone.
func TestHelp(t *testing.T) {
	for _, lang := range []string{"zh", "en"} {
		w := &cli.World{Lang: lang, Env: func(string) string { return "" }}
		clitest.CheckHelp(t, (&program{World: w}).root(), lang)
	}
}
