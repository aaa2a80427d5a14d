package ca

import "math/big"

// Tags of DER that is written by hand.
const (
	tagInteger     = 0x02
	tagBitString   = 0x03
	tagOctetString = 0x04
	tagOID         = 0x06
	tagEnumerated  = 0x0a
	tagUTCTime     = 0x17
	tagGeneralized = 0x18
	tagSequence    = 0x30

	generalizedBytes = 17 // of a GeneralizedTime, header and all
)

// elementSize is the size of an element with n bytes of contents, below 16 MiB.
func elementSize(n int) int {
	switch {
	case n < 1<<7:
		return n + 2
	case n < 1<<8:
		return n + 3
	case n < 1<<16:
		return n + 4
	default:
		return n + 5
	}
}

// appendHeader appends tag and length of an element with n bytes of contents.
func appendHeader(b []byte, tag byte, n int) []byte {
	switch elementSize(n) - n {
	case 2:
		return append(b, tag, short(n))
	case 3:
		return append(b, tag, 0x81, byte(n&0xff))
	case 4:
		return append(b, tag, 0x82, byte(n>>8&0xff), byte(n&0xff))
	default:
		return append(b, tag, 0x83, byte(n>>16&0xff), byte(n>>8&0xff), byte(n&0xff))
	}
}

// short is a length below 128, which is its own encoding.
func short(n int) byte { return byte(n & 0x7f) }

// appendInteger appends any number in its shortest form.
func appendInteger(b []byte, n *big.Int) []byte {
	if n.Sign() < 0 {
		return appendNegative(b, n)
	}
	size := n.BitLen()/8 + 1 // with room for the sign
	from := len(appendHeader(b, tagInteger, size))
	b = append(appendHeader(b, tagInteger, size), make([]byte, size)...)
	n.FillBytes(b[from:])
	return b
}

// appendNegative appends a number below zero in two's complement.
func appendNegative(b []byte, n *big.Int) []byte {
	rest := new(big.Int).Not(n) // -n-1, whose bits are those of n turned round
	size := rest.BitLen()/8 + 1
	from := len(appendHeader(b, tagInteger, size))
	b = append(appendHeader(b, tagInteger, size), make([]byte, size)...)
	rest.FillBytes(b[from:])
	for i := from; i < len(b); i++ {
		b[i] = ^b[i]
	}
	return b
}
