package kmc

// The parts of Shamir's scheme.
var (
	Split         = split
	Combine       = combine
	Mul           = mul
	Inverse       = inverse
	ParseCustody  = parseCustody
	ParseEscrow   = parseEscrow
	ParseRecord   = parseRecord
	ParseHandover = parseHandover
	ParseShare    = parseShare
	ParseText     = parseEntry
)

// SecretSize is the length of what is split.
const SecretSize = secretSize

// RewrapBatch is the size of one round.
const RewrapBatch = rewrapBatch

type (
	// Point is one share.
	Point = point
	// Escrow is a key in escrow.
	Escrow = escrow
)

// NewPoint makes a share.
func NewPoint(x byte, y [secretSize]byte) Point { return point{x: x, y: y} }

// XY are its parts.
func (p point) XY() (x byte, y [secretSize]byte) { return p.x, p.y }

// Marshal is marshal.
func (c *Custody) Marshal() ([]byte, error) { return c.marshal() }

// Marshal is marshal.
func (e *escrow) Marshal() ([]byte, error) { return e.marshal() }

// Marshal is marshal.
func (r *Record) Marshal() ([]byte, error) { return r.marshal() }

// Marshal is marshal.
func (h *handover) Marshal() ([]byte, error) { return h.marshal() }

// Marshal is marshal.
func (s share) Marshal() []byte { return s.marshal() }

// Text is text.
func (e *Entry) Text() (string, error) { return e.text() }

// Ciphers are the wrapped shares.
func (e *escrow) Ciphers() (out [][]byte) {
	for _, s := range e.shares {
		out = append(out, s.cipher)
	}
	return out
}

// Nonce and Sealed are the parts of the sealed key.
func (e *escrow) Nonce() []byte { return e.nonce[:] }

// Sealed is the sealed key.
func (e *escrow) Sealed() []byte { return e.sealed[:] }

// Bound is what a sealed key is bound to.
var Bound = bound

// PointOf is the share in the text of one.
func PointOf(plain []byte) (Point, bool) {
	s, ok := parseShare(plain)
	return s.point, ok
}

// Seal signs an entry with the centre's key, whatever it says.
func (c *Centre) Seal(e *Entry) error { return c.seal(e) }

// Digest is digest.
func (c *Custody) DigestOf() Fingerprint {
	d, err := c.digest()
	if err != nil {
		panic(err)
	}
	return d
}
