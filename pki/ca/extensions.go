package ca

import (
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// addExtensions writes the extensions of the profile, the holder's identity and the addresses, in this order.
func (c *certificate) addExtensions(b *cryptobyte.Builder) {
	addExtension(b, oid.BasicConstraints, true, c.addBasicConstraints)
	addExtension(b, oid.KeyUsage, true, func(b *cryptobyte.Builder) { addKeyUsage(b, c.profile.KeyUsage) })
	if len(c.profile.Purposes) > 0 {
		addExtension(b, oid.ExtKeyUsage, c.profile.PurposesCritical, c.addPurposes)
	}
	addExtension(b, oid.SubjectKeyID, false, func(b *cryptobyte.Builder) { b.AddASN1OctetString(c.ownKey[:]) })
	addExtension(b, oid.AuthorityKeyID, false, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(contextTag(0), func(b *cryptobyte.Builder) { b.AddBytes(c.issuerKey[:]) })
		})
	})
	if c.profile.Policy != "" {
		addExtension(b, oid.CertificatePolicies, false, func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { oid.Add(b, c.profile.Policy) })
			})
		})
	}
	if len(c.dnsNames) > 0 {
		addExtension(b, oid.SubjectAltName, false, c.addDNSNames)
	}
	c.holder.addExtensions(b)
	switch {
	case c.profile.NoCheck:
		addExtension(b, oid.OCSPNoCheck, false, func(b *cryptobyte.Builder) { b.AddASN1NULL() })
	case c.where != nil:
		c.where.addExtensions(b)
	}
}

func (c *certificate) addBasicConstraints(b *cryptobyte.Builder) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		if c.profile.CA {
			b.AddASN1Boolean(true)
			b.AddASN1Int64(int64(c.profile.MaxPathLen))
		}
	})
}

func (c *certificate) addPurposes(b *cryptobyte.Builder) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, id := range c.profile.Purposes {
			oid.Add(b, id)
		}
	})
}

func (c *certificate) addDNSNames(b *cryptobyte.Builder) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, name := range c.dnsNames {
			b.AddASN1(contextTag(2), func(b *cryptobyte.Builder) { b.AddBytes([]byte(name)) })
		}
	})
}

// addExtensions writes the identity extensions of GB/T 20518-2018, 5.2.4. Each code is a PrintableString; a personal
// number is a CHOICE with an explicit tag:
//
//	IdentifyCode ::= CHOICE { residenterCardNumber [0] PrintableString, militaryOfficerCardNumber [1] UTF8String,
//	                          passportNumber [2] PrintableString }
func (i *Identity) addExtensions(b *cryptobyte.Builder) {
	personal := func(tag uint8, number string) {
		addExtension(b, oid.IdentifyCode, false, func(b *cryptobyte.Builder) {
			b.AddASN1(contextTag(tag).Constructed(), func(b *cryptobyte.Builder) { addPrintable(b, number) })
		})
	}
	code := func(id oid.ID, value string) {
		if value != "" {
			addExtension(b, id, false, func(b *cryptobyte.Builder) { addPrintable(b, value) })
		}
	}
	switch {
	case i.CitizenNumber != "":
		personal(0, i.CitizenNumber)
	case i.PassportNumber != "":
		personal(2, i.PassportNumber)
	}
	code(oid.RegistrationNumber, i.Registration)
	code(oid.OrganizationCode, i.USCC)
	code(oid.TaxNumber, i.TaxNumber)
}

func (l *location) addExtensions(b *cryptobyte.Builder) {
	addExtension(b, oid.CRLDistribution, false, func(b *cryptobyte.Builder) {
		addDistributionPoint(b, l.crl)
	})
	addExtension(b, oid.AuthorityInfo, false, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			if l.ocsp != "" {
				addAccess(b, oid.AccessOCSP, l.ocsp)
			}
			addAccess(b, oid.AccessIssuers, l.issuer)
		})
	})
}

// addDistributionPoint writes
//
//	CRLDistributionPoints ::= SEQUENCE OF SEQUENCE { [0] EXPLICIT CHOICE { fullName [0] GeneralNames } }
//
// with one address.
func addDistributionPoint(b *cryptobyte.Builder, address string) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(contextTag(0).Constructed(), func(b *cryptobyte.Builder) {
				b.AddASN1(contextTag(0).Constructed(), func(b *cryptobyte.Builder) { addURI(b, address) })
			})
		})
	})
}

func addAccess(b *cryptobyte.Builder, method oid.ID, address string) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		oid.Add(b, method)
		addURI(b, address)
	})
}

func addURI(b *cryptobyte.Builder, address string) {
	b.AddASN1(contextTag(6), func(b *cryptobyte.Builder) { b.AddBytes([]byte(address)) })
}

func addPrintable(b *cryptobyte.Builder, s string) {
	b.AddASN1(casn1.PrintableString, func(b *cryptobyte.Builder) { b.AddBytes([]byte(s)) })
}

func contextTag(n uint8) casn1.Tag { return casn1.Tag(n).ContextSpecific() }

func addExtension(b *cryptobyte.Builder, id oid.ID, critical bool, value cryptobyte.BuilderContinuation) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		oid.Add(b, id)
		if critical {
			b.AddASN1Boolean(true)
		}
		b.AddASN1(casn1.OCTET_STRING, value)
	})
}

// addKeyUsage writes the named bits without trailing zeros, as DER wants it (X.690, 11.2.2).
func addKeyUsage(b *cryptobyte.Builder, usage pki.KeyUsage) {
	var bits [2]byte
	last := 0
	for i := range 9 {
		if usage&(1<<i) != 0 {
			bits[i/8] |= 0x80 >> (i % 8)
			last = i
		}
	}
	b.AddASN1(casn1.BIT_STRING, func(b *cryptobyte.Builder) {
		b.AddUint8(uint8(7 - last%8))
		b.AddBytes(bits[:last/8+1])
	})
}
