package ses

import (
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/sm2sig"
)

// encode is what the continuation builds, nil if it cannot be built.
func encode(f cryptobyte.BuilderContinuation) []byte {
	b := cryptobyte.NewBuilder(nil)
	f(b)
	der, err := b.Bytes()
	if err != nil {
		return nil
	}
	return der
}

func addString(b *cryptobyte.Builder, tag casn1.Tag, text string) {
	b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(text)) })
}

func addTime(b *cryptobyte.Builder, t time.Time, v1 bool) {
	if v1 {
		addString(b, casn1.UTCTime, t.UTC().Format(utcLayout))
		return
	}
	addString(b, casn1.GeneralizedTime, t.UTC().Format(generalLayout))
}

// addExtensions leaves critical away where it is FALSE.
func addExtensions(b *cryptobyte.Builder, list []Extension) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for i := range list {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				oid.Add(b, list[i].ID)
				if list[i].Critical {
					b.AddASN1Boolean(true)
				}
				b.AddASN1OctetString(list[i].Value)
			})
		}
	})
}

// checkText holds a text against what readText accepts.
func checkText(text string, ascii bool, field string) error {
	if text == "" || len(text) > maxTextBytes || !utf8.ValidString(text) || ascii && !printable([]byte(text)) {
		return unwritable(field)
	}
	return nil
}

// checkTime wants whole seconds in the years that the form can express.
func checkTime(t time.Time, v1 bool, field string) error {
	from, until := 1, 9999
	if v1 {
		from, until = 1950, 2049
	}
	year := t.UTC().Year()
	if t.IsZero() || t.Nanosecond() != 0 || year < from || year > until {
		return unwritable(field)
	}
	return nil
}

func checkExtensions(list []Extension, field string) error {
	if len(list) > MaxExtensions {
		return unwritable(field)
	}
	seen := make(map[oid.ID]bool, len(list))
	for i := range list {
		e := &list[i]
		if !oid.Valid([]byte(e.ID)) || isText(e.ID) || seen[e.ID] || len(e.Value) > maxExtensionBytes {
			return unwritable(field)
		}
		seen[e.ID] = true
	}
	return nil
}

func checkCertificate(der []byte, field string) error {
	if len(der) > maxCertBytes || !isSequence(der) {
		return unwritable(field)
	}
	return nil
}

func checkValue(value []byte, field string) error {
	if sm2sig.CheckSignature(value) != nil {
		return unwritable(field)
	}
	return nil
}
