package sealed

import (
	"fmt"

	"github.com/elicense/elicense/internal/engine"
)

// RereadRing reads keys as a record of one or the other version holds them, and writes them again.
func RereadRing(many bool, keys []byte) (version byte, again []byte, err error) {
	record := append(make([]byte, ringHead), keys...)
	record = append(record, make([]byte, tagSize)...)
	record[0] = ringSingle
	if many {
		record[0] = ringMany
	}
	if !isRecord(record) {
		return 0, nil, fmt.Errorf("%w: form", engine.ErrCorrupt)
	}
	r, err := parseRing(record[0], keys)
	if err != nil {
		return 0, nil, err
	}
	version, again = r.marshal()
	return version, again, nil
}
