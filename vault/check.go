package vault

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
)

// Inspection is the report of Inspect: what was re-hashed and what did not agree.
type Inspection struct {
	Licences, Versions, Events, AuditEntries int
	Leaves                                   uint64 // in the ledger
	Void                                     int    // of those: in the place of lost ones
	Staged                                   int    // leaves that wait for their place
	Signatures                               int    // department signatures verified
	Root                                     record.Digest
	Blobs                                    int   // documents and scans re-hashed
	BlobBytes                                int64 // of them
	Findings                                 []Finding

	// Orphans are documents and scans that nothing names, as acts that were broken off leave them: no fault, Sweep
	// removes them. At most 1,000 are listed of OrphanCount.
	Orphans     []blob.Address
	OrphanCount int
}

// Finding is one thing that does not agree.
type Finding struct {
	Where string // licence, audit entry or ledger leaf
	What  string
}

// maxFindings bounds a report; a vault with more is beyond listing.
const maxFindings = 1000

func (in *Inspection) find(where, format string, args ...any) {
	if len(in.Findings) < maxFindings {
		in.Findings = append(in.Findings, Finding{where, fmt.Sprintf(format, args...)})
	}
}

// Inspect re-hashes the whole vault: every record against its event and signature, every event against its place in the
// ledger, every index against its licence, the ledger's tree from its leaves, the audit chain, and every document and
// scan against what names it. It reads one snapshot, and the documents one after the other afterwards, piece by piece;
// it changes nothing. progress may be nil; it gets the licences inspected so far.
func (v *Vault) Inspect(ctx context.Context, a Access, progress func(int)) (*Inspection, error) {
	s, err := v.admit(ctx, a)
	if err != nil {
		return nil, err
	}
	if err := s.mustOperate(); err != nil {
		return nil, v.denied(ctx, s, auditNote{act: "inspect"}, err)
	}
	if err := v.audit(ctx, s, auditNote{act: "inspect"}); err != nil {
		return nil, err
	}
	if progress == nil {
		progress = func(int) {}
	}
	in := &Inspection{}
	err = v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		*in = Inspection{}
		ip := &inspector{v: v, r: r, in: in, progress: progress}
		for _, step := range []func() error{ip.auditChain, ip.licences, ip.indexes, ip.ledger, ip.stored} {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return whole(in, v.inspectBlobs(ctx, s, in))
}

type inspector struct {
	v        *Vault
	r        engine.Reader
	in       *Inspection
	progress func(int)
	papers   int                 // events that name a paper
	numbers  int                 // numbers that licences have or had
	batches  map[string]struct{} // of the accounts
	losses   []Lost
}

// auditChain follows the chain from its first entry to the stored head.
func (ip *inspector) auditChain() error {
	number, previous := 0, record.Digest{}
	err := ip.r.Scan(engine.Range{Prefix: []byte{spaceAudit}}, func(_, raw []byte) (bool, error) {
		number++
		e, err := record.ParseAuditEntry(raw)
		if err != nil || e.Number != number || e.Previous != previous {
			ip.in.find(fmt.Sprintf("audit entry %d", number), "does not follow from the entry before")
		}
		previous = record.Sum(raw)
		return true, nil
	})
	if err != nil {
		return err
	}
	ip.in.AuditEntries = number
	last, digest, err := auditHead(ip.r)
	if err != nil || last != number || digest != previous {
		ip.in.find("audit", "head names entry %d, the chain ends at %d", last, number)
	}
	return nil
}

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

// indexed looks a licence up in every index that must name it.
func (ip *inspector) indexed(name string, id licenceID, h *head) error {
	if h.version == 0 {
		return nil
	}
	keys := [][]byte{issuerKey(h.issuer, h.typeCode, id)}
	for _, holder := range h.holders {
		keys = append(keys, holderKey(holder, id))
	}
	if !h.until.IsZero() {
		keys = append(keys, expiryKey(h.until, id))
	}
	for _, k := range keys {
		if _, err := ip.r.Get(k); err != nil {
			ip.in.find(name, "index %c does not name it", k[0])
		}
	}
	return nil
}

// indexes looks for entries that name a licence which does not answer to them.
func (ip *inspector) indexes() error {
	for _, space := range []byte{spaceHolder, spaceIssuer, spaceExpiry} {
		err := ip.r.Scan(engine.Range{Prefix: []byte{space}}, func(k, value []byte) (bool, error) {
			if len(k) < 17 {
				ip.in.find("index", "malformed key in %c", space)
				return true, nil
			}
			return true, ip.entry(space, k, value)
		})
		if err != nil {
			return err
		}
	}
	if err := ip.pointers(spaceNumber, ip.numbers); err != nil {
		return err
	}
	return ip.pointers(spacePaper, ip.papers)
}

// pointers counts the entries of an index from tokens to licences: each licence was found in it, so one too many is
// wrong.
func (ip *inspector) pointers(space byte, want int) error {
	n := 0
	err := ip.r.Scan(engine.Range{Prefix: []byte{space}}, func(_, value []byte) (bool, error) {
		n++
		if len(value) != 16 {
			ip.in.find("index", "malformed entry in %c", space)
			return true, nil
		}
		h, err := getHead(ip.r, licenceID(value))
		if err == nil && h == nil {
			ip.in.find("index", "%c leads to no licence", space)
		}
		return true, err
	})
	if n != want {
		ip.in.find("index", "%c has %d entries, the licences have %d", space, n, want)
	}
	return err
}

func (ip *inspector) entry(space byte, k, value []byte) error {
	id := licenceID(k[len(k)-16:])
	h, err := getHead(ip.r, id)
	if err != nil {
		return err
	}
	if h == nil {
		ip.in.find("index", "%c names no licence", space)
		return nil
	}
	ok := false
	switch space {
	case spaceIssuer:
		ok = bytes.Equal(k, issuerKey(h.issuer, h.typeCode, id)) && len(value) == 0
	case spaceExpiry:
		ok = bytes.Equal(k, expiryKey(h.until, id)) && len(value) == 0
	case spaceHolder:
		for _, holder := range h.holders {
			ok = ok || bytes.Equal(k, holderKey(holder, id)) && string(value) == h.typeCode
		}
	}
	if !ok {
		ip.in.find(h.identifier(max(h.version, 1)), "index %c names it wrongly", space)
	}
	return nil
}

// ledger rebuilds the tree from the stream of leaves and holds it against the events, the stored tiles, the head and
// the checkpoints.
func (ip *inspector) ledger() error {
	size, root, err := treeHead(ip.r)
	if err != nil {
		ip.in.find("ledger", "head is damaged")
		return nil //nolint:nilerr // found
	}
	ip.in.Leaves, ip.in.Root = size, root
	if ip.losses, err = losses(ip.r); err != nil {
		ip.in.find("ledger", "what was lost is damaged")
		return nil //nolint:nilerr // found
	}
	tree := &rebuilding{open: map[ledger.TileID][]byte{}}
	if tree.frontier, err = ledger.NewFrontier(0, nil); err != nil {
		return err
	}
	err = ip.r.Scan(engine.Range{Prefix: []byte{spaceStream}}, func(k, value []byte) (bool, error) {
		at := tree.frontier.Size()
		if len(k) != 9 || len(value)%stagedLeafBytes != 0 || binary.BigEndian.Uint64(k[1:]) != at {
			ip.in.find("ledger", "stream breaks at leaf %d", at)
			return false, nil
		}
		return true, ip.extend(tree, value)
	})
	if err != nil {
		return err
	}
	for id, data := range tree.open {
		ip.tile(id, data)
	}
	if tree.frontier.Size() != size || size > 0 && tree.frontier.Root() != ledger.Hash(root) {
		ip.in.find("ledger", "tree does not follow from its leaves")
	}
	err = ip.r.Scan(engine.Range{Prefix: []byte{spaceStaged}}, func(_, value []byte) (bool, error) {
		for b := value; len(b) >= stagedLeafBytes; b = b[stagedLeafBytes:] {
			ip.streamed(b)
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	return ip.checkpoints(size)
}

// rebuilding is a tree on its way; tiles that are not full yet wait in open for their last state.
type rebuilding struct {
	frontier ledger.Frontier
	open     map[ledger.TileID][]byte
}

func (ip *inspector) extend(tree *rebuilding, value []byte) error {
	leaves := make([]ledger.Hash, 0, len(value)/stagedLeafBytes)
	for b := value; len(b) > 0; b = b[stagedLeafBytes:] {
		if isVoid(b) {
			ip.void(tree.frontier.Size()+uint64(len(leaves)), b)
		} else {
			ip.streamed(b)
		}
		leaves = append(leaves, ledger.Hash(b[20:stagedLeafBytes]))
	}
	next, writes, err := tree.frontier.Append(leaves)
	if err != nil {
		return err
	}
	tree.frontier = next
	for _, t := range writes {
		if len(t.Data) < ledger.MaxTileBytes {
			tree.open[t.ID] = bytes.Clone(t.Data)
			continue
		}
		delete(tree.open, t.ID)
		ip.tile(t.ID, t.Data)
	}
	return nil
}

func (ip *inspector) tile(id ledger.TileID, want []byte) {
	if data, err := ip.r.Get(tileKey(id)); err != nil || !bytes.Equal(data, want) {
		ip.in.find("ledger", "tile %d of level %d does not follow from the leaves", id.Index, id.Level)
	}
}

// void holds a leaf without an event against the losses that were accepted.
func (ip *inspector) void(index uint64, leaf []byte) {
	ip.in.Void++
	inLoss := slices.ContainsFunc(ip.losses, func(l Lost) bool { return l.From <= index && index < l.To })
	if !inLoss || ledger.VoidLeaf(index) != ledger.Hash(leaf[20:stagedLeafBytes]) {
		ip.in.find("ledger", "leaf %d stands for no event and was not given up for lost", index)
	}
}

// streamed holds a leaf of the stream against the event it stands for.
func (ip *inspector) streamed(leaf []byte) {
	id, number := licenceID(leaf[:16]), int(binary.BigEndian.Uint32(leaf[16:20]))
	st, err := getStoredEvent(ip.r, id, number)
	if err != nil || ledger.Commit(st.salt, st.raw) != ledger.Hash(leaf[20:stagedLeafBytes]) {
		ip.in.find("ledger", "a leaf stands for no event")
	}
}

func (ip *inspector) checkpoints(size uint64) error {
	var newest record.Checkpoint
	err := ip.r.Scan(engine.Range{Prefix: []byte{spaceCheckpoint}}, func(k, value []byte) (bool, error) {
		at := binary.BigEndian.Uint64(k[1:])
		root, err := ledger.Root(at, tileReader(ip.r))
		if err != nil || at > size {
			ip.in.find("ledger", "checkpoint at %d is beyond the tree", at)
			return true, nil //nolint:nilerr // the finding says it
		}
		lines, err := lossLines(ip.r, at)
		if err != nil {
			return false, err
		}
		text, err := ledger.AppendCheckpoint(nil, ledger.Checkpoint{
			Origin: ip.v.Name(), Size: at, Root: root, Extensions: lines,
		})
		if err != nil || !bytes.HasPrefix(value, append(text, '\n')) {
			ip.in.find("ledger", "checkpoint at %d is not of this tree", at)
			return true, nil //nolint:nilerr // the finding says it
		}
		if len(ip.v.cfg.CheckpointKeys) > 0 {
			if _, err := ledger.ParseCheckpoint(value, ip.v.cfg.CheckpointKeys...); err != nil {
				ip.in.find("ledger", "signature of the checkpoint at %d is refused", at)
			}
		}
		newest = record.Checkpoint{Size: int(at), Root: root} //nolint:gosec // below 2^62
		return true, nil
	})
	if err != nil {
		return err
	}
	if last, _, err := lastSigned(ip.r); err != nil || last != newest {
		ip.in.find("ledger", "the last checkpoint is not the newest")
	}
	return nil
}
