package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/cli/clitest"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

func TestScripts(t *testing.T) {
	clitest.Program{
		Name: "elicense-ca",
		Run: func(_ *testscript.TestScript, w *cli.World) int {
			w.Now = time.Now
			return run(context.Background(), w)
		},
		Commands: map[string]clitest.Command{
			"officer": officer, "application": application, "certificate": certificate, "fetch": fetch, "issuer": issuer,
		},
		Checkers: os.Getenv("ELICENSE_CHECKERS_DIR"),
	}.TestScripts(t, "testdata")
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

// TestHelp: every help text stands in the user's language alone.
func TestHelp(t *testing.T) {
	for _, lang := range []string{"zh", "en"} {
		w := &cli.World{Lang: lang, Env: func(string) string { return "" }}
		clitest.CheckHelp(t, (&program{World: w}).root(), lang)
	}
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
