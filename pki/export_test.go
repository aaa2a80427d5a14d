package pki

// Agree is the rule of CrossCheck.
var Agree = agree

// SM2Parameters are the numbers of the curve.
var SM2Parameters = sm2Parameters

// AllTolerances lists every tolerance there is.
var AllTolerances = []Tolerance{
	ToleranceNegativeSerial, ToleranceZeroSerial, ToleranceLongSerial, ToleranceInteger, ToleranceBoolean,
	ToleranceDefault, ToleranceBitString, ToleranceTime, ToleranceUTF8String, TolerancePrintableString,
	ToleranceIA5String, ToleranceWideString, ToleranceEmptyIssuer, ToleranceKeyParameters, ToleranceExplicitCurve,
	ToleranceIdentifier, ToleranceVersion, ToleranceGeneralName, ToleranceSubtreeBounds, ToleranceEmptyExtension,
	ToleranceExtension, ToleranceDuplicatePolicy, ToleranceExtensionPresent,
}

// LinksHeld counts what a cache holds.
func LinksHeld(l *LinkCache) int { return len(l.now) + len(l.old) }
