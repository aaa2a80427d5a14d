package stepca

import (
	"github.com/smallstep/nosql/database"

	"github.com/elicense/elicense/internal/engine"
)

// MaxPartsBytes is the longest value that the database takes.
const MaxPartsBytes = maxParts * partBytes

// NewDatabase is smallstep's database on an engine.
func NewDatabase(e engine.Engine, prefix string) database.DB {
	return &bucketed{engine: e, prefix: prefix}
}

// ParseSM2Request reads a request as EnrolSM2 does, and gives whether it is good.
func ParseSM2Request(der []byte) (raw []byte, err error) {
	r, err := parseSM2Request(der)
	if err != nil {
		if r != nil {
			panic("a request beside a refusal")
		}
		return nil, err
	}
	return r.Raw, nil
}

// Shadow gives the DNS names that smallstep would see of an SM2 request.
func Shadow(a *Authority, der []byte) ([]string, error) {
	r, err := parseSM2Request(der)
	if err != nil {
		return nil, err
	}
	s, err := a.shadow.of(r)
	if err != nil {
		return nil, err
	}
	return s.DNSNames, nil
}

// ReadToken reads the identifier of a token without verifying it.
func ReadToken(token string) (id string, err error) {
	_, c, err := readToken(token)
	if err != nil {
		return "", err
	}
	return c.ID, nil
}

// UsedTokens counts the tokens that are remembered.
func UsedTokens(a *Authority) (int, error) {
	list, err := a.database.List(bucketTokens)
	return len(list), err
}

// Nonces counts the ACME nonces that are out.
func Nonces(a *Authority) (int, error) {
	list, err := a.database.List(bucketNonces)
	return len(list), err
}
