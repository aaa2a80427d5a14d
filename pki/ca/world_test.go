package ca_test

import (
	"crypto"
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

// Made-up organisations.
const (
	farmUSCC = "113500000000100A8F"
)

func config() ca.Config { return ca.Config{Rand: rand.Reader, Now: time.Now} }

// world is a root, an issuing authority and a department.
type world struct {
	root, issuing *ca.Authority
	key           crypto.Signer
	leaf          *pki.Certificate
}

func newWorld(t testing.TB) world {
	t.Helper()
	var w world
	var err error
	w.root, err = ca.NewRoot(config(), ca.Name{Organization: "示例省数字认证中心", CommonName: "示例省根证书"})
	require.NoError(t, err)
	w.issuing, err = w.root.NewIssuing(ca.Name{Organization: "示例省数字认证中心", CommonName: "示例省签发证书"})
	require.NoError(t, err)
	w.key, err = pki.GenerateKey(rand.Reader)
	require.NoError(t, err)
	w.leaf, err = w.issuing.Issue(ca.Request{
		Profile: ca.ProfileDepartment, Subject: ca.Name{Province: "示例省", Organization: "示例省农业厅", CommonName: "示例省农业厅"},
		USCC: farmUSCC, PublicKey: w.key.Public(),
	})
	require.NoError(t, err)
	return w
}
