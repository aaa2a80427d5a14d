package verify

import (
	"bytes"
	"io"

	"github.com/elicense/elicense/vault/record"
)

// What tells a package by its end, where the names of its files and the end of the archive stand.
const (
	packageTail = 1 << 20
	archiveEnd  = "PK\x05\x06"
	packageMain = "ofd.xml"
)

// judgeInner: SignedData over a licence says nothing of the licence. Its state, its issuer and its own seals are judged
// only if it is submitted by itself; else a licence that was revoked would pass by anybody's signature around it.
func (j *judgement) judgeInner(inside []byte, over *content) {
	const id = "cms.inner"
	j.need(id)
	if over == nil {
		over = &content{body: bytes.NewReader(inside), size: int64(len(inside))}
	}
	what, err := kindInside(over)
	switch {
	case err != nil:
		j.broken = err
	case what == KindUnknown:
		j.pass(id)
	case what == KindPDF:
		j.uncovered("content: a PDF; its own signatures were not judged")
		j.pass(id)
	default:
		j.open(id, SigConstraintsFailure, "a document that is not signed by itself", string(what))
	}
}

// kindInside tells content that is judged by itself from content that is not.
func kindInside(c *content) (Kind, error) {
	head, err := c.at(0, min(c.size, headBytes))
	if err != nil {
		return KindUnknown, err
	}
	tail, err := c.at(max(0, c.size-packageTail), min(c.size, packageTail))
	if err != nil {
		return KindUnknown, err
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")
	switch {
	case bytes.Contains(tail, []byte(archiveEnd)) && bytes.Contains(bytes.ToLower(tail), []byte(packageMain)):
		return KindOFD, nil
	case isPDF(head):
		return KindPDF, nil
	case bytes.HasPrefix(text, []byte(proofHead)):
		return KindProof, nil
	case bytes.HasPrefix(text, []byte(textHead)):
		return kindOfText(text), nil
	case len(text) > 0 && text[0] == '{' && c.size <= record.MaxBundle:
		return bundleInside(c)
	}
	return KindUnknown, nil
}

func bundleInside(c *content) (Kind, error) {
	whole, err := c.at(0, c.size)
	if bytes.Contains(whole, []byte(record.BundleFormat)) || bytes.Contains(whole, []byte(encodedHead)) {
		return KindBundle, err
	}
	return KindUnknown, err
}

// encodedHead is how the texts of this project begin in base64.
const encodedHead = "ZWxpY2Vuc2Ug"

// at is a part of the content.
func (c *content) at(from, n int64) ([]byte, error) {
	b := make([]byte, n)
	if got, err := c.body.ReadAt(b, from); int64(got) < n && err != io.EOF {
		return nil, err
	} else if int64(got) < n {
		return nil, io.ErrUnexpectedEOF
	}
	return b, nil
}
