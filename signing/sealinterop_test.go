package signing_test

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/signing"
)

// sealedPackage is the smallest OFD around a seal and what it signs, written here by hand.
func sealedPackage(t *testing.T, s *signing.Sealer) []byte {
	t.Helper()
	const ns = `xmlns:ofd="http://www.ofdspec.org/2016"`
	files := map[string][]byte{
		"OFD.xml": []byte(`<ofd:OFD ` + ns + ` Version="1.0" DocType="OFD"><ofd:DocBody><ofd:DocInfo><ofd:DocID>0</ofd:DocID>` +
			`</ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot><ofd:Signatures>Doc_0/Signs/Signatures.xml` +
			`</ofd:Signatures></ofd:DocBody></ofd:OFD>`),
		"Doc_0/Document.xml": []byte(`<ofd:Document ` + ns + `/>`),
		"Doc_0/Signs/Signatures.xml": []byte(`<ofd:Signatures ` + ns + `><ofd:Signature ID="1" Type="Seal" ` +
			`BaseLoc="Sign_0/Signature.xml"/></ofd:Signatures>`),
		"Doc_0/Signs/Sign_0/Seal.esl": s.Seal(),
	}
	references := ""
	for _, name := range []string{"OFD.xml", "Doc_0/Document.xml", "Doc_0/Signs/Sign_0/Seal.esl"} {
		digest := sm3.Sum(files[name])
		references += fmt.Sprintf(`<ofd:Reference FileRef="/%s"><ofd:CheckValue>%s</ofd:CheckValue></ofd:Reference>`, name,
			base64.StdEncoding.EncodeToString(digest[:]))
	}
	files[signaturePath[1:]] = []byte(`<ofd:Signature ` + ns + `><ofd:SignedInfo><ofd:References CheckMethod=` +
		`"1.2.156.10197.1.401">` + references + `</ofd:References><ofd:Seal><ofd:BaseLoc>Seal.esl</ofd:BaseLoc></ofd:Seal>` +
		`</ofd:SignedInfo><ofd:SignedValue>SignedValue.dat</ofd:SignedValue></ofd:Signature>`)
	value, err := s.Value(t.Context(), files[signaturePath[1:]], signaturePath)
	require.NoError(t, err)
	files["Doc_0/Signs/Sign_0/SignedValue.dat"] = value

	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range files {
		w, err := z.CreateRaw(&zip.FileHeader{
			Name: name, Method: zip.Store, CRC32: crc32.ChecksumIEEE(content), CompressedSize64: uint64(len(content)),
			UncompressedSize64: uint64(len(content)),
		})
		require.NoError(t, err)
		_, err = w.Write(content)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.Bytes()
}

// A program that shares no code with this project accepts what is sealed here, and refuses it under another root.
func TestOFDCheckAcceptsSeals(t *testing.T) {
	c := newCheckers(t)
	w := newSealWorld(t)
	root := c.file("root.pem", pki.AppendPEM(nil, w.issuing.Chain()...))
	other := newSealWorld(t)
	wrong := c.file("wrong.pem", pki.AppendPEM(nil, other.issuing.Chain()...))
	for name, change := range map[string]func(*signing.SealSpec, *signing.SealerConfig){
		"GB/T 38540": func(*signing.SealSpec, *signing.SealerConfig) {},
		"digests":    func(s *signing.SealSpec, _ *signing.SealerConfig) { s.ByDigest = true },
		"timestamp":  func(_ *signing.SealSpec, c *signing.SealerConfig) { c.Timestamp = stamper{t: t, w: w} },
		"GM/T 0031":  func(s *signing.SealSpec, _ *signing.SealerConfig) { s.Version = signing.SealV1 },
	} {
		spec, config := w.spec(), w.sealerConfig(nil)
		change(&spec, &config)
		config.Seal = w.seal(t, spec)
		s, err := signing.NewSealer(config)
		require.NoError(t, err, name)
		sealed := c.file("sealed.ofd", sealedPackage(t, s))
		c.accepts("ofdcheck", "--strict", "--ca", root, sealed)
		c.refuses("ofdcheck", "--strict", "--ca", wrong, sealed)

		config.Now = at(spec.ValidUntil.Add(-time.Second))
		s, err = signing.NewSealer(config)
		require.NoError(t, err, name)
		c.accepts("ofdcheck", "--strict", "--ca", root, c.file("sealed.ofd", sealedPackage(t, s)))
	}
}
