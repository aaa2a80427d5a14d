package pki

import (
	"crypto"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
)

// KeyAlgorithm is a kind of public key. The zero value is a kind that is not supported.
type KeyAlgorithm string

// Kinds of public keys.
const (
	KeySM2    KeyAlgorithm = "SM2"
	KeyECDSA  KeyAlgorithm = "ECDSA"
	KeyRSA    KeyAlgorithm = "RSA"
	KeyRSAPSS KeyAlgorithm = "RSA-PSS" // RSA, for RSASSA-PSS only
)

// Hash is a hash algorithm of a signature.
type Hash string

// Hash algorithms. MD5 is known by name only: nothing here computes it.
const (
	HashSM3    Hash = "SM3"
	HashMD5    Hash = "MD5"
	HashSHA1   Hash = "SHA-1"
	HashSHA224 Hash = "SHA-224"
	HashSHA256 Hash = "SHA-256"
	HashSHA384 Hash = "SHA-384"
	HashSHA512 Hash = "SHA-512"
)

// SignatureAlgorithm is an algorithm of signatures. The zero value is one that is not supported.
type SignatureAlgorithm struct {
	ID   oid.ID // as it stands, also if it is not supported
	Key  KeyAlgorithm
	Hash Hash
	PSS  bool // RSASSA-PSS instead of PKCS #1 v1.5
	Salt int  // octets, with PSS
}

// String is for people: "SM2 with SM3", or the identifier of an algorithm that is not supported.
func (a SignatureAlgorithm) String() string {
	switch {
	case a.Key == "":
		return a.ID.String()
	case a.PSS:
		return "RSA-PSS with " + string(a.Hash)
	default:
		return string(a.Key) + " with " + string(a.Hash)
	}
}

var signatureAlgorithms = map[oid.ID]SignatureAlgorithm{
	oid.SM2WithSM3:      {Key: KeySM2, Hash: HashSM3},
	oid.SM2WithSM3Old:   {Key: KeySM2, Hash: HashSM3},
	oid.ECDSAWithSHA1:   {Key: KeyECDSA, Hash: HashSHA1},
	oid.ECDSAWithSHA224: {Key: KeyECDSA, Hash: HashSHA224},
	oid.ECDSAWithSHA256: {Key: KeyECDSA, Hash: HashSHA256},
	oid.ECDSAWithSHA384: {Key: KeyECDSA, Hash: HashSHA384},
	oid.ECDSAWithSHA512: {Key: KeyECDSA, Hash: HashSHA512},
	oid.RSAWithMD5:      {Key: KeyRSA, Hash: HashMD5},
	oid.RSAWithSHA1:     {Key: KeyRSA, Hash: HashSHA1},
	oid.RSAWithSHA1Old:  {Key: KeyRSA, Hash: HashSHA1},
	oid.RSAWithSHA224:   {Key: KeyRSA, Hash: HashSHA224},
	oid.RSAWithSHA256:   {Key: KeyRSA, Hash: HashSHA256},
	oid.RSAWithSHA384:   {Key: KeyRSA, Hash: HashSHA384},
	oid.RSAWithSHA512:   {Key: KeyRSA, Hash: HashSHA512},
}

var hashes = map[Hash]crypto.Hash{
	HashSHA1: crypto.SHA1, HashSHA224: crypto.SHA224, HashSHA256: crypto.SHA256, HashSHA384: crypto.SHA384,
	HashSHA512: crypto.SHA512,
}

var hashIDs = map[oid.ID]Hash{
	oid.SHA1: HashSHA1, oid.SHA224: HashSHA224, oid.SHA256: HashSHA256, oid.SHA384: HashSHA384, oid.SHA512: HashSHA512,
}

// signatureAlgorithm reads the contents of AlgorithmIdentifier ::= SEQUENCE { algorithm, parameters ANY OPTIONAL }.
// Parameters are NULL or absent; what is demanded differs (RFC 4055, RFC 5758) and GB/T 20518 certificates come with
// either. An algorithm that is not supported is no error.
func (r *reader) signatureAlgorithm(body cryptobyte.String, field string) (SignatureAlgorithm, error) {
	var a SignatureAlgorithm
	var id oid.ID
	if !oid.Read(&body, &id) {
		return a, malformed(field)
	}
	if id == oid.RSAPSS {
		return r.pss(body, field)
	}
	a, known := signatureAlgorithms[id]
	a.ID = id
	if !known {
		return a, nil
	}
	if id == oid.SM2WithSM3Old || id == oid.RSAWithSHA1Old {
		if err := r.allow(ToleranceIdentifier, field); err != nil {
			return a, err
		}
	}
	null := string(body) == "\x05\x00"
	switch {
	case !null && !body.Empty():
		return a, malformed(field + ".parameters")
	case null && a.Key == KeyECDSA, !null && a.Key == KeyRSA:
		return a, r.allow(ToleranceKeyParameters, field+".parameters")
	default:
		return a, nil
	}
}

// pss reads RSASSA-PSS-params of RFC 4055, 3.1:
//
//	SEQUENCE { hashAlgorithm [0] DEFAULT sha1, maskGenAlgorithm [1] DEFAULT mgf1SHA1,
//	    saltLength [2] INTEGER DEFAULT 20, trailerField [3] INTEGER DEFAULT 1 }
//
// Only MGF1 with the hash of the message is supported.
func (r *reader) pss(body cryptobyte.String, field string) (SignatureAlgorithm, error) {
	a := SignatureAlgorithm{ID: oid.RSAPSS, Hash: HashSHA1, Salt: 20, PSS: true}
	field += ".parameters"
	params, err := sequence(body, field)
	if err != nil {
		return a, err
	}
	mask := HashSHA1
	known := true
	for i, target := range []*Hash{&a.Hash, &mask} {
		var tagged cryptobyte.String
		var present bool
		if !params.ReadOptionalASN1(&tagged, &present, constructedTag(uint8(i))) {
			return a, malformed(field)
		}
		if !present {
			continue
		}
		var ok bool
		if *target, ok, err = r.pssHash(tagged, i == 1, field); err != nil {
			return a, err
		}
		known = known && ok
	}
	trailer := 1
	for i, target := range []*int{&a.Salt, &trailer} {
		if err := r.pssNumber(&params, uint8(2+i), target, field); err != nil {
			return a, err
		}
	}
	if !params.Empty() || trailer != 1 {
		return a, malformed(field)
	}
	if known && mask == a.Hash {
		a.Key = KeyRSA
	}
	return a, nil
}

func (r *reader) pssNumber(params *cryptobyte.String, n uint8, target *int, field string) error {
	var tagged cryptobyte.String
	var present bool
	if !params.ReadOptionalASN1(&tagged, &present, constructedTag(n)) {
		return malformed(field)
	}
	if !present {
		return nil
	}
	was := *target
	var err error
	if *target, err = r.count(&tagged, casn1.INTEGER, field); err != nil {
		return err
	}
	if !tagged.Empty() {
		return malformed(field)
	}
	if *target == was {
		return r.allow(ToleranceDefault, field)
	}
	return nil
}

// pssHash reads a hash algorithm, or MGF1 with one.
func (r *reader) pssHash(tagged cryptobyte.String, mask bool, field string) (Hash, bool, error) {
	var body cryptobyte.String
	var id oid.ID
	if !tagged.ReadASN1(&body, casn1.SEQUENCE) || !tagged.Empty() || !oid.Read(&body, &id) {
		return "", false, malformed(field)
	}
	if mask {
		if id != oid.MGF1 {
			return "", false, nil
		}
		return r.pssHash(body, false, field)
	}
	if !body.Empty() && string(body) != "\x05\x00" {
		return "", false, malformed(field)
	}
	h, ok := hashIDs[id]
	return h, ok, nil
}
