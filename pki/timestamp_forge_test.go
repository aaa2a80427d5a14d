package pki_test

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"

	"github.com/elicense/elicense/internal/oid"
)

type pkixExtension = pkix.Extension

// purposes is an extended key usage.
func purposes(critical bool, ids ...oid.ID) pkix.Extension {
	list := make([]asn1.ObjectIdentifier, len(ids))
	for i, id := range ids {
		list[i] = id.ASN1()
	}
	der, err := asn1.Marshal(list)
	if err != nil {
		panic(err)
	}
	return pkix.Extension{Id: oid.ExtKeyUsage.ASN1(), Critical: critical, Value: der}
}

func asError[T error](err error, target *T) bool { return errors.As(err, target) }
