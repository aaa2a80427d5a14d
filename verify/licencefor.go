package verify

import (
	"bytes"

	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/vault/record"
)

// LicenceFor finds, among what a vault gave out, the bundle of the licence that an OFD carries: it is what
// Document.Licence is to be. nil: there is none, or the document carries no licence. It judges nothing; what cannot be
// read is passed over.
func LicenceFor(d *Document, bundles ...[]byte) []byte {
	if d.Body == nil || len(bundles) == 0 {
		return nil
	}
	known := map[record.Digest][]byte{}
	for _, raw := range bundles {
		b, err := record.ParseBundle(raw)
		if err != nil {
			continue
		}
		if sum := record.Sum(b.Record); known[sum] == nil {
			known[sum] = raw
		}
	}
	for _, sum := range recordsIn(d) {
		if raw := known[sum]; raw != nil {
			return raw
		}
	}
	return nil
}

// recordsIn are the records of licences that lie in an OFD.
func recordsIn(d *Document) (sums []record.Digest) {
	p, err := ofd.Open(d.Body, d.Size)
	if err != nil {
		return nil
	}
	o := &ofdPackage{Package: p}
	for _, name := range o.Files() {
		if inside := o.bundleIn(name); inside != nil {
			sums = append(sums, record.Sum(inside.Record))
		}
	}
	return sums
}

// bundleIn is the licence that lies in a file of the package.
func (o *ofdPackage) bundleIn(name string) *record.Bundle {
	if size := o.Size(name); size < 2 || size > record.MaxBundle {
		return nil
	}
	raw, err := o.readObject(name)
	if err != nil || !bytes.Contains(raw, []byte(record.BundleFormat)) {
		return nil
	}
	b, err := record.ParseBundle(raw)
	if err != nil {
		return nil
	}
	return b
}
