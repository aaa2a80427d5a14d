package tsp

import (
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

const (
	timeLayout  = "20060102150405"
	maxFraction = 9 // digits
)

// readGenTime reads GeneralizedTime as RFC 3161, 2.4.2 wants it: YYYYMMDDhhmmss, an optional fraction without trailing
// zero, and Z.
func readGenTime(s *cryptobyte.String) (time.Time, bool) {
	var body cryptobyte.String
	if !s.ReadASN1(&body, casn1.GeneralizedTime) {
		return time.Time{}, false
	}
	text, zulu := strings.CutSuffix(string(body), "Z")
	whole, fraction, fractional := strings.Cut(text, ".")
	if !zulu || len(whole) != len(timeLayout) || !digits(whole) || !digits(fraction) ||
		fractional && (fraction == "" || len(fraction) > maxFraction || strings.HasSuffix(fraction, "0")) {
		return time.Time{}, false
	}
	t, err := time.Parse(timeLayout, whole)
	if err != nil || t.Year() < 1 {
		return time.Time{}, false
	}
	nanos := 0
	for i := range maxFraction {
		nanos *= 10
		if i < len(fraction) {
			nanos += int(fraction[i] - '0')
		}
	}
	return t.Add(time.Duration(nanos)), true
}

func digits(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}

func addGenTime(b *cryptobyte.Builder, t time.Time) {
	text := t.UTC().Truncate(time.Microsecond).Format(timeLayout + ".999999")
	b.AddASN1(casn1.GeneralizedTime, func(b *cryptobyte.Builder) { b.AddBytes([]byte(text + "Z")) })
}
