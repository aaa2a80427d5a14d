package main

import (
	"crypto"
	"crypto/rand"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/tsp"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

// scriptPassphrase is that of every key file that keys writes.
const scriptPassphrase = "correct horse"

// scriptTSA is the name of the key that makes time-stamps.
const scriptTSA = "戳"

// makeKeys is keys NAME…: for each a signing certificate with its key under ELICENSE_KEY_PASSPHRASE, in NAME.pem and
// NAME.key, and an encryption certificate in NAME-enc.pem and NAME-enc.key, all of one made-up authority, root.pem.
func makeKeys(ts *testscript.TestScript, _ bool, names []string) {
	config := ca.Config{Rand: rand.Reader, Now: func() time.Time { return scriptStart.Add(-time.Hour) }}
	root, err := ca.NewRoot(config, ca.Name{Organization: "示例省数字认证中心", CommonName: "示例省根证书"})
	ts.Check(err)
	issuing, err := root.NewIssuing(ca.Name{Organization: "示例省数字认证中心", CommonName: "示例省签发证书"})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("root.pem"), pki.AppendPEM(nil, root.Certificate()), 0o600))
	for _, name := range names {
		for suffix, profile := range map[string]string{
			"": ca.ProfileDepartment, "-enc": ca.ProfileDepartmentEncryption,
		} {
			key, err := pki.GenerateKey(rand.Reader)
			ts.Check(err)
			request := ca.Request{
				Profile: profile, Subject: ca.Name{Organization: "示例省农业厅", CommonName: name}, USCC: "113500000000100A8F",
				PublicKey: key.Public(),
			}
			if name == scriptTSA && suffix == "" {
				request.Profile, request.USCC = ca.ProfileTSA, ""
			}
			leaf, err := issuing.Issue(request)
			ts.Check(err)
			text, err := pki.MarshalKey(key, []byte(scriptPassphrase), rand.Reader)
			ts.Check(err)
			ts.Check(os.WriteFile(ts.MkAbs(name+suffix+".key"), text, 0o600))
			chain := pki.AppendPEM(nil, append([]*pki.Certificate{leaf}, issuing.Chain()...)...)
			ts.Check(os.WriteFile(ts.MkAbs(name+suffix+".pem"), chain, 0o600))
		}
	}
}

// device is device KEY DIGEST OUT: signs a digest in hexadecimal, as a key in a person's hand does.
func device(ts *testscript.TestScript, _ bool, args []string) {
	key, err := pki.ParseKey([]byte(ts.ReadFile(args[0])), []byte(scriptPassphrase))
	ts.Check(err)
	digest, err := hex.DecodeString(args[1])
	ts.Check(err)
	value, err := key.Sign(rand.Reader, digest, crypto.Hash(0))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), value, 0o600))
}

// stampServer is tsa NAME [wrong]: a time-stamp service at $TSA with the key of NAME, until the script ends. A wrong one
// answers with the token of another request.
func stampServer(ts *testscript.TestScript, _ bool, args []string) {
	key, err := pki.ParseKey([]byte(ts.ReadFile(args[0]+".key")), []byte(scriptPassphrase))
	ts.Check(err)
	chain, err := pki.ParseCertificatesPEM([]byte(ts.ReadFile(args[0] + ".pem")))
	ts.Check(err)
	leaf := chain[0]
	w, err := tsp.NewWriter(cms.ArcGM, tsp.SignerCertificate{Raw: leaf.Raw, Issuer: leaf.RawIssuer, Serial: leaf.Serial}, nil)
	ts.Check(err)
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		query, err := io.ReadAll(in.Body)
		ts.Check(err)
		request, err := tsp.ParseRequest(query)
		ts.Check(err)
		if len(args) > 1 {
			request.Nonce = []byte{1}
		}
		info, err := tsp.MarshalInfo(&tsp.Info{
			Policy: oid.TimestampPolicy, Imprint: request.Imprint, Serial: []byte{1}, GenTime: scriptNow(), Nonce: request.Nonce,
		})
		ts.Check(err)
		message, err := w.ToSign(info)
		ts.Check(err)
		value, err := leaf.PublicKey.Sign(rand.Reader, key, message)
		ts.Check(err)
		token, err := w.Token(info, message, value, true)
		ts.Check(err)
		answer, err := tsp.MarshalResponse(&tsp.Response{Status: tsp.Granted, Token: token})
		ts.Check(err)
		_, err = out.Write(answer)
		ts.Check(err)
	}))
	ts.Defer(server.Close)
	ts.Setenv("TSA", server.URL)
}
