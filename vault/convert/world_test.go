package convert_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/convert"
)

var zone = time.FixedZone("CST", 8*3600)

// world is a vault of the made-up province.
type world struct {
	t        testing.TB
	v        *vault.Vault
	engine   engine.Engine
	blobs    engine.Engine
	province *fixtures.Province
	config   vault.Config
	now      time.Time
	mu       sync.Mutex
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldOn(t, memory.New())
}

func newWorldOn(t testing.TB, e engine.Engine) *world {
	t.Helper()
	w := &world{t: t, engine: e, now: time.Date(2026, 3, 2, 9, 30, 0, 0, zone), blobs: memory.New()}
	keys, err := sealed.CreateKeyring(t.Context(), memory.New(), sealed.Master{1}, rand.Reader)
	require.NoError(t, err)
	blobs, err := blob.Open(blob.Config{Engine: w.blobs, Now: w.clock, Hash: keys.AddressHash})
	require.NoError(t, err)
	w.province, err = fixtures.NewProvince(rand.Reader, w.clock)
	require.NoError(t, err)
	w.config = vault.Config{
		Engine: e, Blobs: blobs, Tokens: keys, Records: w.province.Custody, Signer: w.province.Vault,
		Now: w.clock, Rand: rand.Reader, Zone: zone, Workers: 2, UnsealedUnsafe: true,
	}
	w.open()
	require.NoError(t, fixtures.Settle(t.Context(), w.v))
	return w
}

// open opens the vault as a new process would.
func (w *world) open() {
	w.t.Helper()
	var err error
	w.v, err = vault.Open(w.t.Context(), w.config)
	require.NoError(w.t, err)
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(time.Millisecond)
	return w.now
}

// department is the access of the i-th department to its own licences.
func department(i int) vault.Access {
	return vault.Access{Caller: fixtures.Caller(i), Purpose: "存量证照电子化转换", Ground: vault.GroundIssuer}
}

func (w *world) configOf(i int) convert.Config {
	return convert.Config{
		Vault: w.v, Access: department(i), Now: w.clock, Temp: tempFiles(w.t), Workers: 2,
		OpenDryRun: func(ctx context.Context, spec vault.BatchSpec) (*vault.DryRun, error) {
			return w.v.OpenDryRun(ctx, department(i), spec, memory.New())
		},
	}
}

func tempFiles(t testing.TB) func() (convert.TempFile, error) {
	t.Helper()
	dir := t.TempDir()
	return func() (convert.TempFile, error) { return os.CreateTemp(dir, "temp") }
}

// typeCode is the code of a shipped type by the name of its file.
func typeCode(t testing.TB, name string) string {
	t.Helper()
	data, err := catalogue.ShippedFile(name)
	require.NoError(t, err)
	typ, err := catalogue.ParseType(data)
	require.NoError(t, err)
	return typ.Code
}

func fileOf(name string, b []byte) convert.File {
	return convert.File{Reader: bytes.NewReader(b), SizeBytes: int64(len(b)), Name: name}
}

func csvOf(lines ...string) convert.File {
	return fileOf("台账.csv", []byte(strings.Join(lines, "\n")+"\n"))
}

func ledgerFile(t testing.TB, o fixtures.LedgerOptions) (*fixtures.Ledger, convert.File) {
	t.Helper()
	l, err := fixtures.NewLedger(o)
	require.NoError(t, err)
	var b bytes.Buffer
	_, err = l.WriteTo(&b)
	require.NoError(t, err)
	return l, fileOf(l.Name(), b.Bytes())
}

// readSheet reads a written sheet as texts.
func readSheet(t testing.TB, b []byte) [][]string {
	t.Helper()
	book, err := sheet.Open(bytes.NewReader(b), int64(len(b)), "result", sheet.Options{})
	require.NoError(t, err)
	at, err := book.DefaultSheet()
	require.NoError(t, err)
	r, err := book.Rows(at)
	require.NoError(t, err)
	var out [][]string
	var row sheet.Row
	for {
		err := r.Next(&row)
		if errors.Is(err, io.EOF) {
			return out
		}
		require.NoError(t, err)
		for len(out) < row.Number-1 {
			out = append(out, nil)
		}
		var cells []string
		for _, c := range row.Cells {
			cells = append(cells, c.Text)
		}
		out = append(out, cells)
	}
}

// testdata is a folder of data that is not part of the repository.
func testdata(t testing.TB, elem ...string) string {
	t.Helper()
	root := os.Getenv("ELICENSE_TESTDATA")
	if root == "" {
		t.Skip("ELICENSE_TESTDATA is not set: the real registers are not part of the repository")
	}
	return filepath.Join(append([]string{root}, elem...)...)
}

// issuer is what a Normaliser asks of a department.
func issuer(d fixtures.Department) [2]string { return [2]string{d.Code, d.Name} }

func encodeGBK(t testing.TB, s string) []byte {
	t.Helper()
	b, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(s))
	require.NoError(t, err)
	return b
}
