package pki

import (
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

type distributionName struct{ raw []byte }

func (d *distributionName) read(s cryptobyte.String) bool { d.raw = s; return true }

func constructed(n uint8) casn1.Tag { return casn1.Tag(n).ContextSpecific().Constructed() }

func readNameElement(s, out *cryptobyte.String) bool { return readCRLName(s, out) }

func subjectKey(c *Certificate) []byte { return nil }
