package sealed

import (
	"encoding/hex"
	"strings"
)

// ParseMaster reads a master key as a file holds it: 64 hexadecimal digits, with space around them.
func ParseMaster(text []byte) (m Master, ok bool) {
	raw, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(raw) != len(m) {
		return Master{}, false
	}
	copy(m[:], raw)
	clear(raw)
	return m, true
}
