package vault

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// head is the stored summary of a licence: what every look-up and every commit must know. It is derived from the
// events and versions, which alone are the truth.
type head struct {
	typeCode, issuer, serial string
	version                  int           // latest version; 0 while only reserved
	events                   int           // events so far
	lastEvent                record.Digest // ledger commitment of the last event
	recorded                 time.Time     // when the last event was recorded
	state                    State         // by events
	since                    record.Date   // effective day of the state
	from, until              record.Date   // validity of the latest version
	record                   record.Digest // of the latest version's record
	content                  token         // first half of the latest version's content digest
	holders                  []token       // of the latest version; several for a joint licence, none without a code
	documents                int           // documents attached
	converted                []conversion  // versions that came from a conversion
}

// conversion says which batch brought a version and from which row. A version that an undo of that batch took back
// stays in the account and is never shown again.
type conversion struct {
	version int
	batch   string
	row     int
	undone  bool
}

const headFormat = 1

func (h *head) append(b []byte) []byte {
	b = append(b, headFormat, h.state.code())
	b = appendText(b, h.typeCode)
	b = appendText(b, h.issuer)
	b = appendText(b, h.serial)
	b = appendInt(b, h.version)
	b = appendInt(b, h.events)
	b = append(b, h.lastEvent[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(h.recorded.UnixMicro()))
	b = append(b, dateKey(h.since)...)
	b = append(b, dateKey(h.from)...)
	b = append(b, dateKey(h.until)...)
	b = append(b, h.record[:]...)
	b = append(b, h.content[:]...)
	b = binary.AppendUvarint(b, uint64(len(h.holders)))
	for i := range h.holders {
		b = append(b, h.holders[i][:]...)
	}
	b = appendInt(b, h.documents)
	b = binary.AppendUvarint(b, uint64(len(h.converted)))
	for _, c := range h.converted {
		b = appendInt(b, c.version)
		b = appendText(b, c.batch)
		b = appendInt(b, c.row)
		b = appendBool(b, c.undone)
	}
	return b
}

func appendInt(b []byte, n int) []byte { return binary.AppendUvarint(b, uint64(n)) } //nolint:gosec // never negative

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func parseHead(b []byte) (*head, error) {
	d := decoder{b: b}
	if d.byte() != headFormat {
		d.bad = true
	}
	h := &head{}
	if code := int(d.byte()); code > 0 && code < len(stateCodes) {
		h.state = stateCodes[code]
	} else {
		d.bad = true
	}
	h.typeCode, h.issuer, h.serial = d.text(), d.text(), d.text()
	h.version, h.events = d.int(), d.int()
	d.fixed(h.lastEvent[:])
	h.recorded = d.time()
	h.since, h.from, h.until = d.date(), d.date(), d.date()
	d.fixed(h.record[:])
	d.fixed(h.content[:])
	for n := d.int(); n > 0 && !d.bad; n-- {
		h.holders = append(h.holders, token(d.array16()))
	}
	h.documents = d.int()
	for n := d.int(); n > 0 && !d.bad; n-- {
		h.converted = append(h.converted, conversion{d.int(), d.text(), d.int(), d.bool()})
	}
	if err := d.end(); err != nil {
		return nil, fmt.Errorf("%w: head of a licence", ErrDamaged)
	}
	return h, nil
}

// batchOf is the batch that brought a version, or "".
func (h *head) batchOf(version int) conversion {
	for _, c := range h.converted {
		if c.version == version {
			return c
		}
	}
	return conversion{}
}

// takeBack marks every version that stands for what a batch brought, and gives the version before the first of them.
func (h *head) takeBack(batch string) (former int) {
	for i := range h.converted {
		c := &h.converted[i]
		if c.batch != batch {
			continue
		}
		if former == 0 {
			former = c.version - 1
		}
		c.undone = true
	}
	return former
}

// tookBack reports whether an undo took back what a batch brought.
func (h *head) tookBack(batch string) bool {
	return slices.ContainsFunc(h.converted, func(c conversion) bool { return c.batch == batch && c.undone })
}

// restored takes back what a batch brought. The latest version brings the former content back and counts as what that
// was.
func (h *head) restored(batch string) {
	if from := h.batchOf(h.takeBack(batch)); from.batch != "" {
		h.converted = append(h.converted, conversion{version: h.version, batch: from.batch, row: from.row})
	}
}

// getHead reads a head; nil if there is no such licence.
func getHead(r engine.Reader, id licenceID) (*head, error) {
	b, err := r.Get(headKey(id))
	if errors.Is(err, engine.ErrNotFound) {
		return nil, nil //nolint:nilnil // absence is an answer here
	}
	if err != nil {
		return nil, err
	}
	return parseHead(b)
}

// identifier is the licence's identifier in a version.
func (h *head) identifier(version int) string {
	id, err := code.Identifier{Type: h.typeCode, Issuer: h.issuer, Serial: h.serial}.WithVersion(version)
	if err != nil {
		return ""
	}
	return id.String()
}
