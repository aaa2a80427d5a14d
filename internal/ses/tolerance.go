package ses

import "strings"

// Tolerances is the set of deviations from the standards that were met while reading.
type Tolerances uint32

// Each deviation that is accepted, with the product it is met in.
const (
	// TolerantExplicitDefault is critical FALSE written out, which DER leaves away: seals of the tax bureaux (GOMAIN)
	// and of Kinsec.
	TolerantExplicitDefault Tolerances = 1 << iota
	// TolerantUntagged is the extensions of a V4 or V5 seal without their tag [0]: all makers known.
	TolerantUntagged
	// TolerantTextIdentifier is an extension named by text where an object identifier stands: "tag" of Kinsec.
	TolerantTextIdentifier
	// TolerantTimeType is UTCTime for GeneralizedTime or the other way round: V1 seals of several makers.
	TolerantTimeType
	// TolerantTimeText is the time of a V1 signature as text instead of DER: dms360.
	TolerantTimeText
	// TolerantOctetString is an OCTET STRING for the BIT STRING of time or digest in V1.
	TolerantOctetString
	// TolerantCertificateList is a V1 list of signers that holds text instead of certificates; nobody is authorised by
	// it: dms360.
	TolerantCertificateList
	// TolerantSealID is an identifier that is no seal code of 14 digits: a UUID at Kinsec, anything at ofdrw.
	TolerantSealID
	// TolerantProperty is a property that is no path: JSON at Kinsec.
	TolerantProperty
	// TolerantPropertyText is a property with other than ASCII characters, a document's name inside that JSON.
	TolerantPropertyText
	// TolerantAlgorithm is SM2 with SM3 under another name than 1.2.156.10197.1.501: the older arc (Kinsec) or a
	// misprint (ofdrw).
	TolerantAlgorithm
	// TolerantForeignAlgorithm is an algorithm outside the SM2 and SM3 family: readable, not verifiable here.
	TolerantForeignAlgorithm

	endOfTolerances
)

var toleranceNames = [...]string{
	"explicit-default", "untagged-extensions", "text-identifier", "time-type", "time-text", "octet-string",
	"certificate-list", "seal-id", "property-form", "property-text", "algorithm", "foreign-algorithm",
}

// Names lists the deviations by name, in a fixed order.
func (t Tolerances) Names() []string {
	var names []string
	for i, name := range toleranceNames {
		if t&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// String is the names joined by commas.
func (t Tolerances) String() string { return strings.Join(t.Names(), ",") }
