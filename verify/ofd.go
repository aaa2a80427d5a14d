package verify

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/pki"
)

// Limits of what is read into memory from a package.
const (
	maxSealFile      = 4 << 20 // a signature value or seal
	maxOFDSignatures = 64
	maxListed        = 16 // names in one line of a report
)

// ofdPackage is a package under judgement.
type ofdPackage struct {
	*ofd.Package

	document ofd.Document
	list     *ofd.SignatureList
	covered  map[string]bool // by some signature, or a signature's own file
	listed   map[string]bool // by some signature, whatever became of it
	covers   []sealCover
	licences []sealedBundle
	// machinery are the files of the signatures themselves, which nobody reads as content.
	machinery map[string]bool
}

// sealCover is what one signature protects.
type sealCover struct {
	part  string
	files map[string]bool
}

// judgeOFD judges a package: its container, every signature of every document, what none of them covers, and the
// licence that it is.
func (j *judgement) judgeOFD(d *Document) {
	j.report.Kind = KindOFD
	p, err := ofd.Open(d.Body, d.Size)
	if err != nil {
		j.refuseZip(d, err)
		return
	}
	j.pass("package.text")
	documents := p.Documents()
	if len(documents) != 1 {
		j.fail("package.documents", FormatFailure, "one document", strconv.Itoa(len(documents)))
		return
	}
	j.pass("package.documents")
	for _, name := range p.Tolerances().Names() {
		j.tolerated("ofd: " + name)
	}
	o := &ofdPackage{
		Package: p, document: documents[0], covered: map[string]bool{}, listed: map[string]bool{},
		machinery: map[string]bool{},
	}
	for _, name := range o.document.Tolerances.Names() {
		j.tolerated("ofd: " + name)
	}
	j.findBundles(o)
	j.judgeOFDSignatures(o)
	if j.broken != nil {
		return
	}
	j.judgeEntries(o)
	j.judgeUncovered(o)
	j.judgeShown(o)
	j.judgeOFDLicence(o, d)
}

// refuseZip refuses what is no package of OFD, by what it is.
func (j *judgement) refuseZip(d *Document, err error) {
	if is := mediumOfZip(d, err); is != "" {
		j.report.Kind = KindUnknown
		j.fail("document.kind", FormatFailure, "", is)
		return
	}
	j.refusePackage("package.text", err)
}

// refusePackage tells refusals of the file from errors of whoever reads it.
func (j *judgement) refusePackage(id string, err error) {
	var refusal *ofd.Error
	if !errors.As(err, &refusal) {
		j.broken = err
		return
	}
	sub := FormatFailure
	if refusal.Reason == ofd.ReasonMissing {
		sub = SignedDataNotFound
	}
	j.fail(id, sub, "GB/T 33190-2016", string(refusal.Reason))
}

func (j *judgement) judgeOFDSignatures(o *ofdPackage) {
	const id = "package.signed"
	var err error
	if o.list, err = o.Signatures(o.document); err != nil {
		j.refusePackage(id, err)
		return
	}
	switch n := len(o.list.Signatures); {
	case n == 0:
		j.fail(id, SignedDataNotFound, "at least one signature", "none")
		return
	case n > maxOFDSignatures:
		j.fail(id, FormatFailure, "at most 64 signatures")
		return
	}
	j.pass(id)
	for i, ref := range o.list.Signatures {
		j.part = ref.ID
		j.judgeOFDSignature(o, i)
		if j.part = ""; j.broken != nil || j.ctx.Err() != nil {
			return
		}
	}
}

// judgeOFDSignature judges one entry of the list of signatures: its description, the seal or signature over that, and
// the files that it lists.
func (j *judgement) judgeOFDSignature(o *ofdPackage, i int) {
	ref := o.list.Signatures[i]
	j.need("description.text", "description.files")
	sig, err := o.ReadSignature(ref)
	if err != nil {
		j.refusePackage("description.text", err)
		return
	}
	j.pass("description.text")
	for _, name := range sig.Tolerances.Names() {
		j.tolerated("ofd: " + name)
	}
	made, ok := j.readSigned(o, ref, sig)
	if !ok {
		return
	}
	j.fact("sealing-software", strings.TrimSpace(sig.Provider.Name+" "+sig.Provider.Version))
	digest, err := pki.HashSM3.Sum(sig.Raw)
	if err != nil {
		j.broken = err
		return
	}
	before := len(j.signers)
	if made.digest = digest; ref.Type == ofd.TypeSign {
		j.judgeSealless(sig)
		j.judgeSign(made.value, sig.Raw, digest)
	} else {
		j.judgeSealing(made)
	}
	files := j.judgeFiles(o, i, coveredFiles{sig, zOfSigner(j.signers[before:])})
	for k := before; k < len(j.signers); k++ {
		j.signers[k].files = files
	}
}

// readSigned reads the signature value, and the seal and the picture beside it. The picture needs a signature's cover
// like any other file.
func (j *judgement) readSigned(o *ofdPackage, ref ofd.SignatureRef, sig *ofd.Signature) (s sealing, ok bool) {
	s = sealing{path: sig.File, stamps: sig.Stamps}
	var err error
	s.value, err = j.readNamed(o, sig.File, sig.SignedValue)
	if err == nil && sig.Seal != "" && ref.Type != ofd.TypeSign {
		s.beside, err = j.readNamed(o, sig.File, sig.Seal)
	}
	if err == nil && sig.SealImage != "" && ref.Type != ofd.TypeSign {
		var name string
		if name, _, err = o.Resolve(sig.File, sig.SealImage); err == nil {
			s.picture, err = o.ReadFile(name, maxSealFile)
		}
	}
	if err != nil {
		j.refusePackage("description.text", err)
		return sealing{}, false
	}
	return s, true
}

// readNamed reads a file that a description names; it needs no cover of its own.
func (j *judgement) readNamed(o *ofdPackage, base, location string) ([]byte, error) {
	name, _, err := o.Resolve(base, location)
	if err != nil {
		return nil, err
	}
	o.covered[name], o.machinery[name] = true, true
	return o.ReadFile(name, maxSealFile)
}

// coveredFiles is what a signature lists and, for one maker's digests, the Z of its signer.
type coveredFiles struct {
	sig *ofd.Signature
	z   []byte
}

// judgeFiles holds the listed files against their digests and gives those that have them.
func (j *judgement) judgeFiles(o *ofdPackage, i int, f coveredFiles) map[string]bool {
	const id = "description.files"
	switch f.sig.Digest {
	case ofd.SM3, ofd.SM3Z, ofd.SHA256:
	case ofd.MD5, ofd.SHA1:
		j.fail(id, CryptoConstraintsFailure, "SM3", string(f.sig.Digest))
		return nil
	default:
		j.fail(id, CryptoConstraintsFailure, "SM3", f.sig.CheckMethod)
		return nil
	}
	z := f.z
	if f.sig.Digest != ofd.SM3Z {
		z = nil
	}
	cover, err := o.Coverage(o.list, i, f.sig, z)
	if err != nil {
		j.refusePackage(id, err)
		return nil
	}
	for _, name := range cover.Own {
		o.covered[name], o.machinery[name] = true, true
	}
	var wrong []string
	for _, c := range cover.Files {
		o.listed[c.Name] = true
		if c.State == ofd.StateMatch {
			o.covered[c.Name] = true
		} else {
			wrong = append(wrong, c.Path+" "+string(c.State))
		}
	}
	switch {
	case len(wrong) > 0:
		j.fail(id, HashFailure, "the digests that were sealed", listed(wrong))
	case !cover.Complete():
		j.fail(id, SignedDataNotFound, "at least one file", "none")
	default:
		j.pass(id)
	}
	if len(cover.Added) > 0 {
		j.uncovered("signed later: " + listed(cover.Added))
	}
	names := map[string]bool{}
	for _, c := range cover.Files {
		names[c.Name] = c.State == ofd.StateMatch
	}
	o.covers = append(o.covers, sealCover{j.part, names})
	return names
}

// judgeShown: each signature is over everything that is shown. OFD.xml, which it may not cover, can name another root
// or another version; a stranger's own sound signature over that must not lend him the seals that lie beside it. Nor
// may a later seal bring a picture: a page that was sealed may name it, and showed nothing then. A known vault may add:
// a copy of a licence for one purpose is a version of its own.
func (j *judgement) judgeShown(o *ofdPackage) {
	const id = "description.shown"
	byVault := map[string]bool{}
	for i := range j.signers {
		if s := &j.signers[i]; j.v.pinned("", s.cert.PublicKey) {
			maps.Copy(byVault, s.files)
		}
	}
	for _, c := range o.covers {
		j.part = c.part
		j.need(id)
		var open []string
		for _, name := range o.Files() {
			if !c.files[name] && !byVault[name] && !o.machinery[name] && !o.beside(name) {
				open = append(open, name)
			}
		}
		if len(open) > 0 {
			slices.Sort(open)
			j.fail(id, SigConstraintsFailure, "a signature over all that is shown", listed(open))
			continue
		}
		j.pass(id)
	}
	j.part = ""
}

// beside tells the files that change with each signature.
func (o *ofdPackage) beside(name string) bool { return name == o.Main() || name == o.list.File }

// judgeUncovered: a file that no signature protects must not be there; readers that look only at what is listed would
// show it. OFD.xml can be such a file, since it changes with each signature: what it says is then no one's word.
func (j *judgement) judgeUncovered(o *ofdPackage) {
	const id = "package.extra"
	if o.list == nil || len(o.list.Signatures) == 0 {
		return
	}
	j.need(id)
	var extra []string
	for _, name := range o.Files() {
		switch {
		case o.covered[name], o.listed[name]:
		case name == o.Main():
			j.uncovered("OFD.xml")
		case name == o.list.File:
			j.uncovered(name)
		default:
			extra = append(extra, name)
		}
	}
	if len(extra) > 0 {
		slices.Sort(extra)
		j.fail(id, SigConstraintsFailure, "only signed files", listed(extra))
		return
	}
	j.pass(id)
}

// listed joins names for one line of a report.
func listed(names []string) string {
	short := make([]string, 0, maxListed+1)
	for i, name := range names {
		if i == maxListed {
			short = append(short, "… "+strconv.Itoa(len(names)-i))
			break
		}
		short = append(short, name)
	}
	return strings.Join(short, ", ")
}

// isOFD tells a package by its first bytes.
func isOFD(head []byte) bool { return bytes.HasPrefix(head, []byte("PK\x03\x04")) }
