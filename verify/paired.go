package verify

import (
	"io"

	"github.com/elicense/elicense/vault/record"
)

// paired gives the licences of a case that came without the vault's word the bundle of the same record, if that is
// another document of the case, and the places of these bundles by those of the licences. A bundle stays a document of
// its own: what was handed in is judged, each by itself.
func paired(docs []Named) ([]Named, map[int]int) {
	if len(docs) < 2 {
		return docs, nil
	}
	bundles := map[record.Digest]int{}
	for i := range docs {
		if b, _ := bundleOf(&docs[i].Document); b != nil {
			sum := record.Sum(b.Record)
			if _, twice := bundles[sum]; !twice {
				bundles[sum] = i
			}
		}
	}
	if len(bundles) == 0 {
		return docs, nil
	}
	out, with := append([]Named{}, docs...), map[int]int{}
	for i := range out {
		d := &out[i].Document
		if d.Licence != nil || d.Body == nil {
			continue
		}
		for _, sum := range recordsIn(d) {
			if at, ok := bundles[sum]; ok {
				_, d.Licence = bundleOf(&docs[at].Document)
				with[i] = at
				break
			}
		}
	}
	return out, with
}

// bundleOf reads a document as a bundle with what the vault says of the licence; nil: it is none, or cannot be read,
// which whoever judges it reports.
func bundleOf(d *Document) (*record.Bundle, []byte) {
	if d.Body == nil || d.Size < 2 || d.Size > record.MaxBundle {
		return nil, nil
	}
	raw, err := io.ReadAll(io.NewSectionReader(d.Body, 0, d.Size))
	if err != nil {
		return nil, nil
	}
	return parseBeside(raw), raw
}

// parseBeside reads what a vault says of a licence; nil: it is no bundle, or two readers could see two in it.
func parseBeside(raw []byte) *record.Bundle {
	b, err := record.ParseBundle(raw)
	if names, ok := members(raw); err != nil || !ok || !names["format"] {
		return nil
	}
	return b
}
