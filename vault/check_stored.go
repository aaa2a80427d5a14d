package vault

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// derived takes from a version what its licence's head and indexes follow from, and looks its number up.
func (ip *inspector) derived(name string, at versionAt, ver *Version, h *head) {
	rec := ver.Record
	if rec.TypeCode != h.typeCode || rec.IssuerCode != h.issuer {
		ip.in.find(name, "version %d is of another type or issuer", at.number)
	}
	h.from, h.until = rec.ValidFrom, rec.ValidUntil
	h.holders = ip.v.holderTokens(rec.HolderKind, ver.Value(catalogue.MetaHolderCode))
	if at.event.Kind == record.EventConverted {
		row := 0
		if rec.Source != nil {
			row = rec.Source.Row
			ip.scans(name, at.event.Batch, rec.Source.Scans)
		}
		h.converted = append(h.converted, conversion{version: at.number, batch: at.event.Batch, row: row})
		if _, err := getBatch(ip.r, at.event.Batch); err != nil {
			ip.in.find(name, "version %d is of a batch that is missing", at.number)
		}
	}
	if at.event.Kind == record.EventRestored {
		h.restored(at.event.Batch)
	}
	ip.images(name, at, ver)
	ip.number(name, at, ver)
}

// images holds the images of a version against what its record names.
func (ip *inspector) images(name string, at versionAt, ver *Version) {
	t, err := ip.v.typeAt(ip.r, ver.Record.TypeCode, ver.Record.TypeVersion)
	if err != nil {
		return // found with the types
	}
	list, err := t.imageDigests(ver.Disclosures)
	if err != nil {
		ip.in.find(name, "version %d names an image by no digest", at.number)
	}
	for _, d := range list {
		a, err := ip.v.imageAddress(ip.r, at.id, d)
		if err != nil {
			ip.in.find(name, "an image of version %d is not found", at.number)
			continue
		}
		if b, err := ip.r.Get(blobKey(a)); err != nil || !bytes.Equal(b, d[:]) {
			ip.in.find(name, "an image of version %d is not the one that its record names", at.number)
		}
	}
}

func (ip *inspector) scans(name, batch string, list []record.Digest) {
	for _, d := range list {
		address, err := ip.r.Get(ip.v.scanKey(batch, d))
		if err != nil || len(address) != len(blob.Address{}) {
			ip.in.find(name, "a scan is not found by its batch")
			continue
		}
		if b, err := ip.r.Get(blobKey(blob.Address(address))); err != nil || !bytes.Equal(b, d[:]) {
			ip.in.find(name, "a scan is not the one that its record names")
		}
	}
}

// number looks up the number of a version, once for each number that a licence has had.
func (ip *inspector) number(name string, at versionAt, ver *Version) {
	number := ver.Value(catalogue.MetaNumber)
	b, err := ip.r.Get(ip.v.numberKey(ver.Record.TypeCode, ver.Record.IssuerCode, number))
	if err != nil || !bytes.Equal(b, at.id[:]) {
		ip.in.find(name, "index %c does not name it", spaceNumber)
	}
	for n := 1; n < at.number; n++ {
		before, err := getVersion(ip.r, at.id, n)
		if err == nil && before.Value(catalogue.MetaNumber) == number {
			return
		}
	}
	ip.numbers++
}

// stored holds against each other what no licence leads to: types, batches, reservations, allocated numbers,
// idempotency keys and registrations.
func (ip *inspector) stored() error {
	ip.batches = map[string]struct{}{}
	for _, s := range []struct {
		space byte
		check func(k, value []byte) error
	}{
		{spaceType, ip.licenceType}, {spaceTypeVersion, ip.definition}, {spaceBatch, ip.batch},
		{spaceBatchOpen, ip.opened}, {spaceBatchSeen, ip.seen}, {spaceScan, ip.scan},
		{spaceImage, ip.scan}, {spaceBlob, digest},
		{spaceReserved, ip.reservation}, {spaceAllocated, ip.allocated}, {spaceSequence, eightBytes},
		{spaceIdempotency, ip.idempotency}, {spaceCaller, isJSON[Caller]}, {spaceConsent, ip.consent},
		{spaceHolderConsent, ip.holderConsent},
		{spaceComplete, isJSON[coverage]}, {spaceGuess, counter}, {spacePlace, eightBytes}, {spaceRestored, empty},
		{spaceLoss, ip.loss}, {spaceSkipped, ip.skipped}, {spaceOpening, ip.opening},
		{spaceNotice, ip.notice},
	} {
		err := ip.r.Scan(engine.Range{Prefix: []byte{s.space}}, func(k, value []byte) (bool, error) {
			if err := s.check(k, value); err != nil {
				ip.in.find(fmt.Sprintf("stored %c", s.space), "%v", err)
			}
			return true, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func empty(_, value []byte) error {
	if len(value) > 0 {
		return fmt.Errorf("%w: value where none belongs", ErrDamaged)
	}
	return nil
}

func digest(_, value []byte) error {
	if len(value) != len(record.Digest{}) {
		return fmt.Errorf("%w: length", ErrDamaged)
	}
	return nil
}

func eightBytes(_, value []byte) error {
	if len(value) != 8 {
		return fmt.Errorf("%w: length", ErrDamaged)
	}
	return nil
}

func counter(_, value []byte) error {
	d := decoder{b: value}
	d.int()
	return d.end()
}

// isJSON holds a registration to its form: exactly what the vault would write for what it says.
func isJSON[T any](_, value []byte) error {
	var v T
	if err := json.Unmarshal(value, &v); err != nil {
		return fmt.Errorf("%w: registration", ErrDamaged)
	}
	if b, err := json.Marshal(v); err != nil || !bytes.Equal(b, value) {
		return fmt.Errorf("%w: registration", ErrDamaged)
	}
	return nil
}

// consent and holderConsent hold a consent and its holder's index against each other.
func (ip *inspector) consent(k, value []byte) error {
	var c Consent
	err := isJSON[Consent](k, value)
	if err == nil {
		err = json.Unmarshal(value, &c)
	}
	if err != nil {
		return err
	}
	if _, err := ip.r.Get(key(spaceHolderConsent, c.Holder, k[1:])); err != nil || c.ID != string(k[1:]) {
		return fmt.Errorf("%w: consent that its holder does not see", ErrDamaged)
	}
	return nil
}

func (ip *inspector) holderConsent(k, value []byte) error {
	var c Consent
	holder, id := k[1:1+min(len(token{}), len(k)-1)], k[1+min(len(token{}), len(k)-1):]
	if err := getJSON(ip.r, consentKey(string(id)), &c); err != nil || !bytes.Equal(c.Holder, holder) {
		return fmt.Errorf("%w: index of a consent", ErrDamaged)
	}
	return empty(k, value)
}

func (ip *inspector) licenceType(k, _ []byte) error {
	h, err := getTypeHead(ip.r, string(k[1:]))
	if err != nil {
		return err
	}
	def, err := getDefinition(ip.r, string(k[1:]), h.version)
	if err != nil {
		return err
	}
	raw, err := def.Encode()
	if err != nil || record.Sum(raw) != h.digest || def.Classification.Closed() != h.closed ||
		def.Version != h.version {
		return fmt.Errorf("%w: type in force is not its definition", ErrDamaged)
	}
	next := key(spaceTypeVersion, k[1:], be16(h.version+1))
	if _, err := ip.r.Get(next); err == nil {
		return fmt.Errorf("%w: a definition is newer than the type in force", ErrDamaged)
	}
	return nil
}

func (ip *inspector) definition(k, value []byte) error {
	if len(k) != 24 {
		return fmt.Errorf("%w: definition of a type", ErrDamaged)
	}
	if _, err := getTypeHead(ip.r, string(k[1:22])); err != nil {
		return err
	}
	def, err := catalogue.ParseType(value)
	if err != nil {
		return fmt.Errorf("%w: definition of a type", ErrDamaged)
	}
	if raw, err := def.Encode(); err != nil || !bytes.Equal(raw, value) {
		return fmt.Errorf("%w: definition of a type", ErrDamaged)
	}
	return nil
}

// batch adds up a conversion's groups and holds its account and certificate against the sum.
func (ip *inspector) batch(k, value []byte) error {
	if err := isJSON[BatchAccount](k, value); err != nil {
		return err
	}
	b, err := getBatch(ip.r, string(k[1:]))
	if err != nil {
		return err
	}
	ip.batches[b.ID] = struct{}{}
	var sum record.Counts
	for g := range b.Groups {
		raw, err := ip.r.Get(groupKey(b.ID, g))
		if err != nil {
			return fmt.Errorf("%w: group of a batch is missing", ErrDamaged)
		}
		list, err := parseResults(raw)
		if err != nil {
			return err
		}
		for i := range list {
			count(&sum, list[i].Outcome)
			if err := ip.row(b, &list[i]); err != nil {
				return err
			}
		}
	}
	if sum != b.Counts && b.State != BatchImported { // its rows are in the vault that converted it
		return fmt.Errorf("%w: account of a batch is not the sum of its rows", ErrDamaged)
	}
	settled := b.State == BatchOpen || b.State == BatchUndone
	if _, err := ip.r.Get(key(spaceBatchOpen, []byte(b.ID))); settled && err != nil {
		return fmt.Errorf("%w: batch is settled and not open", ErrDamaged)
	}
	if b.Opened != nil {
		if _, err := ip.r.Get(openingKey(*b.Opened)); err != nil {
			return fmt.Errorf("%w: opening of a batch is missing in the feed", ErrDamaged)
		}
	}
	return certified(b)
}

// row holds an outcome against the licence that it speaks of.
func (ip *inspector) row(b *BatchAccount, r *RowResult) error {
	if r.id == (licenceID{}) || r.Outcome == RowRejected || r.Outcome == RowConflict {
		return nil
	}
	h, err := getHead(ip.r, r.id)
	if r.Outcome == RowUnchanged && err == nil && h != nil && r.Version <= h.version {
		return nil
	}
	if err != nil || h == nil || r.Version > h.version || !slices.ContainsFunc(h.converted, func(c conversion) bool {
		return c.version == r.Version && c.batch == b.ID && c.row == r.Row
	}) {
		return fmt.Errorf("%w: row of a batch is not what its licence says", ErrDamaged)
	}
	return nil
}

func certified(b *BatchAccount) error {
	if b.Certificate == nil {
		return nil
	}
	c, err := record.ParseBatchCertificate(b.Certificate)
	if err != nil || c.Counts != b.Counts || c.Batch != b.ID || c.File != b.File || c.Issuer != b.Issuer {
		return fmt.Errorf("%w: certificate of a batch", ErrDamaged)
	}
	return nil
}

func (ip *inspector) opened(k, value []byte) error {
	b, err := getBatch(ip.r, string(k[1:]))
	if err != nil {
		return err
	}
	if b.SignOff == nil && b.State != BatchUndone && b.State != BatchImported {
		return fmt.Errorf("%w: batch is open and not signed off", ErrDamaged)
	}
	return empty(k, value)
}

func (ip *inspector) seen(k, value []byte) error {
	if len(k) < 18 || len(value) != 4 {
		return fmt.Errorf("%w: row that changed nothing", ErrDamaged)
	}
	if h, err := getHead(ip.r, licenceID(k[len(k)-16:])); err != nil || h == nil {
		return fmt.Errorf("%w: row that changed nothing names no licence", ErrDamaged)
	}
	return nil
}

func (ip *inspector) scan(_, value []byte) error {
	if len(value) != len(blob.Address{}) {
		return fmt.Errorf("%w: scan or image", ErrDamaged)
	}
	if _, err := ip.r.Get(blobKey(blob.Address(value))); err != nil {
		return fmt.Errorf("%w: scan or image is not kept from being swept", ErrDamaged)
	}
	return nil
}

func (ip *inspector) reservation(k, value []byte) error {
	if len(k) != 17 {
		return fmt.Errorf("%w: reservation", ErrDamaged)
	}
	if err := isJSON[reservation](k, value); err != nil {
		return err
	}
	id := licenceID(k[1:])
	u, err := ip.v.getReservation(ip.r, id)
	if err != nil {
		return err
	}
	rec, err := record.Parse(u.raw)
	if err != nil || u.expected == nil || u.expected.state != Reserved ||
		ip.v.licenceID(u.identifier.Type, u.identifier.Issuer, u.identifier.Serial) != id ||
		rec.Identifier != u.identifier.String() || rec.Signer != record.Digest(u.signer) {
		return fmt.Errorf("%w: reservation", ErrDamaged)
	}
	values, err := record.ParseDisclosures(u.values)
	if err != nil || rec.CheckDisclosures(values) != nil {
		return fmt.Errorf("%w: values of a reservation", ErrDamaged)
	}
	if b, err := ip.r.Get(u.c.numberKey); err != nil || !bytes.Equal(b, id[:]) {
		return fmt.Errorf("%w: number of a reservation", ErrDamaged)
	}
	return nil
}

func (ip *inspector) allocated(_, value []byte) error {
	if len(value) != 16 {
		return fmt.Errorf("%w: allocated number", ErrDamaged)
	}
	if h, err := getHead(ip.r, licenceID(value)); err != nil || h == nil {
		return fmt.Errorf("%w: allocated number leads to no licence", ErrDamaged)
	}
	return nil
}

func (ip *inspector) loss(k, value []byte) error {
	if err := isJSON[Lost](k, value); err != nil {
		return err
	}
	var l Lost
	if err := json.Unmarshal(value, &l); err != nil || !bytes.Equal(k, lossKey(l.From)) || l.To < l.Published ||
		l.Published <= l.From || l.Reason == "" {
		return fmt.Errorf("%w: loss", ErrDamaged)
	}
	return nil
}

// skipped holds a run of numbers against its loss and the series that passed over it.
func (ip *inspector) skipped(k, value []byte) error {
	if len(value) != 16 || len(k) < 10 {
		return fmt.Errorf("%w: numbers passed over", ErrDamaged)
	}
	first, last := be(k[len(k)-8:]), be(value[:8])
	b, err := ip.r.Get(append([]byte{spaceSequence}, k[1:len(k)-9]...))
	if err != nil || len(b) != 8 || be(b) < last {
		return fmt.Errorf("%w: series of numbers passed over", ErrDamaged)
	}
	explained := func(l Lost) bool { return l.From == be(value[8:]) && l.skip() == last-first+1 }
	if !slices.ContainsFunc(ip.losses, explained) {
		return fmt.Errorf("%w: numbers passed over for no loss", ErrDamaged)
	}
	return nil
}

func (ip *inspector) idempotency(_, value []byte) error {
	if len(value) <= len(record.Digest{}) {
		return fmt.Errorf("%w: idempotency key", ErrDamaged)
	}
	if value[len(record.Digest{})] == '"' {
		return ip.grantKey(value[len(record.Digest{}):])
	}
	if err := isJSON[firstAnswer](nil, value[32:]); err != nil {
		return err
	}
	var a Answer
	if err := json.Unmarshal(value[32:], &a); err != nil {
		return fmt.Errorf("%w: idempotency key", ErrDamaged)
	}
	id, err := code.ParseIdentifier(a.Identifier)
	if err != nil {
		return fmt.Errorf("%w: idempotency key", ErrDamaged)
	}
	if h, err := getHead(ip.r, ip.v.licenceID(id.Type, id.Issuer, id.Serial)); err != nil || h == nil {
		return fmt.Errorf("%w: an answer names no licence", ErrDamaged)
	}
	return nil
}

// grantKey is the key of a consent, whose answer is the consent as it stands.
func (ip *inspector) grantKey(value []byte) error {
	var id string
	if err := json.Unmarshal(value, &id); err != nil {
		return fmt.Errorf("%w: idempotency key", ErrDamaged)
	}
	if _, err := ip.r.Get(consentKey(id)); err != nil {
		return fmt.Errorf("%w: an answer names no consent", ErrDamaged)
	}
	return nil
}

// opening holds an item of the feed against the batch that it opens, and its number against those before it.
func (ip *inspector) opening(k, value []byte) error {
	o, err := parseOpening(k, value)
	if err != nil {
		return err
	}
	before, _, err := openingsBefore(ip.r, o.sequence)
	if err != nil || before != o.number {
		return fmt.Errorf("%w: openings in the feed do not follow each other", ErrDamaged)
	}
	if o.notice != nil {
		place, err := ip.r.Get(noticeKey(o.notice))
		if err != nil || !bytes.Equal(place, be64(o.sequence)) {
			return fmt.Errorf("%w: a notice that is told elsewhere", ErrDamaged)
		}
		return nil
	}
	if b, err := getBatch(ip.r, o.batch); err != nil || b.Opened == nil || *b.Opened != o.sequence {
		return fmt.Errorf("%w: opening of a batch that was opened elsewhere", ErrDamaged)
	}
	return nil
}

// notice expects a notice where its kind and object say that it is.
func (ip *inspector) notice(k, value []byte) error {
	if err := eightBytes(k, value); err != nil {
		return err
	}
	raw, err := ip.r.Get(key(spaceOpening, value))
	if err != nil {
		return fmt.Errorf("%w: a notice is missing in the feed", ErrDamaged)
	}
	o, err := parseOpening(key(spaceOpening, value), raw)
	if err != nil || o.notice == nil || !bytes.Equal(noticeKey(o.notice), k) {
		return fmt.Errorf("%w: a notice stands in another's place", ErrDamaged)
	}
	return nil
}
