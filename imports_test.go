package elicense_test

import (
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/elicense/elicense"

// reach says which parts of the system outside itself a package may touch.
type reach uint8

const (
	pure    reach = iota // values in, values out: no network, files, processes or system calls
	served               // as pure, with http.Handlers of its own: it is asked and never asks
	local                // files of its own, no network, no processes
	network              // as pure, with connections of its own
	process              // a program: everything
)

// rule is what the non-test files of a package may import.
type rule struct {
	ours  []string // packages of this module; "x/..." stands for x and everything below
	reach reach
}

// codecs are the pure rooms at the bottom; each may import those of its own line only.
var codecs = []string{
	"internal/oid", "internal/sm2sig", "internal/cms", "internal/tsp", "internal/ses", "internal/sm2note", "internal/code",
	"internal/normal", "internal/sheet", "internal/envelope", "internal/ofd", "internal/pdf", "internal/evidence",
	"internal/httpsig", "internal/rule", "internal/trace", "internal/moment",
}

// rules is the table of the design, package by package. Imports run downward only. A package that is not listed fails
// the test: whoever adds one decides here what it may know.
var rules = map[string]rule{
	"internal/oid":      {},
	"internal/sm2sig":   {},
	"internal/code":     {},
	"internal/rule":     {},
	"internal/trace":    {},
	"internal/moment":   {},
	"internal/sheet":    {ours: []string{"internal/rule"}},
	"internal/normal":   {ours: []string{"internal/code", "internal/rule"}},
	"internal/cms":      {ours: []string{"internal/oid", "internal/sm2sig"}},
	"internal/tsp":      {ours: []string{"internal/oid", "internal/cms"}},
	"internal/ses":      {ours: []string{"internal/oid", "internal/sm2sig"}},
	"internal/sm2note":  {ours: []string{"internal/sm2sig"}},
	"internal/envelope": {ours: []string{"internal/oid", "internal/sm2sig"}},
	"internal/ofd":      {ours: []string{"internal/oid"}},
	"internal/pdf":      {},
	"internal/page":     {ours: []string{"internal/ofd"}},
	"internal/evidence": {},
	"internal/httpsig":  {ours: []string{"internal/sm2sig"}},

	"internal/dertest":  {},
	"internal/crowd":    {reach: network},
	"internal/problem":  {ours: []string{"internal/rule"}, reach: served},
	"internal/proctest": {reach: process},

	"internal/combine": {},
	"internal/load":    {},

	"internal/engine":            {},
	"internal/engine/ordered":    {},
	"internal/engine/memory":     {ours: []string{"internal/engine", "internal/engine/ordered"}},
	"internal/engine/badger":     {ours: []string{"internal/engine", "internal/engine/ordered"}, reach: local},
	"internal/engine/sealed":     {ours: []string{"internal/engine"}},
	"internal/engine/enginetest": {ours: []string{"internal/engine"}, reach: local},
	"internal/blob":              {ours: []string{"internal/engine"}, reach: local},
	"internal/blob/blobtest":     {ours: []string{"internal/blob"}, reach: local},

	"vault/record":    {ours: []string{"internal/oid", "internal/cms", "internal/code"}},
	"vault/ledger":    {ours: []string{"internal/oid", "internal/cms", "internal/code"}},
	"vault/catalogue": {ours: []string{"internal/code", "internal/normal", "internal/rule"}},

	"pki": {ours: codecs},
	"pki/ca": {reach: served, ours: slices.Concat(codecs, []string{
		"pki", "internal/combine", "internal/engine", "internal/blob", "internal/problem",
	})},
	// The key management centre knows nothing of the authority that asks it for keys.
	"pki/ca/kmc":   {ours: slices.Concat(codecs, []string{"pki", "internal/engine"})},
	"pki/tsa":      {reach: served, ours: slices.Concat(codecs, []string{"pki", "internal/engine"})},
	"pki/tsa/sntp": {reach: network, ours: []string{"pki/tsa"}},
	// The network comes with smallstep; what is opened of it is in this package's handlers.
	"pki/stepca": {reach: served, ours: slices.Concat(codecs, []string{"pki", "internal/engine"})},

	"signing":            {ours: slices.Concat(codecs, []string{"pki", "vault/record"})},
	"signing/impression": {},
	"verify/paper":       {ours: []string{"verify", "internal/page", "internal/ofd", "internal/moment"}},
	"verify":             {ours: slices.Concat(codecs, []string{"pki", "vault/record", "vault/ledger"})},

	"vault": {ours: []string{
		"vault/record", "vault/ledger", "vault/catalogue", "internal/combine", "internal/engine", "internal/blob",
		"internal/code", "internal/normal", "internal/rule",
	}},
	"vault/document": {ours: []string{
		"vault/record", "vault/catalogue", "internal/code", "internal/ofd", "internal/page",
	}},
	"vault/convert": {ours: []string{
		"vault", "vault/record", "vault/catalogue", "internal/code", "internal/normal", "internal/rule", "internal/sheet",
	}},

	"api": {ours: []string{"vault/record"}},
	"server/identity": {reach: served, ours: slices.Concat(codecs, []string{
		"pki", "vault", "internal/engine", "internal/httpsig",
	})},
	"server/alarm":    {ours: []string{"internal/engine"}},
	"server/provider": {reach: served, ours: []string{"server/limit", "vault", "internal/engine"}},
	"server/stored":   {ours: []string{"internal/engine"}},
	"server/files":    {ours: []string{"internal/engine", "internal/blob", "server/stored"}},
	"server/jobs":     {ours: []string{"internal/engine"}},
	"server/feed":     {reach: served, ours: []string{"internal/engine", "internal/trace", "api"}},
	"server/limit":    {},
	"server": {reach: served, ours: slices.Concat(codecs, []string{
		"api", "server/...", "vault", "vault/...", "verify", "verify/...", "signing", "pki", "internal/engine",
		"internal/blob", "internal/sheet", "internal/crowd",
		"internal/httpsig", "internal/normal",
	})},

	"client":             {reach: network, ours: slices.Concat(codecs, []string{"api", "pki"})},
	"client/conformance": {reach: network, ours: slices.Concat(codecs, []string{"api", "client", "pki", "verify", "vault/catalogue"})},

	"fixtures": {ours: []string{
		"pki", "pki/ca", "signing", "signing/...", "vault", "vault/...", "internal/code", "internal/normal", "internal/sheet",
	}},
	"internal/guards": {reach: process},
	"cmd/elicense": {reach: process, ours: slices.Concat(codecs, []string{
		"fixtures", "pki", "pki/ca", "pki/tsa", "signing", "signing/...", "verify", "verify/paper", "vault", "vault/...",
		"api", "client", "client/...", "server", "server/...", "internal/page", "internal/engine", "internal/engine/...",
		"internal/blob", "internal/cli", "internal/crowd",
	})},

	"internal/cli":         {ours: []string{"internal/moment"}, reach: local},
	"internal/cli/clitest": {reach: process, ours: []string{"internal/cli"}},
	"cmd/elicense-ca": {reach: process, ours: slices.Concat(codecs, []string{
		"internal/cli", "pki", "pki/...", "internal/engine", "internal/engine/...", "internal/blob", "internal/crowd",
		"internal/problem",
	})},
}

// forbidden are the packages that a reach does not have.
var forbidden = map[reach][]string{
	pure: {"net", "net/...", "os", "os/...", "syscall", "database/sql", "plugin", "golang.org/x/sys/...", "log"},
	served: {
		"net", "net/http/...", "net/mail", "net/rpc", "net/rpc/...", "net/smtp", "net/textproto", "os", "os/...",
		"syscall", "database/sql", "plugin", "golang.org/x/sys/...", "log",
	},
	network: {"os", "os/...", "syscall", "database/sql", "plugin", "golang.org/x/sys/...", "log"},
	local:   {"net/...", "net", "os/exec", "database/sql", "plugin", "log"},
}

// adapters are the only packages that may know a library, so that it can be changed in one place. Test kits count as
// tests.
var adapters = map[string][]string{
	"github.com/dgraph-io/badger":     {"internal/engine/badger"},
	"github.com/tjfoc/gmsm":           {"pki"},
	"github.com/emmansun/gmsm/smx509": {"pki", "pki/..."},
	"github.com/emmansun/gmsm/pkcs8":  {"pki", "pki/..."},
	"github.com/emmansun/gmsm/sm2":    {"internal/sm2sig", "internal/envelope", "pki", "pki/..."},
	"github.com/transparency-dev":     {"vault/ledger"},
	"github.com/richardlehane/mscfb":  {},
	"github.com/xuri/excelize":        {},
	"github.com/klauspost/compress":   {"internal/sheet", "internal/engine/sealed", "internal/blob", "internal/ofd"},
	"go.yaml.in/yaml": {
		"vault/catalogue", "vault/convert", "vault/document", "cmd/elicense", "cmd/elicense-ca",
	},
	"github.com/tdewolff/font":        {"internal/page"},
	"github.com/skip2/go-qrcode":      {"vault/document"},
	"golang.org/x/image":              {"internal/page", "signing/impression"},
	"github.com/spf13/cobra":          {"cmd/elicense", "cmd/elicense-ca", "internal/cli", "internal/cli/clitest"},
	"github.com/gin-gonic/gin":        {"server"},
	"github.com/danielgtaylor/huma":   {"server"},
	"github.com/coreos/go-oidc":       {"server/identity"},
	"github.com/zitadel/oidc":         {"server/provider"},
	"github.com/prometheus":           {"server", "cmd/elicense"},
	"github.com/smallstep":            {"pki/stepca"},
	"go.mozilla.org/pkcs7":            {"verify"},
	"go.step.sm/crypto":               {"pki/stepca"},
	"github.com/go-chi/chi":           {"pki/stepca"},
	"github.com/schollz/progressbar":  {"cmd/elicense"},
	"github.com/knadh/koanf":          {"cmd/elicense", "cmd/elicense-ca"},
	"github.com/stretchr/testify":     {"internal/engine/enginetest", "internal/blob/blobtest"},
	"github.com/google/go-cmp":        {"internal/engine/enginetest", "internal/blob/blobtest"},
	"pgregory.net/rapid":              {"internal/engine/enginetest", "internal/blob/blobtest"},
	"github.com/rogpeppe/go-internal": {"internal/cli/clitest"},
	"go.uber.org/goleak":              {},
	"golang.org/x/tools":              {},
	"github.com/emmansun/gmsm/pkcs7":  {},
	"github.com/emmansun/gmsm/cfca":   {},
}

// TestImports holds every package of the module against the table.
func TestImports(t *testing.T) {
	t.Parallel()
	packages := imports(t)
	require.Contains(t, packages, "internal/code", "the walk finds the packages")
	for pkg, imported := range packages {
		r, listed := rules[pkg]
		if !listed {
			t.Errorf("%s is not in the table of imports_test.go: say there what it may import", pkg)
			continue
		}
		for _, imp := range imported {
			if reason := r.refuse(pkg, imp); reason != "" {
				t.Errorf("%s imports %s: %s", pkg, imp, reason)
			}
		}
	}
}

// TestRulesRunDownward: no package may import one that may import it.
func TestRulesRunDownward(t *testing.T) {
	t.Parallel()
	for pkg, r := range rules {
		for other, o := range rules {
			if pkg != other && matches(r.ours, other) && matches(o.ours, pkg) && !slices.Contains(codecs, pkg) {
				t.Errorf("%s and %s may import each other", pkg, other)
			}
		}
		if pkg != "cmd/elicense" && matches(r.ours, "fixtures") {
			t.Errorf("%s may import fixtures, which is for tests and cmd", pkg)
		}
		if pkg != "cmd/elicense-ca" && matches(r.ours, "pki/stepca") {
			t.Errorf("%s may import pki/stepca, which is for cmd/elicense-ca alone", pkg)
		}
	}
}

// TestRulesRefuse: the table does refuse.
func TestRulesRefuse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ pkg, imp string }{
		{"vault", module + "/pki"}, {"vault", module + "/internal/engine/badger"}, {"verify", module + "/signing"},
		{"verify", "net/http"}, {"pki", "net"}, {"internal/sheet", "os"}, {"vault/record", "os/exec"},
		{"signing", module + "/fixtures"}, {"vault", "github.com/dgraph-io/badger/v4"}, {"internal/oid", "syscall"},
		{"vault/convert", module + "/signing"}, {"internal/engine/badger", "net/http"},
		{"vault", "github.com/spf13/cobra"}, {"cmd/elicense", module + "/pki/stepca"},
		{"pki/ca", "github.com/smallstep/certificates/db"}, {"pki/stepca", module + "/pki/ca"},
		{"pki/stepca", module + "/internal/engine/badger"}, {"cmd/elicense-ca", module + "/vault"},
	} {
		require.NotEmpty(t, rules[c.pkg].refuse(c.pkg, c.imp), "%s imports %s", c.pkg, c.imp)
	}
	require.Empty(t, rules["vault"].refuse("vault", module+"/vault/record"))
	require.Empty(t, rules["vault"].refuse("vault", "crypto/sha256"))
}

// TestVaultWithoutSmallstep: what only issues or verifies licences is built without smallstep, by whatever way.
func TestVaultWithoutSmallstep(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"cmd/elicense", "fixtures", "verify", "pki/ca"} {
		deps := dependencies(t, "./"+program)
		require.Contains(t, deps, module+"/pki", program)
		for _, dep := range deps {
			foreign := strings.HasPrefix(dep, "github.com/smallstep/") || strings.HasPrefix(dep, "go.step.sm/")
			if foreign || dep == module+"/pki/stepca" {
				t.Errorf("%s carries %s", program, dep)
			}
		}
	}
	require.Contains(t, dependencies(t, "./pki/stepca"), "github.com/smallstep/certificates/authority", "it would be seen")
}

// dependencies lists everything that a package is built from.
func dependencies(t *testing.T, pkg string) []string {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", pkg)
	list.Env = append(os.Environ(), "GOFLAGS=") // whoever has tests tell in JSON does not want this list so
	out, err := list.Output()
	require.NoError(t, err)
	return strings.Fields(string(out))
}

// refuse says why a package may not import another, or nothing if it may.
func (r rule) refuse(pkg, imp string) string {
	if own, ok := strings.CutPrefix(imp, module+"/"); ok {
		if !matches(r.ours, own) {
			return "not among the packages of ours it may know"
		}
		return ""
	}
	if matches(forbidden[r.reach], imp) {
		return "its reach does not go so far"
	}
	for library, users := range adapters {
		if imp == library || strings.HasPrefix(imp, library+"/") {
			if !matches(users, pkg) {
				return "only " + strings.Join(users, ", ") + " may know this library"
			}
		}
	}
	return ""
}

// matches reports whether a list with patterns holds a package.
func matches(list []string, pkg string) bool {
	return slices.ContainsFunc(list, func(p string) bool {
		if prefix, ok := strings.CutSuffix(p, "/..."); ok {
			return strings.HasPrefix(pkg, prefix+"/")
		}
		return p == pkg
	})
}

// imports gives what the non-test files of each package import, on whatever system they are built.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); file != "." && (name == "testdata" || name[0] == '.' || name[0] == '_') {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		pkg := path.Dir(filepath.ToSlash(file))
		for _, imp := range fileImports(t, file) {
			if !slices.Contains(out[pkg], imp) {
				out[pkg] = append(out[pkg], imp)
			}
		}
		if out[pkg] == nil {
			out[pkg] = []string{}
		}
		return nil
	})
	require.NoError(t, err)
	return out
}

func fileImports(t *testing.T, file string) []string {
	t.Helper()
	src, err := os.ReadFile(file)
	require.NoError(t, err)
	f, err := parser.ParseFile(token.NewFileSet(), file, src, parser.ImportsOnly|parser.ParseComments)
	require.NoError(t, err)
	for _, group := range f.Comments {
		for _, c := range group.List {
			e, err := constraint.Parse(c.Text)
			if err == nil && !e.Eval(func(tag string) bool { return tag != "ignore" }) {
				return nil
			}
		}
	}
	var out []string
	for _, spec := range f.Imports {
		imp, err := strconv.Unquote(spec.Path.Value)
		require.NoError(t, err)
		out = append(out, imp)
	}
	return out
}
