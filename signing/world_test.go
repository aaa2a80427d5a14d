package signing_test

import (
	"crypto"
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
)

// Made-up organisations.
const (
	farmUSCC = "113500000000100A8F"
	townUSCC = "113501000000200B1P"
)

// now is the fixed time of tests that do not meet other programs.
var now = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// world is a made-up certificate world.
type world struct {
	root, issuing *ca.Authority
	anchors       *pki.Anchors
	key           crypto.Signer
	chain         []*pki.Certificate // of the department with farmUSCC, root last
}

func newWorld(t testing.TB, at time.Time) world {
	t.Helper()
	var w world
	var err error
	config := ca.Config{Rand: rand.Reader, Now: func() time.Time { return at }}
	w.root, err = ca.NewRoot(config, ca.Name{Organization: "示例省数字认证中心", CommonName: "示例省根证书"})
	require.NoError(t, err)
	w.issuing, err = w.root.NewIssuing(ca.Name{Organization: "示例省数字认证中心", CommonName: "示例省签发证书"})
	require.NoError(t, err)
	w.anchors, err = pki.NewAnchors(w.root.Certificate())
	require.NoError(t, err)
	w.key, w.chain = w.department(t, ca.ProfileDepartment, farmUSCC)
	return w
}

func (w world) department(t testing.TB, profile, uscc string) (crypto.Signer, []*pki.Certificate) {
	t.Helper()
	key, err := pki.GenerateKey(rand.Reader)
	require.NoError(t, err)
	leaf, err := w.issuing.Issue(ca.Request{
		Profile: profile, Subject: ca.Name{Province: "示例省", Organization: "示例省农业厅", CommonName: "示例省农业厅"},
		USCC: uscc, PublicKey: key.Public(),
	})
	require.NoError(t, err)
	return key, append([]*pki.Certificate{leaf}, w.issuing.Chain()...)
}

func (w world) config() signing.Config {
	return signing.Config{Key: w.key, Chain: w.chain, Rand: rand.Reader}
}

func newSigner(t testing.TB, config signing.Config) *signing.Signer {
	t.Helper()
	s, err := signing.NewSigner(config)
	require.NoError(t, err)
	return s
}
