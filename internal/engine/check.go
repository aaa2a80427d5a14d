package engine

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
