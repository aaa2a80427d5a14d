package verify

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/elicense/elicense/internal/evidence"
	"github.com/elicense/elicense/vault/record"
)

// MaxDocument is the largest document, in bytes.
const MaxDocument = record.MaxBundle

// Envelope is the JSON around a signed text that is no bundle: a receipt, a status statement, a batch certificate,
// or a licence record alone. A receipt as the vault hands it out has this form.
type Envelope struct {
	Raw       []byte              `json:"raw"`
	Signature []byte              `json:"signature"`       // detached GB/T 35275 SignedData over Raw
	Opens     []record.Disclosure `json:"opens,omitempty"` // values behind the digests in Raw

	// Checkpoint is the signed checkpoint that a receipt or batch certificate names, Consistency a consistency file
	// from there to a later one.
	Checkpoint  []byte `json:"checkpoint,omitempty"`
	Consistency []byte `json:"consistency,omitempty"`
}

// The first bytes by which documents are told apart.
const (
	proofHead     = "elicense ledger proof v1\n"
	textHead      = "elicense "
	pemHead       = "-----BEGIN CERTIFICATE-----"
	signatureMark = "\n\n\u2014 " // between the text of a signed note and its first signature line
	derSequence   = 0x30

	objectIdentifier = 0x06
	headBytes        = 1 << 10
	maxDetectBytes   = 64 << 10
)

// judge tells the kind by the content and judges it.
func (j *judgement) judge(d *Document) {
	head := make([]byte, min(headBytes, max(d.Size, 0)))
	if d.Body == nil {
		j.fail("document.kind", FormatFailure)
		return
	}
	if n, err := d.Body.ReadAt(head, 0); n < len(head) {
		j.broken = fmt.Errorf("verify: reading the document: %w", err)
		return
	}
	switch {
	case evidence.Is(head):
		j.judgeEvidence(d)
	case isOFD(head):
		j.judgeOFD(d)
	case isPDF(head):
		j.judgePDF(d)
	default:
		if is := mediumOf(head, d.Size); is != "" {
			j.fail("document.kind", FormatFailure, "", is)
			return
		}
		j.judgeWhole(d)
	}
}

// judgeWhole judges what is read into memory.
func (j *judgement) judgeWhole(d *Document) {
	doc, ok := j.readAll(d)
	if !ok {
		return
	}
	doc = decodeText(doc)
	trimmed := bytes.TrimLeft(doc[:min(len(doc), maxDetectBytes)], " \t\r\n")
	switch {
	case len(trimmed) > 0 && trimmed[0] == '{':
		j.judgeJSON(doc)
	case bytes.HasPrefix(doc, []byte(proofHead)):
		j.judgeProof(doc)
	case bytes.HasPrefix(doc, []byte(textHead)):
		j.report.Kind = kindOfText(doc)
		j.fail("document.kind", FormatFailure, "a text with its signature", "a text alone")
	case bytes.HasPrefix(trimmed, []byte(pemHead)):
		j.judgeCertificate(doc)
	case len(doc) > 0 && doc[0] == derSequence:
		j.judgeDER(doc, d)
	case bytes.Contains(doc[:min(len(doc), maxDetectBytes)], []byte(signatureMark)):
		j.judgeCheckpoint(doc)
	default:
		j.fail("document.kind", FormatFailure, "", mediumOfText(doc[:min(len(doc), headBytes)]))
	}
}

// judgeBeside: what lies beside a document and was not judged with it must not seem to be accepted along with it. An
// anchor's certificate in place of a signature would otherwise make any content acceptable.
func (j *judgement) judgeBeside(d *Document) {
	if d.Content != nil && j.report.Kind != KindCMS && j.report.Kind != KindTimestamp {
		j.fail("document.content", SigConstraintsFailure)
	}
	if _, judged := j.report.Check("licence.beside"); d.Licence != nil && !judged {
		j.fail("licence.beside", SigConstraintsFailure)
	}
}

// readAll reads a document of a kind that is judged in memory.
func (j *judgement) readAll(d *Document) ([]byte, bool) {
	if d.Size > MaxDocument || d.Size < 0 || d.Body == nil {
		j.fail("document.kind", FormatFailure, "at most 4 MiB")
		return nil, false
	}
	doc := make([]byte, d.Size)
	if n, err := d.Body.ReadAt(doc, 0); n < len(doc) {
		j.broken = fmt.Errorf("verify: reading the document: %w", err)
		return nil, false
	}
	return doc, true
}

// decodeText unwraps DER that was sent as text: PEM of SignedData, or base64 alone.
func decodeText(doc []byte) []byte {
	trimmed := bytes.TrimSpace(doc)
	if block, rest := pem.Decode(trimmed); block != nil && len(bytes.TrimSpace(rest)) == 0 &&
		(block.Type == "PKCS7" || block.Type == "CMS") {
		return block.Bytes
	}
	if !bytes.HasPrefix(trimmed, []byte("MI")) {
		return doc
	}
	compact := bytes.Map(func(c rune) rune {
		if unicode.IsSpace(c) {
			return -1
		}
		return c
	}, trimmed)
	if der, err := base64.StdEncoding.Strict().DecodeString(string(compact)); err == nil {
		return der
	}
	return doc
}

// judgeDER tells signed things in DER apart by their first element.
func (j *judgement) judgeDER(doc []byte, d *Document) {
	switch {
	case firstTag(doc) == objectIdentifier:
		j.judgeSignedData(doc, d)
	case isTimestampResponse(doc):
		j.judgeTimestamp(doc, d)
	default:
		j.judgeCertificate(doc)
	}
}

// firstTag is the tag of the first element within a SEQUENCE, also of one that is cut short.
func firstTag(doc []byte) byte {
	at := 2
	if len(doc) > 1 && doc[1]&0x80 != 0 {
		at += int(doc[1] & 0x7f)
	}
	if at >= len(doc) {
		return 0
	}
	return doc[at]
}

func (j *judgement) judgeJSON(doc []byte) {
	names, ok := members(doc)
	switch {
	case ok && names["format"]:
		j.report.Kind = KindBundle
		b, err := record.ParseBundle(doc)
		if err != nil {
			j.fail("document.members", FormatFailure, record.BundleFormat)
			return
		}
		j.pass("document.members")
		j.judgeLicence(b)
	case ok && names["raw"]:
		j.judgeEnvelope(doc)
	case ok:
		j.fail("document.kind", FormatFailure, "", mediumJSON)
	default:
		j.fail("document.members", FormatFailure, "each member once, in lower case")
	}
}

func (j *judgement) judgeEnvelope(doc []byte) {
	var e Envelope
	d := json.NewDecoder(bytes.NewReader(doc))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		j.fail("document.members", FormatFailure, "raw, signature, opens")
		return
	}
	j.report.Kind = kindOfText(e.Raw)
	ledger := len(e.Checkpoint)+len(e.Consistency) > 0
	if ledger && j.report.Kind != KindReceipt && j.report.Kind != KindBatch {
		j.fail("document.members", FormatFailure, "raw, signature, opens")
		return
	}
	if j.report.Kind != KindUnknown {
		j.pass("document.members")
	}
	switch j.report.Kind {
	case KindRecord:
		j.judgeLicence(&record.Bundle{Record: e.Raw, Signature: e.Signature, Disclosures: e.Opens})
	case KindReceipt:
		j.judgeReceipt(&e)
	case KindStatus:
		j.judgeStatus(&e)
	case KindBatch:
		j.judgeBatch(&e)
	case KindUnknown, KindBundle, KindProof, KindCheckpoint, KindCertificate, KindOFD, KindPDF, KindCMS, KindTimestamp,
		KindEvidence:
		j.fail("document.kind", FormatFailure, "record, receipt, status or batch")
	}
}

// kindOfText tells a signed text by its first line.
func kindOfText(raw []byte) Kind {
	line, _, _ := bytes.Cut(raw, []byte("\n"))
	switch string(line) {
	case "elicense record v1":
		return KindRecord
	case "elicense receipt v1":
		return KindReceipt
	case "elicense status v1":
		return KindStatus
	case "elicense batch v1":
		return KindBatch
	}
	return KindUnknown
}

// maxNesting is deeper than any document of ours: a signed report on an evidence file has ten levels.
const maxNesting = 16

// members gives the names at the top of one JSON object with nothing after it. It is not ok if any object in it
// repeats a name or spells one in capital letters: two readers could then see two documents.
func members(doc []byte) (names map[string]bool, ok bool) {
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	names = map[string]bool{}
	if t, err := d.Token(); err != nil || t != json.Delim('{') || !object(d, names, 1) {
		return nil, false
	}
	_, err := d.Token()
	return names, err == io.EOF
}

// isMember: names are in small letters of ASCII. Readers that do not mind the case take other letters for these too,
// such as the long s for an s.
func isMember(name string) bool {
	return !strings.ContainsFunc(name, func(c rune) bool { return c > unicode.MaxASCII || unicode.IsUpper(c) })
}

// object reads the rest of an object.
func object(d *json.Decoder, names map[string]bool, depth int) bool {
	for d.More() {
		t, err := d.Token()
		name, isName := t.(string)
		if err != nil || !isName || names[name] || !isMember(name) || !value(d, depth) {
			return false
		}
		names[name] = true
	}
	_, err := d.Token()
	return err == nil
}

// value reads one value.
func value(d *json.Decoder, depth int) bool {
	t, err := d.Token()
	if err != nil || depth > maxNesting {
		return false
	}
	switch t {
	case json.Delim('{'):
		return object(d, map[string]bool{}, depth+1)
	case json.Delim('['):
		for d.More() {
			if !value(d, depth+1) {
				return false
			}
		}
		_, err := d.Token()
		return err == nil
	}
	return true
}
