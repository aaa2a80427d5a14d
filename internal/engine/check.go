package engine

import "bytes"

// CheckKey returns ErrInvalidKey for the empty key and ErrTooLarge for one longer than MaxKeyBytes.
func CheckKey(key []byte) error {
	if len(key) == 0 {
		return ErrInvalidKey
	}
	if len(key) > MaxKeyBytes {
		return ErrTooLarge
	}
	return nil
}

// Budget counts what one closure writes against the limits. The zero Budget is ready.
type Budget struct{ used int }

// Add checks key and value and counts them; a refused pair is not counted.
func (b *Budget) Add(key, value []byte) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	n := len(key) + len(value)
	if len(value) > MaxValueBytes || b.used+n > MaxTxBytes {
		return ErrTooLarge
	}
	b.used += n
	return nil
}

// Used is the sum of the bytes counted so far.
func (b *Budget) Used() int { return b.used }

// First returns where a scan of r begins in a map of all keys: at the first key from the returned one on, in the
// direction of the scan. For a reversed scan nil stands for the end of all keys. The scan is over at the first key
// that does not start with r.Prefix.
func (r Range) First() (key []byte, inclusive bool) {
	if !r.Reverse {
		if bytes.Compare(r.Start, r.Prefix) > 0 {
			return r.Start, true
		}
		return r.Prefix, true
	}
	end := PrefixEnd(r.Prefix)
	if r.Start != nil && (end == nil || bytes.Compare(r.Start, end) < 0) {
		return r.Start, true
	}
	return end, false
}

// PrefixEnd returns the first key after all keys that start with prefix, or nil when there is none.
func PrefixEnd(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xff {
			end := append([]byte(nil), prefix[:i+1]...)
			end[i]++
			return end
		}
	}
	return nil
}
