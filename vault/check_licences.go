package vault

import (
	"bytes"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
)

func (ip *inspector) licences() error {
	return ip.r.Scan(engine.Range{Prefix: []byte{spaceHead}}, func(k, value []byte) (bool, error) {
		if len(k) != 17 {
			ip.in.find("licence", "malformed key")
			return true, nil
		}
		h, err := parseHead(value)
		if err != nil {
			ip.in.find("licence", "head is damaged")
			return true, nil //nolint:nilerr // the finding says it
		}
		ip.in.Licences++
		ip.progress(ip.in.Licences)
		return true, ip.licence(licenceID(k[1:]), h)
	})
}

// licence replays a licence's events and holds its head against the outcome.
func (ip *inspector) licence(id licenceID, h *head) error {
	name := h.identifier(max(h.version, 1))
	if ip.v.licenceID(h.typeCode, h.issuer, h.serial) != id {
		ip.in.find(name, "stored under another licence's key")
	}
	want := &head{typeCode: h.typeCode, issuer: h.issuer, serial: h.serial, content: h.content}
	for n := 1; n <= h.events; n++ {
		st, err := getStoredEvent(ip.r, id, n)
		if err != nil {
			ip.in.find(name, "event %d is missing or damaged", n)
			return nil //nolint:nilerr // the finding says it
		}
		ip.replay(name, id, want, st)
	}
	if want.version == 0 { // a reservation's come with its row
		want.from, want.until, want.holders = h.from, h.until, h.holders
		ip.numbers++
	}
	if !bytes.Equal(want.append(nil), h.append(nil)) {
		ip.in.find(name, "head does not follow from the events")
	}
	_, err := ip.r.Get(key(spaceReserved, id[:]))
	if (err == nil) != (h.state == Reserved) {
		ip.in.find(name, "its reservation and its state do not agree")
	}
	return ip.indexed(name, id, h)
}

// replay takes a licence one event further and holds against it what the event brought.
func (ip *inspector) replay(name string, id licenceID, h *head, st *storedEvent) {
	e := st.event
	if e.Message != "" {
		ip.messages++
	}
	if e.Number != h.events+1 || e.Previous != h.lastEvent {
		ip.in.find(name, "event %d does not follow from the event before", h.events+1)
	}
	state, err := step(h.state, e.Kind)
	if err != nil {
		ip.in.find(name, "event %d is not allowed in its state", h.events+1)
		state = h.state
	}
	if state != h.state {
		h.state, h.since = state, e.Effective
	}
	if e.Kind == record.EventWithdrawn {
		h.takeBack(e.Batch)
	}
	h.events, h.lastEvent, h.recorded = h.events+1, ledger.Commit(st.salt, st.raw), e.Recorded
	ip.leaf(name, st, h.lastEvent)
	if e.Kind.MakesVersion() {
		h.version++
		ip.version(name, versionAt{id, h.version, e, h.record}, h)
		h.record = e.Record
	}
	if e.Kind == record.EventAttached {
		h.documents++
		ip.document(name, id, h.documents, e)
	}
	if e.Paper != "" {
		ip.papers++
		b, err := ip.r.Get(ip.v.paperKey(h.typeCode, h.issuer, e.Paper))
		if err != nil || !bytes.Equal(b, id[:]) {
			ip.in.find(name, "index %c does not name it", spacePaper)
		}
	}
	ip.in.Events++
}

// document holds a document against the event that bound it.
func (ip *inspector) document(name string, id licenceID, number int, e *record.Event) {
	b, err := ip.r.Get(documentKey(id, number))
	var doc Document
	if err == nil {
		doc, err = parseDocument(b)
	}
	if err != nil || doc.Digest != e.Document || doc.Version != e.Version {
		ip.in.find(name, "document %d is not the one its event names", number)
		return
	}
	if b, err := ip.r.Get(blobKey(doc.Address)); err != nil || !bytes.Equal(b, doc.Digest[:]) {
		ip.in.find(name, "document %d is not kept from being swept", number)
	}
}

// versionAt is a version with what must hold of it.
type versionAt struct {
	id       licenceID
	number   int
	event    *record.Event
	previous record.Digest
}

func (ip *inspector) version(name string, at versionAt, h *head) {
	ver, err := getVersion(ip.r, at.id, at.number)
	if err != nil {
		ip.in.find(name, "version %d is missing or damaged", at.number)
		return
	}
	ip.in.Versions++
	rec := ver.Record
	switch {
	case record.Sum(ver.Raw) != at.event.Record:
		ip.in.find(name, "version %d is not the record its event names", at.number)
	case rec.Previous != at.previous || rec.Identifier != at.event.Identifier || at.event.Version != at.number:
		ip.in.find(name, "version %d does not follow from the version before", at.number)
	case rec.CheckDisclosures(ver.Disclosures) != nil || len(ver.Disclosures) != len(rec.Fields):
		ip.in.find(name, "values of version %d do not open its record", at.number)
	}
	ip.derived(name, at, ver, h)
	err = ip.v.cfg.Records.CheckRecord(rec.IssuerCode, rec.Signer, ver.Raw, ver.Signature, at.event.Recorded)
	if err != nil {
		ip.in.find(name, "signature of version %d is refused", at.number)
		return
	}
	ip.in.Signatures++
}

// leaf looks an event's commitment up in the ledger, or in what is staged.
func (ip *inspector) leaf(name string, st *storedEvent, commitment record.Digest) {
	index, err := leafIndex(ip.r, st)
	if isRefusal(err) {
		staged, err := ip.r.Get(key(spaceStaged, st.place[:]))
		at := st.index * stagedLeafBytes
		if err != nil || at+stagedLeafBytes > len(staged) ||
			!bytes.Equal(staged[at+20:at+stagedLeafBytes], commitment[:]) {
			ip.in.find(name, "event %d is neither in the ledger nor staged", st.event.Number)
			return
		}
		ip.in.Staged++
		return
	}
	if err != nil {
		ip.in.find(name, "place of event %d is damaged", st.event.Number)
		return
	}
	tile, err := ip.r.Get(tileKey(ledger.TileID{Index: index / ledger.TileWidth}))
	at := int(index%ledger.TileWidth) * ledger.HashBytes
	want := ledger.LeafHash(ledger.Hash(commitment))
	if err != nil || at+ledger.HashBytes > len(tile) || !bytes.Equal(tile[at:at+ledger.HashBytes], want[:]) {
		ip.in.find(name, "ledger leaf %d is not event %d", index, st.event.Number)
	}
}
