package verify

import (
	"slices"
	"strings"

	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/pki"
)

// judgeEntries judges the list of all files of a package (GM/T 0099-2020), where there is one: that it names what is
// there and nothing else, and the signature over it. Its signer vouches for the list, and for nothing that the document
// says. The list and its signature are needed by no other signature, and need none: they are the last to be made.
func (j *judgement) judgeEntries(o *ofdPackage) {
	const id = "package.listed"
	list, raw, found, err := o.Entries()
	if err != nil {
		j.refusePackage(id, err)
		return
	}
	if !found {
		return
	}
	j.need(id)
	for _, name := range list.Tolerances.Names() {
		j.tolerated("ofd: " + name)
	}
	if missing, unlisted := o.CheckEntries(list); len(missing)+len(unlisted) > 0 {
		slices.Sort(unlisted)
		j.fail(id, SigConstraintsFailure, "the files that are listed", listed(slices.Concat(unlisted, missing)))
		return
	}
	value, err := j.readNamed(o, ofd.EntriesFile, list.SignedValue)
	if err != nil {
		j.refusePackage(id, err)
		return
	}
	digest, err := pki.HashSM3.Sum(raw)
	if err != nil {
		j.broken = err
		return
	}
	for _, name := range o.Files() {
		if strings.EqualFold(name, ofd.EntriesFile) {
			o.covered[name], o.machinery[name] = true, true
		}
	}
	seen := len(j.signers)
	j.part = ofd.EntriesFile
	j.judgeSign(value, raw, digest)
	j.part = ""
	j.signers = j.signers[:seen]
	j.pass(id)
}
