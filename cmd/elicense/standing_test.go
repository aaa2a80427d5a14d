package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
	"github.com/elicense/elicense/verify"
)

// commandsOf are all commands that do something, by their paths.
func commandsOf(root *cobra.Command) map[string]*cobra.Command {
	out := map[string]*cobra.Command{}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		flags := 0 // a command without any that has others below it only lists them
		c.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
			if f.Name != "help" {
				flags++
			}
		})
		if c.Runnable() && c.Name() != "help" && (flags > 0 || !c.HasSubCommands()) {
			out[pathOf(c)] = c
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
	return out
}

// TestStandings_A71: of every command it is said where it works; of each that does not work at a service, what to do
// instead. A new command fails this until somebody has thought about it.
func TestStandings_A71(t *testing.T) {
	t.Parallel()
	all := commandsOf((&program{World: &cli.World{Env: func(string) string { return "" }}}).root())
	for path := range all {
		require.NotZero(t, standings[path], "say in standings where %q works", path)
		_, told := instead[path]
		own := all[path].LocalNonPersistentFlags().Lookup("server") != nil
		at := standings[path]
		require.Equal(t, at == onDirectory || at == onMachine || at == byItself && !own, told, path)
		if at == atService {
			require.NotEmpty(t, atServiceCalls[path].asks, "say in atServiceCalls what %q asks of a service", path)
		}
	}
	for _, table := range []map[string]bool{keysOf(standings), keysOf(instead), keysOf(atServiceCalls)} {
		for path := range table {
			require.Contains(t, all, path)
		}
	}
}

func keysOf[V any](m map[string]V) map[string]bool {
	out := map[string]bool{}
	for k := range m {
		out[k] = true
	}
	return out
}

// call is a command line after the path, and what it must ask of a service: method and path below the version.
type serviceCall struct{ args, asks string }

const someLicence = "1.2.156.3005.2.11990000MB1E000137001.11350100EX0000010M.K1.001.0"

// atServiceCalls has every command that works at a service.
var atServiceCalls = map[string]serviceCall{
	"type list": {"", "GET /licence-types"}, "type show": {fixtures.FoodLicence, "GET /licence-types/"},
	"type put": {"type.yaml", "PUT /licence-types/"}, "type report": {"", "GET /licence-types"},
	"type template":  {fixtures.FoodLicence, "GET /licence-types/"},
	"type complete":  {fixtures.FoodLicence + " --issuer *", "POST /licence-types/"},
	"caller add":     {"x --name x", "PUT /callers/x"},
	"caller list":    {"", "GET /callers"},
	"caller systems": {"", "GET /registrations"}, "caller revoke": {"x", "POST /registrations/x/revocation"},
	"caller register": {"x --caller x --certificate x", "GET /callers"},
	"caller promote": {
		"x --caller x --conformance x --service-certificate x --certificate x", "GET /callers",
	},
	"issue":     {"--type " + fixtures.FoodLicence + " --key k --paper P 住所=x", "POST /licences"},
	"reserve":   {"--type " + fixtures.FoodLicence + " --key k 住所=x", "POST /reservations"},
	"confirm":   {someLicence + " --key k --paper P", "POST /reservations/"},
	"void":      {someLicence + " --key k --reason x", "POST /reservations/"},
	"reconcile": {"", "GET /reservations"}, "numbers": {"--type " + fixtures.FoodLicence, "GET /numbers"},
	"change":  {someLicence + " --key k --reason x --law x 住所=x", "POST /licences/"},
	"renew":   {someLicence + " --key k --reason x --law x 住所=x", "POST /licences/"},
	"reissue": {someLicence + " --key k --reason x --law x --paper P", "POST /licences/"},
	"suspend": {someLicence + " --key k --reason x --law x", "POST /licences/"},
	"resume":  {someLicence + " --key k --reason x --law x", "POST /licences/"},
	"cancel":  {someLicence + " --key k --reason x --law x", "POST /licences/"},
	"revoke":  {someLicence + " --key k --reason x --law x", "POST /licences/"},
	"annul":   {someLicence + " --key k --reason x --law x", "POST /licences/"},
	"convert": {"ledger.csv --type " + fixtures.FoodLicence, "POST /files"},
	"convert detect": {
		"ledger.csv --type " + fixtures.FoodLicence, "GET /licence-types/",
	},
	"batch list": {"", "GET /conversions"}, "batch progress": {"", "GET /conversions"},
	"batch sample":      {"b", "POST /conversions/b/samples"},
	"batch sign-off":    {"b --by x --sampled 1", "POST /conversions/b/sign-off"},
	"batch certificate": {"b", "GET /conversions/b"},
	"lookup":            {someLicence, "POST /lookups"},
	"compare":           {someLicence + " 住所=x", "POST /comparisons"},
	"history":           {someLicence, "GET /licences/"},
	"document list":     {someLicence, "GET /licences/"},
	"document get":      {someLicence + " 1 --save x", "GET /licences/"},
	"document attach":   {someLicence + " ledger.csv --kind x", "POST /licences/"},
	"document draw":     {someLicence + " --save x.svg", "GET /licences/"},
	"document copy":     {someLicence + " --for x --why x --until 2099-12-31 --save x", "POST /licences/"},
	"consent grant":     {"--to 11350100EX0000029J --until 2099-12-31", "POST /authorisations"},
	"consent list":      {"", "GET /authorisations"}, "consent withdraw": {"x", "POST /authorisations/x/withdrawal"},
	"verify": {"ledger.csv", "GET /trust"}, "proof get": {someLicence, "GET /licences/"},
	"proof verify": {"ledger.csv", "GET /trust"}, "proof checkpoint": {"", "GET /checkpoints/latest"},
	"proof since": {"receipt.json", "GET /checkpoints/growth"}, "proof key": {"", "GET /trust"},
	"signed-by":  {strings.Repeat("0", 64), "GET /signed-versions"},
	"audit list": {"", "GET /audit-entries"}, "certificate list": {"", "GET /certificates"},
	"certificate trust": {"x", "GET /trust"}, "audit trace": {strings.Repeat("a", 32), "GET /messages/"},
}

// asked is a service that knows the types and refuses everything else; it remembers what it was asked.
type asked struct {
	mu    sync.Mutex
	calls []string
}

func (a *asked) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.calls = append(a.calls, r.Method+" "+strings.TrimPrefix(r.URL.Path, api.Version))
	a.mu.Unlock()
	w.Header().Set(api.HeaderTrace, "made-up")
	t := catalogue.Shipped()
	i := 0
	for t[i].Name != fixtures.FoodLicence {
		i++
	}
	var answer any
	switch path := strings.TrimPrefix(r.URL.Path, api.Version); {
	case r.Method == http.MethodGet && path == "/licence-types":
		answer = api.TypeList{Types: []api.TypeSummary{{Code: t[i].Code, Name: t[i].Name, Declared: true}}}
	case r.Method == http.MethodGet && strings.HasPrefix(path, "/licence-types/"):
		text, _ := t[i].Encode()
		answer = api.LicenceType{Code: t[i].Code, Name: t[i].Name, Owner: "11350100EX0000010M", Definition: text}
	default:
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusForbidden)
		answer = api.Problem{Status: http.StatusForbidden, Code: "refused-by-the-test", Title: "不办理"}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// receiptText is a receipt that names a checkpoint, as proof since reads it.
func receiptText(t *testing.T) string {
	t.Helper()
	r := record.Receipt{
		Vault: "vault.example", Kind: "lookup", Time: time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC), Result: "never-issued",
		Asked:      record.Asked{Caller: "c", Purpose: "p", Ground: "law", Level: "none"},
		Checkpoint: record.Checkpoint{Size: 5, Root: record.Sum([]byte("root"))},
	}
	raw, err := r.Append(nil)
	require.NoError(t, err)
	text, err := json.Marshal(verify.Envelope{Raw: raw, Signature: []byte("x")})
	require.NoError(t, err)
	return string(text)
}

// TestServiceCalls_A71: every command that works at a service asks it what it has to, and opens no data directory; every
// other refuses with its code before it does anything. TestStandings sees to it that the tables are whole.
func TestServiceCalls_A71(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	data, err := catalogue.ShippedFile("food-business-licence")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile("type.yaml", data, 0o600))
	require.NoError(t, os.WriteFile("ledger.csv", []byte("证照编号,经营者名称\nJY13501020000017,示例食品有限公司\n"), 0o600))
	require.NoError(t, os.WriteFile("receipt.json", []byte(receiptText(t)), 0o600))
	for path, c := range atServiceCalls {
		a := &asked{}
		s := httptest.NewServer(a)
		out := &lockedBuffer{}
		line := append(strings.Fields(path), strings.Fields(c.args)...)
		runIn(t.Context(), t, out, append(line, "--server", s.URL)...)
		s.Close()
		found := false
		for _, call := range a.calls {
			found = found || strings.HasPrefix(call, c.asks)
		}
		require.True(t, found, "%s asked %v and said %s", path, a.calls, out)
		require.NoDirExists(t, filepath.Join(dir, "elicense-data"), path)
	}
	for path, at := range standings {
		cmd := commandsOf((&program{World: &cli.World{Env: func(string) string { return "" }}}).root())[path]
		if at == atService || cmd.LocalNonPersistentFlags().Lookup("server") != nil {
			continue
		}
		line := strings.Fields(path)
		for len(line) < 8 && cmd.Args != nil && cmd.Args(cmd, line[len(strings.Fields(path)):]) != nil {
			line = append(line, "x")
		}
		out := &lockedBuffer{}
		require.Equal(t, cli.ExitUsage, runIn(t.Context(), t, out, append(line, "--server", "http://127.0.0.1:1")...), "%s: %s", path, out)
		code := "data-directory-only"
		if at == onFiles {
			code = "service-unneeded"
		}
		require.Contains(t, out.String(), "["+code+"]", path)
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, entries, 3, "%s left something", path)
	}
}

// TestNoHalf: with a service named no way leads to a data directory, though a command forgets that there is one.
func TestNoHalf(t *testing.T) {
	t.Parallel()
	c := &program{World: &cli.World{Env: func(string) string { return "" }}, dir: t.TempDir()}
	c.service.url = "http://127.0.0.1:1"
	err := c.with(t.Context(), operator("x"), func(*house, vault.Access) error { t.Error("opened"); return nil })
	require.ErrorIs(t, err, errNoHalf)
}

// TestWhole: a service's file is held against the digest that was asked for.
func TestWhole(t *testing.T) {
	t.Parallel()
	got, err := whole([]byte("x"), record.Sum([]byte("x")), nil)
	require.NoError(t, err)
	require.Equal(t, []byte("x"), got)
	got, err = whole([]byte("x"), record.Sum([]byte("y")), nil)
	require.ErrorIs(t, err, errAnswer)
	require.Nil(t, got)
}
