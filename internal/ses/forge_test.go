package ses_test

import (
	"crypto/rand"
	"encoding/asn1"
	"encoding/binary"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/ses"
	"github.com/elicense/elicense/internal/sm2sig"
)

// The readers and writers of this file use encoding/asn1 and share no code with the package under test.

var fixedTime = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// Stand-ins for certificates: the codec wants one SEQUENCE, and who has a certificate is for pki to say.
var (
	makerCert  = []byte{0x30, 3, 2, 1, 1}
	signerCert = []byte{0x30, 3, 2, 1, 2}
	otherCert  = []byte{0x30, 3, 2, 1, 3}
	someToken  = []byte{0x30, 3, 2, 1, 4}
)

// newSeal is a seal as a caller fills it in.
func newSeal(version ses.Version) *ses.Seal {
	return &ses.Seal{
		Version: version, Vendor: "elicense", ID: "35000000000001", Type: ses.TypeUnit, Name: "示例省农业厅",
		Certificates: [][]byte{signerCert, otherCert},
		Created:      fixedTime, ValidFrom: fixedTime, ValidUntil: fixedTime.AddDate(3, 0, 0),
		Picture: ses.Picture{Type: "png", Data: []byte("picture"), WidthMM: 40, HeightMM: 41}, Maker: makerCert,
	}
}

func newSignature(t testing.TB, seal []byte) *ses.Signature {
	t.Helper()
	s, err := ses.ParseSeal(seal)
	require.NoError(t, err)
	return &ses.Signature{
		Seal: s, Time: fixedTime.Add(time.Hour), DataHash: make([]byte, 32),
		Property: "/Doc_0/Signs/Sign_0/Signature.xml", Certificate: signerCert,
	}
}

// sign makes a value with a new key and returns that key.
func sign(t testing.TB, message []byte) (value []byte, public *sm2sig.PublicKey) {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	public, err = sm2sig.FromCrypto(key.Public())
	require.NoError(t, err)
	value, err = public.Sign(rand.Reader, key, message)
	require.NoError(t, err)
	return value, public
}

func makeSeal(t testing.TB, s *ses.Seal) []byte {
	t.Helper()
	d, err := ses.NewSealDraft(s)
	require.NoError(t, err)
	value, _ := sign(t, d.ToSign())
	der, err := d.Seal(value)
	require.NoError(t, err)
	return der
}

func makeSignature(t testing.TB, s *ses.Signature, token []byte) []byte {
	t.Helper()
	d, err := ses.NewSignatureDraft(s)
	require.NoError(t, err)
	value, _ := sign(t, d.ToSign())
	der, err := d.Signature(value, token)
	require.NoError(t, err)
	return der
}

// node is one element of a DER tree.
type node struct {
	tag  byte
	body []byte // of a primitive element
	kids []*node
}

// tree reads elements one after the other; constructed ones are opened, the contents of OCTET STRINGs are not.
func tree(t testing.TB, der []byte) []*node {
	t.Helper()
	var out []*node
	for len(der) > 0 {
		var v asn1.RawValue
		rest, err := asn1.Unmarshal(der, &v)
		require.NoError(t, err)
		n := &node{tag: v.FullBytes[0], body: v.Bytes}
		if v.IsCompound {
			n.body, n.kids = nil, tree(t, v.Bytes)
		}
		out = append(out, n)
		der = rest
	}
	return out
}

func (n *node) der() []byte {
	body := n.body
	for _, k := range n.kids {
		body = append(body, k.der()...)
	}
	return element(n.tag, body)
}

func element(tag byte, body []byte) []byte {
	if len(body) < 0x80 {
		return append([]byte{tag, byte(len(body))}, body...)
	}
	size := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	for size[0] == 0 {
		size = size[1:]
	}
	return append(append([]byte{tag, 0x80 | byte(len(size))}, size...), body...)
}

func (n *node) at(path ...int) *node {
	for _, i := range path {
		n = n.kids[i]
	}
	return n
}

// edit returns der with one node changed.
func edit(t testing.TB, der []byte, change func(n *node), path ...int) []byte {
	t.Helper()
	root := tree(t, der)
	require.Len(t, root, 1)
	change(root[0].at(path...))
	return root[0].der()
}

// Changes of a node.
func body(b ...byte) func(*node)        { return func(n *node) { n.body, n.kids = b, nil } }
func text(s string) func(*node)         { return body([]byte(s)...) }
func tag(b byte) func(*node)            { return func(n *node) { n.tag = b } }
func add(kids ...*node) func(*node)     { return func(n *node) { n.kids = append(n.kids, kids...) } }
func drop(i int) func(*node)            { return func(n *node) { n.kids = append(n.kids[:i:i], n.kids[i+1:]...) } }
func put(i int, k *node) func(*node)    { return func(n *node) { n.kids[i] = k } }
func leaf(tag byte, b ...byte) *node    { return &node{tag: tag, body: b} }
func branch(tag byte, k ...*node) *node { return &node{tag: tag, kids: k} }

func both(changes ...func(*node)) func(*node) {
	return func(n *node) {
		for _, c := range changes {
			c(n)
		}
	}
}

func extension(id string, rest ...*node) *node {
	return branch(0x30, append([]*node{leaf(6, []byte(id)...)}, rest...)...)
}

func identifier(id oid.ID) func(*node) { return body([]byte(id)...) }
