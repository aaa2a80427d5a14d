package ca

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math/big"
	"strconv"
	"time"
)

// KeyPrefix begins every key of the register; then comes one byte that names a space. So other rooms of an authority
// can live on the same engine. Whatever names a person or a number in a key is a token, see Tokens. Numbers
// in keys are big-endian; parts that are not last have a fixed length. docs/adr/0010 says why it is laid out like this.
const KeyPrefix = "ca/"

const (
	spaceIssuer      = 'i' // issuer -> its certificate chain
	spaceLease       = 'n' // issuer -> first place in the issuance log that nobody has taken
	spaceLog         = 'g' // issuer, place -> serial: the issuance log
	spaceCertificate = 'c' // issuer, serial -> what was issued (Issued)
	spaceStatus      = 's' // issuer, serial -> its status now (Status)
	spaceListed      = 'r' // issuer, shard, serial -> status: what the shard's CRL holds
	spaceChange      = 'q' // issuer, sequence -> serial and status: what a delta CRL is made of
	spaceSequence    = 'Q' // issuer -> last sequence
	spaceKey         = 'k' // SM3 of the point -> whose key it is
	spaceSameKey     = 'K' // SM3 of the point, issuer, serial -> nothing: certificates of the key but the first
	spaceHolder      = 'h' // token(code), issuer, serial -> nothing
	spaceName        = 'm' // token(name), issuer, serial -> nothing
	spaceSuccessor   = 'f' // issuer, serial -> the certificate that renews it
	spaceExpiry      = 'x' // last day of validity, issuer, serial -> nothing
	spaceApplication = 'a' // application -> application
	spaceWork        = 'w' // stage, application -> nothing: the lists of work
	spaceCRLNumber   = 'N' // issuer -> last CRL number begun
	spaceCRL         = 'L' // issuer, CRL number, kind, shard -> what was published under it (CRLRecord)
	spaceLastCRL     = 'l' // issuer, kind, shard -> the last CRLRecord of that scope
	spaceAudit       = 'u' // number -> audit entry
	spaceAuditHead   = 'U' // -> number and digest of the last entry
	spaceAbove       = 'A' // key, issuer's key -> certificate of an authority above the issuers: roots and links
	spaceRestored    = 'z' // present after a restore until the register has caught up
)

// Spaces of the register's engine that belong to others of this package: the publisher keeps in the first what it has
// published, the OCSP responder in the second what it has signed beforehand.
const (
	spacePublisher = 'p'
	spaceOCSP      = 'o'
)

// ShardSize is how many places of the issuance log share one CRL: the bound of what a shard's CRL can hold.
const ShardSize = 4096

const (
	keyIDBytes     = 20
	maxSerialBytes = 20
	minSerialBytes = 16
)

// KeyID names an issuer by its key: the subject key identifier of its certificates, the leftmost 160 bits of SM3 over
// the point. An issuer whose certificate is renewed under the same key stays the same issuer.
type KeyID [keyIDBytes]byte

// String is 40 hexadecimal digits, lower case, as in addresses.
func (k KeyID) String() string { return hex.EncodeToString(k[:]) }

// ParseKeyID reads what String writes.
func ParseKeyID(text string) (KeyID, error) {
	var k KeyID
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(k) || hex.EncodeToString(b) != text {
		return KeyID{}, refuse(ErrRequest, ReasonMalformed, "key identifier")
	}
	return KeyID(b), nil
}

// Serial is a serial number in the one length that the register gives: 20 octets, of which two bits are fixed and 158
// random. A shorter number of a foreign certificate stands at the right.
type Serial [maxSerialBytes]byte

// SerialOf converts; false for a number that is not positive or longer than 20 octets (RFC 5280, 4.1.2.2).
func SerialOf(n *big.Int) (Serial, bool) {
	var s Serial
	if n == nil || n.Sign() <= 0 || n.BitLen() > 8*maxSerialBytes-1 {
		return Serial{}, false
	}
	n.FillBytes(s[:])
	return s, true
}

// Big is the number.
func (s Serial) Big() *big.Int { return new(big.Int).SetBytes(s[:]) }

// String is 40 hexadecimal digits, lower case.
func (s Serial) String() string { return hex.EncodeToString(s[:]) }

// ParseSerial reads what String writes.
func ParseSerial(text string) (Serial, error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != maxSerialBytes || hex.EncodeToString(b) != text {
		return Serial{}, refuse(ErrRequest, ReasonMalformed, "serial number")
	}
	return Serial(b), nil
}

// CertificateID names a certificate.
type CertificateID struct {
	Issuer KeyID
	Serial Serial
}

// String is issuer and serial number with a slash between them.
func (id CertificateID) String() string { return id.Issuer.String() + "/" + id.Serial.String() }

// ShardOf is the shard of a place in the issuance log.
func ShardOf(place uint64) uint32 { return uint32(place / ShardSize) } //nolint:gosec // 2^44 certificates

// Addresses are where the certificates of one issuer say that revocation and issuer are found.
type Addresses struct {
	Base   string // http://pki.example.cn, without a slash at the end
	Issuer KeyID
}

// Shard is the address of a shard's CRL.
func (a Addresses) Shard(shard uint32) string {
	return a.list() + strconv.FormatUint(uint64(shard), 10) + ".crl"
}

// Full is the address of the issuer's full CRL.
func (a Addresses) Full() string { return a.list() + "full.crl" }

// Delta is the address of the issuer's delta CRL.
func (a Addresses) Delta() string { return a.list() + "delta.crl" }

func (a Addresses) list() string { return a.Base + "/crl/" + a.Issuer.String() + "/" }

// OCSP is the address of the issuer's OCSP responder.
func (a Addresses) OCSP() string { return a.Base + "/ocsp/" + a.Issuer.String() }

// Certificate is the address of the issuer's certificate.
func (a Addresses) Certificate() string { return a.Base + "/ca/" + a.Issuer.String() + ".cer" }

// token is a keyed name for something that must not stand in a key.
type token [16]byte

// key joins the prefix, a space and parts.
func key(space byte, parts ...[]byte) []byte {
	n := len(KeyPrefix) + 1
	for _, p := range parts {
		n += len(p)
	}
	k := append(make([]byte, 0, n), KeyPrefix...)
	k = append(k, space)
	for _, p := range parts {
		k = append(k, p...)
	}
	return k
}

func be32(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }
func be64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// dayKey is the UTC day of an instant as yyyymmdd.
func dayKey(t time.Time) []byte {
	year, month, day := t.UTC().Date()
	return be32(uint32(year*10000 + int(month)*100 + day)) //nolint:gosec // years of four digits
}

func certificateKey(id CertificateID) []byte {
	return key(spaceCertificate, id.Issuer[:], id.Serial[:])
}

func statusKey(id CertificateID) []byte { return key(spaceStatus, id.Issuer[:], id.Serial[:]) }

func listedKey(id CertificateID, shard uint32) []byte {
	return key(spaceListed, id.Issuer[:], be32(shard), id.Serial[:])
}

func logKey(issuer KeyID, place uint64) []byte { return key(spaceLog, issuer[:], be64(place)) }

func changeKey(issuer KeyID, sequence uint64) []byte {
	return key(spaceChange, issuer[:], be64(sequence))
}

func applicationKey(id ApplicationID) []byte { return key(spaceApplication, id[:]) }

func workKey(stage Stage, id ApplicationID) []byte {
	return key(spaceWork, []byte{byte(stage)}, id[:])
}

// idAtEnd reads the issuer and serial number with which an index key ends.
func idAtEnd(k []byte) (CertificateID, error) {
	n := len(k) - keyIDBytes - maxSerialBytes
	if n < len(KeyPrefix)+1 {
		return CertificateID{}, errors.Join(ErrDamaged, errors.New("index key"))
	}
	return CertificateID{KeyID(k[n : n+keyIDBytes]), Serial(k[n+keyIDBytes:])}, nil
}
