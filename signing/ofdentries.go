package signing

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/ofd"
)

// entriesValue is where the signature over the list of files lies.
const entriesValue = "OFDEntries.dat"

// ListFiles has the next signature be the last, and the package name every file that is in it (GM/T 0099-2020): a file
// that is put in later is then found by whoever looks at nothing but the list. signer signs the list; it must put its
// certificates into what it signs. The list names files and no digests, so that the seal protects it like any other
// file.
func (o *OFD) ListFiles(signer *Signer) error {
	switch {
	case signer == nil || !signer.config.WithCertificates:
		return fmt.Errorf("%w: a signer that adds its certificates is required", ErrConfig)
	case o.closed:
		return ErrOFDClosed
	case o.pkg.Taken(entriesValue) || o.pkg.Taken(ofd.EntriesFile):
		return fmt.Errorf("%w: %s is there and belongs to nothing", ErrOFDBroken, entriesValue)
	}
	o.lister = signer
	return nil
}

// listFiles adds the list, in which the files of the signature that is being made are named before they are there.
func (o *OFD) listFiles(ctx context.Context, coming ...string) error {
	names := slices.Concat(o.pkg.Files(), coming)
	for _, f := range o.added {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	list := &ofd.EntryList{
		ID: "1", Creator: provider.Name, Version: provider.Version, Created: o.config.Now().Format("2006-01-02"),
		SignedValue: "/" + entriesValue,
	}
	for i, name := range slices.Compact(names) {
		list.Files = append(list.Files, ofd.ListedFile{ID: strconv.Itoa(i + 2), Path: "/" + name})
	}
	xml, err := ofd.MarshalEntries(list)
	if err != nil {
		return err
	}
	digest := sm3.Sum(xml)
	value, err := o.lister.Attached(ctx, digest[:])
	if err != nil {
		return err
	}
	o.put(ofd.File{Name: ofd.EntriesFile, Data: xml})
	o.put(ofd.File{Name: entriesValue, Data: value})
	return nil
}
