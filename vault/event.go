package vault

import (
	"encoding/binary"
	"fmt"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// getEvent reads one event of a licence.
func getEvent(r engine.Reader, id licenceID, number int) (*record.Event, error) {
	b, err := r.Get(eventKey(id, number))
	if err != nil {
		return nil, err
	}
	st, err := parseStoredEvent(b)
	if err != nil {
		return nil, err
	}
	return st.event, nil
}

// storedEvent is an event with what ties it to the ledger.
type storedEvent struct {
	event *record.Event
	raw   []byte
	salt  [16]byte
	place [16]byte
	index int // among the leaves of its transaction
}

func parseStoredEvent(b []byte) (*storedEvent, error) {
	if len(b) < eventPrefixBytes {
		return nil, fmt.Errorf("%w: event", ErrDamaged)
	}
	st := &storedEvent{raw: b[eventPrefixBytes:], index: int(binary.BigEndian.Uint32(b[32:]))}
	copy(st.salt[:], b)
	copy(st.place[:], b[16:])
	var err error
	if st.event, err = record.ParseEvent(st.raw); err != nil {
		return nil, fmt.Errorf("%w: event", ErrDamaged)
	}
	return st, nil
}

func getStoredEvent(r engine.Reader, id licenceID, number int) (*storedEvent, error) {
	b, err := r.Get(eventKey(id, number))
	if err != nil {
		return nil, fmt.Errorf("%w: event is missing", ErrDamaged)
	}
	return parseStoredEvent(b)
}
