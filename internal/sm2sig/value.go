package sm2sig

import (
	"bytes"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// order is n of the SM2 curve, GB/T 32918.5-2017.
const order = "\xff\xff\xff\xfe\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\x72\x03\xdf\x6b\x21\xc6\x05\x2b\x53\xbb\xf4\x09\x39\xd5\x41\x23"

// CheckSignature refuses every signature value but the one DER form with r and s in [1, n-1].
func CheckSignature(der []byte) error {
	_, _, err := ParseSignature(der)
	return err
}

// ParseSignature reads
//
//	SM2Signature ::= SEQUENCE { r INTEGER, s INTEGER }   -- GB/T 35276-2017, 7.3
func ParseSignature(der []byte) (r, s [32]byte, err error) {
	input := cryptobyte.String(der)
	var body cryptobyte.String
	if !input.ReadASN1(&body, casn1.SEQUENCE) || !input.Empty() {
		return [32]byte{}, [32]byte{}, ErrEncoding
	}
	if !readScalar(&body, &r) || !readScalar(&body, &s) || !body.Empty() {
		return [32]byte{}, [32]byte{}, ErrEncoding
	}
	return r, s, nil
}

// AppendSignature appends the DER form of r and s to dst; values out of range are refused.
func AppendSignature(dst []byte, r, s [32]byte) ([]byte, error) {
	if !inRange(r) || !inRange(s) {
		return nil, ErrEncoding
	}
	rb, sb := scalar(r), scalar(s)
	dst = append(dst, byte(casn1.SEQUENCE), byte(4+len(rb)+len(sb)))           //nolint:gosec // 33 bytes each
	dst = append(append(dst, byte(casn1.INTEGER), byte(len(rb))), rb...)       //nolint:gosec // see above
	return append(append(dst, byte(casn1.INTEGER), byte(len(sb))), sb...), nil //nolint:gosec // see above
}

func readScalar(s *cryptobyte.String, out *[32]byte) bool {
	var body cryptobyte.String
	if !s.ReadASN1(&body, casn1.INTEGER) || len(body) == 0 || len(body) > 33 || body[0]&0x80 != 0 {
		return false
	}
	if body[0] == 0 {
		if len(body) > 1 && body[1]&0x80 == 0 {
			return false
		}
		body = body[1:]
	}
	if len(body) > 32 {
		return false
	}
	copy(out[32-len(body):], body)
	return inRange(*out)
}

func inRange(v [32]byte) bool {
	return v != [32]byte{} && bytes.Compare(v[:], []byte(order)) < 0
}

// scalar is v as the contents of a DER INTEGER.
func scalar(v [32]byte) []byte {
	b := bytes.TrimLeft(v[:], "\x00")
	if b[0]&0x80 != 0 {
		return append([]byte{0}, b...)
	}
	return b
}
