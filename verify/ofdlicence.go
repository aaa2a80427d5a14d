package verify

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/vault/record"
)

// elementIdentifier is the name under which a licence of GB/T 36905-2018 gives its identifier.
const elementIdentifier = "ZZBS"

// licenceChecks are those of a licence record within a sealed document. Its place in the ledger is not among them: the
// document was sealed before the record was there. The issuer's seal and the state now stand in its place.
var licenceChecks = []string{"record.text", "record.form", "record.chain", "record.carried", "record.signature",
	"record.signer", "record.key", "record.issuer", "record.identifier", "record.check", "record.disclosures",
	"record.validity", "state.now", "seal.holder", "seal.usage", "licence.covered",
	"licence.metadata"}

// judgeOFDLicence judges the signed record that the document carries. A document that says it is a licence and carries
// none is one of another vault: its state is what decides, and only the status source can tell it.
func (j *judgement) judgeOFDLicence(o *ofdPackage, d *Document) {
	j.judgeCopy(o)
	identifier, report := customData(o, elementIdentifier), o.findReport()
	switch {
	case len(o.licences) > 1:
		j.fail("licence.record", FormatFailure, "one licence record", strconv.Itoa(len(o.licences)))
	case len(o.licences) == 1:
		j.need(licenceChecks...)
		inside := o.licences[0]
		j.judgeSealedLicence(o, inside.file, j.completed(inside.bundle, d.Licence))
	case identifier != "":
		j.judgeForeignLicence(o, identifier)
	case report != nil:
		j.judgeReport(o, report)
	default:
		j.judgePlain(o)
		j.expectAll(j.signerAnswers())
	}
}

// sealedBundle is a licence record that lies in the package.
type sealedBundle struct {
	file   string
	bundle *record.Bundle
}

// findBundles finds the licence records among the files. Their certificates help to judge the seals.
func (j *judgement) findBundles(o *ofdPackage) {
	for _, name := range o.Files() {
		size := o.Size(name)
		if size < 2 || size > record.MaxBundle {
			continue
		}
		raw, err := o.readObject(name)
		if err != nil {
			j.refusePackage("licence.record", err)
			return
		}
		if !bytes.Contains(raw, []byte(record.BundleFormat)) {
			continue
		}
		b, err := record.ParseBundle(raw)
		if _, once := members(raw); err != nil || !once {
			j.fail("licence.record", FormatFailure, record.BundleFormat)
			continue
		}
		o.licences = append(o.licences, sealedBundle{name, b})
		for _, der := range b.Certificates {
			if c, err := pki.ParseTolerant(der); err == nil && len(j.help) < maxHelp {
				j.help = append(j.help, c)
			}
		}
	}
}

// readObject reads a file that begins as a JSON object does, and of another nothing. Names do not tell: whoever renames
// a file in a way that the list of a signature still finds it would make the record disappear.
func (o *ofdPackage) readObject(name string) ([]byte, error) {
	head, err := o.readHead(name)
	if err != nil {
		return nil, err
	}
	if head = bytes.TrimLeft(head, " \t\r\n"); len(head) > 0 && head[0] != '{' {
		return nil, nil
	}
	return o.ReadFile(name, record.MaxBundle)
}

// readHead reads how a file begins.
func (o *ofdPackage) readHead(name string) ([]byte, error) {
	f, err := o.OpenFile(name)
	if err != nil {
		return nil, err
	}
	head := make([]byte, headBytes)
	n, err := io.ReadFull(f, head)
	if cerr := f.Close(); cerr != nil && err == nil {
		err = cerr
	}
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return head[:n], nil
}

func customData(o *ofdPackage, name string) string {
	for _, c := range o.document.Info.Custom {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// completed adds what the vault says now, which came beside the document: proof and status of the same record.
func (j *judgement) completed(inside *record.Bundle, beside []byte) *record.Bundle {
	if beside == nil {
		return inside
	}
	now := parseBeside(beside)
	if now == nil {
		j.fail("licence.beside", FormatFailure, record.BundleFormat)
		return inside
	}
	if !bytes.Equal(now.Record, inside.Record) {
		j.fail("licence.beside", SigConstraintsFailure)
		return inside
	}
	j.pass("licence.beside")
	whole := *inside
	whole.Proof, whole.Status, whole.StatusSig = now.Proof, now.Status, now.StatusSig
	return &whole
}

func (j *judgement) judgeSealedLicence(o *ofdPackage, name string, b *record.Bundle) {
	rec, err := record.Parse(b.Record)
	if err == nil {
		j.judgeIssuerSeal(o, name, rec)
	}
	j.judgeBundle(b, true)
}

// judgeIssuerSeal: the issuer itself sealed the record and every page, with its seal for administrative approval (A26).
func (j *judgement) judgeIssuerSeal(o *ofdPackage, name string, rec *record.Record) {
	holder, usage := false, false
	byIssuer := map[string]bool{}
	for i := range j.signers {
		s := &j.signers[i]
		own := s.cert.Holder.USCC == rec.IssuerCode && s.cert.Holder.Kind != pki.HolderPerson
		if !own && !j.v.pinned("", s.cert.PublicKey) {
			continue
		}
		maps.Copy(byIssuer, s.files)
		if own && s.sealed && s.files[name] {
			holder = true
			usage = usage || slices.Contains(s.cert.ExtKeyUsage, oid.PurposeApprovalSeal)
		}
	}
	j.decide("seal.holder", holder, SigConstraintsFailure)
	if holder {
		j.decide("seal.usage", usage, SigConstraintsFailure)
	}
	if byIssuer[o.Main()] {
		j.pass("licence.metadata")
	} else {
		j.open("licence.metadata", SignedDataNotFound, "", o.Main())
	}
	j.judgeParts(o, byIssuer, j.sealsOfOthers(func(c *pki.Certificate) bool {
		return c.Holder.USCC == rec.IssuerCode && c.Holder.Kind != pki.HolderPerson
	}))
}

// judgeParts: every file is the issuer's, or a known vault's, and so is every seal.
func (j *judgement) judgeParts(o *ofdPackage, byIssuer map[string]bool, foreign []string) {
	for file := range o.covered {
		if !byIssuer[file] && !o.machinery[file] {
			foreign = append(foreign, file)
		}
	}
	slices.Sort(foreign)
	if len(foreign) > 0 {
		j.fail("licence.covered", SigConstraintsFailure, "", listed(foreign))
		return
	}
	j.pass("licence.covered")
}

// sealsOfOthers names the seals that are neither the issuer's nor a known vault's: each is shown on the licence, and
// may hide what the issuer says there.
func (j *judgement) sealsOfOthers(own func(*pki.Certificate) bool) (names []string) {
	for i := range j.signers {
		if s := &j.signers[i]; s.sealed && !own(s.cert) && !j.v.pinned("", s.cert.PublicKey) {
			names = append(names, "a seal of another")
		}
	}
	return names
}

// decide notes a check that has no more to say than yes or no.
func (j *judgement) decide(id string, ok bool, sub SubIndication) {
	if ok {
		j.pass(id)
		return
	}
	j.fail(id, sub)
}

// zOfSigner is the Z that one maker's digests begin with: that of the signer.
func zOfSigner(list []signerSeen) []byte {
	if len(list) == 0 || list[0].cert.PublicKey == nil {
		return nil
	}
	return list[0].cert.PublicKey.Z()
}

// signerSeen is one who signed the document; whether his signature counts is judged apart.
type signerSeen struct {
	cert   *pki.Certificate
	sealed bool            // with a seal
	files  map[string]bool // of the package that he covers
}
