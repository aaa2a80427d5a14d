// Package moment writes instants for people (给人看的时间): by the clock of a place, with its zone. Beijing time (北京时间) is
// that of all China and needs no other name there. What programs read and what is signed stays in RFC 3339, in UTC.
package moment

import (
	"regexp"
	"time"
)

// China is the legal time of China.
func China() *time.Location { return china }

var china = time.FixedZone("UTC+8", chinaSeconds)

const chinaSeconds = 8 * 60 * 60

// Say writes an instant in "zh" or "en", to the second: 2026-03-02 09:30:00 北京时间, 2026-03-02 09:30:00 UTC+8. Without a
// zone it is that of China.
func Say(at time.Time, zone *time.Location, lang string) string {
	at = in(at, zone)
	return at.Format(time.DateTime) + " " + zoneName(at, lang)
}

// Day writes the day of an instant, as it is in a zone; without one, in China.
func Day(at time.Time, zone *time.Location) string { return in(at, zone).Format(time.DateOnly) }

func in(at time.Time, zone *time.Location) time.Time {
	if zone == nil {
		zone = china
	}
	return at.In(zone)
}

func zoneName(at time.Time, lang string) string {
	_, offset := at.Zone()
	switch {
	case offset == chinaSeconds && lang != "en":
		return "北京时间"
	case offset == 0:
		return "UTC"
	case offset%3600 == 0:
		return at.Format("UTC-07")[:4] + trimZero(at.Format("-07")[1:])
	}
	return at.Format("UTC-07:00")
}

func trimZero(hours string) string {
	if hours[0] == '0' {
		return hours[1:]
	}
	return hours
}

// instants of RFC 3339, in UTC or elsewhere.
var instants = regexp.MustCompile(`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)`)

// SayAll writes every instant within a text as Say does. What only looks like one stays.
func SayAll(text string, zone *time.Location, lang string) string {
	return instants.ReplaceAllStringFunc(text, func(s string) string {
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			return s
		}
		return Say(at, zone, lang)
	})
}
