package pki

import (
	"bytes"
	"crypto"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"io"

	"github.com/emmansun/gmsm/pkcs"
	"github.com/emmansun/gmsm/pkcs8"
	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
)

const (
	keyBlock      = "ENCRYPTED PRIVATE KEY"
	maxKeyBytes   = 8 << 10
	saltBytes     = 16
	iterations    = 100_000
	maxIterations = 10_000_000
	maxSaltBytes  = 64
)

var (
	// ErrKeyFile is returned for text that is no encrypted private key as MarshalKey writes it.
	ErrKeyFile = errors.New("pki: malformed key file")
	// ErrPassphrase is returned for an empty or wrong passphrase. A damaged file can look like a wrong passphrase.
	ErrPassphrase = errors.New("pki: wrong passphrase")
)

// GenerateKey makes an SM2 key pair from random.
func GenerateKey(random io.Reader) (crypto.Signer, error) {
	if random == nil {
		return nil, ErrKey
	}
	key, err := sm2.GenerateKey(random)
	if err != nil {
		return nil, fmt.Errorf("generating SM2 key: %w", err)
	}
	return key, nil
}

// MarshalKey writes an SM2 key made by GenerateKey or ParseKey as PKCS#8 EncryptedPrivateKeyInfo in PEM: PBES2 (RFC
// 8018) with PBKDF2-HMAC-SHA-256, 100,000 rounds, and SM4-CBC. SHA-256 is there because stock tools know no HMAC-SM3
// in PBKDF2.
func MarshalKey(key crypto.Signer, passphrase []byte, random io.Reader) ([]byte, error) {
	private, ok := key.(*sm2.PrivateKey)
	if !ok || random == nil {
		return nil, ErrKey
	}
	if len(passphrase) == 0 {
		return nil, ErrPassphrase
	}
	plain, err := smx509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, ErrKey
	}
	defer clear(plain)
	return sealKey(plain, passphrase, random)
}

// sealKey encrypts a PrivateKeyInfo.
func sealKey(plain, passphrase []byte, random io.Reader) ([]byte, error) {
	scheme := pkcs.NewPBESEncrypter(pkcs.SM4CBC, pkcs.NewPBKDF2Opts(pkcs.SHA256, saltBytes, iterations))
	algorithm, sealed, err := scheme.Encrypt(fullReader{random}, passphrase, plain)
	if err != nil {
		return nil, fmt.Errorf("sealing key: %w", err)
	}
	der, err := asn1.Marshal(struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}{*algorithm, sealed})
	if err != nil {
		return nil, fmt.Errorf("writing key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: keyBlock, Bytes: der}), nil
}

// ParseKey reads what MarshalKey wrote. Only PBES2 with PBKDF2 and SM4-CBC is read, and no more rounds than ten
// million, so that a hostile file cannot keep the process busy for long.
func ParseKey(text, passphrase []byte) (crypto.Signer, error) {
	if len(passphrase) == 0 {
		return nil, ErrPassphrase
	}
	der, err := keyInfo(text)
	if err != nil {
		return nil, err
	}
	key, err := pkcs8.ParsePKCS8PrivateKeySM2(der, passphrase)
	if err != nil {
		return nil, ErrPassphrase
	}
	public, err := PublicKeyOf(key.Public())
	if err != nil {
		return nil, ErrKey
	}
	// The public key may have been read from the file; it must be the one of the private key.
	own, err := sm2.NewPrivateKeyFromInt(key.D)
	if err != nil {
		return nil, ErrKey
	}
	if derived, err := PublicKeyOf(own.Public()); err != nil || !derived.Equal(public) {
		return nil, ErrKey
	}
	return own, nil
}

// keyInfo gives the EncryptedPrivateKeyInfo of a key file, of the shape that is read here.
func keyInfo(text []byte) ([]byte, error) {
	if len(text) > maxKeyBytes {
		return nil, ErrKeyFile
	}
	block, rest := pem.Decode(text)
	if block == nil || block.Type != keyBlock || len(bytes.TrimSpace(rest)) > 0 || !acceptableKey(block.Bytes) {
		return nil, ErrKeyFile
	}
	return block.Bytes, nil
}

// acceptableKey checks the whole structure before any key is derived.
//
//	EncryptedPrivateKeyInfo ::= SEQUENCE { SEQUENCE { PBES2, SEQUENCE {
//	    SEQUENCE { PBKDF2, SEQUENCE { salt OCTET STRING, iterationCount INTEGER, keyLength INTEGER OPTIONAL, prf } },
//	    SEQUENCE { SM4-CBC, iv OCTET STRING } } },
//	  encryptedData OCTET STRING }
func acceptableKey(der []byte) bool {
	input := cryptobyte.String(der)
	var info, scheme, data cryptobyte.String
	return input.ReadASN1(&info, casn1.SEQUENCE) && input.Empty() &&
		info.ReadASN1(&scheme, casn1.SEQUENCE) &&
		info.ReadASN1(&data, casn1.OCTET_STRING) && info.Empty() &&
		len(data) > 0 && len(data)%16 == 0 && acceptableScheme(scheme)
}

func acceptableScheme(scheme cryptobyte.String) bool {
	var params, kdf, cipher cryptobyte.String
	return readID(&scheme, oid.PBES2) && scheme.ReadASN1(&params, casn1.SEQUENCE) && scheme.Empty() &&
		params.ReadASN1(&kdf, casn1.SEQUENCE) && params.ReadASN1(&cipher, casn1.SEQUENCE) && params.Empty() &&
		readID(&kdf, oid.PBKDF2) && acceptableKDF(kdf) &&
		readID(&cipher, oid.SM4CBC) && acceptableIV(cipher)
}

func acceptableKDF(kdf cryptobyte.String) bool {
	var params, salt cryptobyte.String
	var rounds, length int
	if !kdf.ReadASN1(&params, casn1.SEQUENCE) || !kdf.Empty() ||
		!params.ReadASN1(&salt, casn1.OCTET_STRING) || len(salt) == 0 || len(salt) > maxSaltBytes ||
		!params.ReadASN1Integer(&rounds) || rounds < 1 || rounds > maxIterations {
		return false
	}
	if params.PeekASN1Tag(casn1.INTEGER) && (!params.ReadASN1Integer(&length) || length != 16) {
		return false
	}
	return acceptablePRF(params)
}

func acceptablePRF(params cryptobyte.String) bool {
	var prf cryptobyte.String
	if !params.ReadASN1(&prf, casn1.SEQUENCE) || !params.Empty() {
		return false
	}
	var id oid.ID
	return oid.Read(&prf, &id) && (id == oid.HMACSHA256 || id == oid.SM3Keyed)
}

func acceptableIV(cipher cryptobyte.String) bool {
	var iv cryptobyte.String
	return cipher.ReadASN1(&iv, casn1.OCTET_STRING) && cipher.Empty() && len(iv) == 16
}

func readID(s *cryptobyte.String, want oid.ID) bool {
	var id oid.ID
	return oid.Read(s, &id) && id == want
}

// fullReader makes a short read an error, which the library below does not.
type fullReader struct{ io.Reader }

// Read fills p or fails.
func (r fullReader) Read(p []byte) (int, error) { return io.ReadFull(r.Reader, p) }
