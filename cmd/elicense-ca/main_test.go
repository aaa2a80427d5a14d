package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

// TestScripts runs testdata/*.txtar. The commands run in this process, one script after the other, because a command's
// relative paths are those of the process.
func TestScripts(t *testing.T) {
	home, err := os.Getwd()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.Chdir(home)) }) //nolint:usetesting // scripts change it many times
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	testscript.RunT(serial{t}, testscript.Params{
		Dir: filepath.Join(home, "testdata"),
		Setup: func(env *testscript.Env) error {
			env.Setenv("LANG", "zh_CN.UTF-8")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"elicense-ca": command, "exit": exits, "officer": officer, "application": application, "certificate": certificate,
			"fetch": fetch, "issuer": issuer, "judge": judge,
		},
		Condition: func(name string) (bool, error) {
			return name == "checkers" && os.Getenv("ELICENSE_CHECKERS_DIR") != "", nil
		},
	})
}

// serial runs scripts one after the other.
type serial struct{ *testing.T }

func (serial) Parallel()     {}
func (serial) Verbose() bool { return testing.Verbose() }
func (s serial) Run(name string, f func(testscript.T)) {
	s.T.Run(name, func(t *testing.T) { f(serial{t}) })
}

func execute(ts *testscript.TestScript, args []string) int {
	ts.Check(os.Chdir(ts.MkAbs(".")))
	return run(context.Background(), &cli.World{
		Name: "elicense-ca", Args: args, In: strings.NewReader(""), Out: ts.Stdout(), Err: ts.Stderr(), Env: ts.Getenv,
		Now: time.Now, Rand: rand.Reader,
	})
}

// command is elicense-ca ARGS: exit code 0, or with ! any other.
func command(ts *testscript.TestScript, neg bool, args []string) {
	if got := execute(ts, args); (got != cli.ExitDone) != neg {
		ts.Fatalf("elicense-ca %s: exit code %d", strings.Join(args, " "), got)
	}
}

// exits is exit CODE ARGS: elicense-ca with exactly this exit code.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := execute(ts, args[1:]); got != want {
		ts.Fatalf("elicense-ca %s: exit code %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

// officer is officer NAME: it makes NAME.pem and puts the public key into $NAME, in capitals.
func officer(ts *testscript.TestScript, _ bool, args []string) {
	key, err := pki.GenerateKey(rand.Reader)
	ts.Check(err)
	text, err := pki.MarshalKey(key, []byte(ts.Getenv("ELICENSE_CA_OFFICER_PASSPHRASE")), rand.Reader)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".pem"), text, 0o600))
	public, err := pki.PublicKeyOf(key.Public())
	ts.Check(err)
	ts.Setenv(strings.ToUpper(args[0]), hex.EncodeToString(public.Point()))
}

// application is application FILE: it puts the one number in a file of numbers into $APPLICATION.
func application(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv("APPLICATION", strings.TrimSpace(ts.ReadFile(args[0])))
}

// certificate puts the file of the certificate that was issued into $CERTIFICATE.
func certificate(ts *testscript.TestScript, _ bool, _ []string) {
	files, err := filepath.Glob(ts.MkAbs("????????????????????????????????????????.pem"))
	ts.Check(err)
	if len(files) != 1 {
		ts.Fatalf("%d certificates", len(files))
	}
	ts.Setenv("CERTIFICATE", files[0])
}

// fetch is fetch CERTIFICATE NAME.crl: in DER, and in PEM as NAME.pem, what a relying party gets under the address of the certificate's CRL. The service does
// not run; its handler answers.
func fetch(ts *testscript.TestScript, _ bool, args []string) {
	x, _, err := readBundle(ts.MkAbs(args[0]))
	ts.Check(err)
	c := &program{dir: ts.MkAbs(ts.Getenv("ELICENSE_CA_DATA")), World: &cli.World{Env: ts.Getenv, Now: time.Now, Rand: rand.Reader}}
	ctx := context.Background()
	o, err := c.openOffice(ctx)
	ts.Check(err)
	defer func() { ts.Check(o.close()) }()
	ts.Check(o.publisher.Due(ctx))
	h, err := ca.NewHandler(ca.HandlerConfig{Publisher: o.publisher, Responders: o.responders})
	ts.Check(err)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, x.CRLDistributionPoints[0].FullName[0].Text, nil))
	if w.Code != http.StatusOK {
		ts.Fatalf("%s: %d", x.CRLDistributionPoints[0].FullName[0].Text, w.Code)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), w.Body.Bytes(), 0o600))
	text := pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: w.Body.Bytes()})
	ts.Check(os.WriteFile(ts.MkAbs(strings.TrimSuffix(args[1], ".crl")+".pem"), text, 0o600))
}

// issuer is issuer CERTIFICATE FILE: the second certificate of a bundle.
func issuer(ts *testscript.TestScript, _ bool, args []string) {
	_, above, err := readBundle(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), pki.AppendPEM(nil, above[0]), 0o600))
}

// judge is judge TOOL ARGS: an independent program, which must accept, or with ! refuse.
func judge(ts *testscript.TestScript, neg bool, args []string) {
	tool := exec.Command(filepath.Join(os.Getenv("ELICENSE_CHECKERS_DIR"), args[0]), args[1:]...)
	tool.Dir = ts.MkAbs(".")
	if out, err := tool.CombinedOutput(); (err != nil) != neg {
		ts.Fatalf("%s: %v %s", strings.Join(args, " "), err, out)
	}
}
