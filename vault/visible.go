package vault

import (
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// add appends a licence if it may be seen: in scope, of a readable type, issued, and not from a batch that waits for
// its sign-off.
func (f *finder) add(id licenceID) error {
	h, err := getHead(f.r, id)
	if err != nil || h == nil || !f.scope.covers(h) {
		return err
	}
	if err := f.readable(h.typeCode); err != nil {
		return err
	}
	version, err := f.v.visible(f.r, h)
	if err != nil {
		return err
	}
	if version == 0 || h.state == Withdrawn {
		f.hidden = f.hidden || h.version > 0
		return nil
	}
	found, err := f.read(id, h, version)
	if err == nil {
		f.res.Found = append(f.res.Found, *found)
	}
	return err
}

func (f *finder) read(id licenceID, h *head, version int) (*Found, error) {
	ver, err := f.version(id, h, version)
	if err != nil {
		return nil, err
	}
	found := &Found{
		Version: *ver, Identifier: ver.Record.Identifier, Since: h.since, SourceTime: h.recorded,
		State: h.state.on(f.today, ver.Record.ValidFrom, ver.Record.ValidUntil), Batch: h.batchOf(version).batch,
		Digest: h.record, id: id, version: version, holders: h.holders,
	}
	if version != h.version {
		found.Digest = record.Sum(ver.Raw)
	}
	if h.documents > 0 {
		list, err := getDocuments(f.r, id)
		if err != nil {
			return nil, err
		}
		found.Documents = h.shownDocuments(list, version)
	}
	return found, nil
}

// version reads no more of a record than a look-up shows where the engine vouches for the rest.
func (f *finder) version(id licenceID, h *head, version int) (*Version, error) {
	if f.v.rehash {
		return f.v.answered(f.r, id, h, version)
	}
	b, err := versionBytes(f.r, id, version)
	if err != nil {
		return nil, err
	}
	return parseVersionWith(b, record.ParseClear)
}

// visible is the latest version that look-ups may show: versions of a conversion count from its sign-off on, or from
// the end of its undo if that left them, and never if it took them back.
func (v *Vault) visible(r engine.Reader, h *head) (int, error) {
	for version := h.version; version > 0; version-- {
		c := h.batchOf(version)
		switch {
		case c.batch == "":
			return version, nil
		case c.undone:
			continue
		}
		open, err := v.knownOpen(r, c.batch)
		if err != nil || open {
			return version, err
		}
	}
	return 0, nil
}
