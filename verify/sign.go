package verify

import (
	"bytes"
	"encoding/base64"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/pki"
)

// judgeSign judges a signature without a seal (Type="Sign") over Signature.xml. Three forms are in use: SignedData that
// holds the digest of the file, SignedData detached from the file, and a bare signature value, for which nothing says
// who made it.
func (j *judgement) judgeSign(value, file, digest []byte) {
	j.need("signature.bound")
	if len(value) == 0 || firstTag(value) != objectIdentifier {
		j.open("signature.chain", NoSigningCertificateFound, "SignedData of GB/T 35275 or RFC 5652",
			"a bare signature value")
		j.open("signature.bound", NoSigningCertificateFound)
		return
	}
	data, err := cms.Parse(value)
	if err != nil {
		j.fail("cms.text", FormatFailure, "SignedData of GB/T 35275 or RFC 5652")
		return
	}
	j.pass("cms.text")
	j.cite(formClause(data.ContentType))
	for _, name := range data.Tolerances.Names() {
		j.tolerated("cms: " + name)
	}
	if data.Detached {
		j.pass("signature.bound")
		j.judgeSigners(data, &content{
			body: bytes.NewReader(file), size: int64(len(file)), sums: map[pki.Hash][]byte{pki.HashSM3: digest},
		})
		return
	}
	if holdsDigest(data.Content, digest) {
		j.pass("signature.bound")
	} else {
		j.fail("signature.bound", HashFailure)
	}
	j.judgeSigners(data, nil)
}

// holdsDigest: the signed content is the digest, or as some write it, its base64 text.
func holdsDigest(content, digest []byte) bool {
	return bytes.Equal(content, digest) || string(content) == base64.StdEncoding.EncodeToString(digest)
}
