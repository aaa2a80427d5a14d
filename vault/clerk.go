package vault

import (
	"regexp"
	"strings"
)

// A clerk (经办人) stands in the audit by a name that his department gives him, as a staff number or a pseudonym: the
// department knows who he is. It must never be the number of a person.

// ClerkPattern is what a clerk's name looks like; see ValidClerk for what it must not be.
const ClerkPattern = `^[0-9A-Za-z](?:[0-9A-Za-z._@-]{0,62}[0-9A-Za-z])?$`

var clerkName = regexp.MustCompile(ClerkPattern)

// Lengths of numbers that no clerk is named by.
const (
	oldCitizenDigits = 15 // and the 17 before the check character of today's
	mobileDigits     = 11
)

// ValidClerk reports whether a clerk may stand in the audit by this name: 1 to 64 letters, digits and . _ @ - between
// them, with nothing in it that is a citizen number or a mobile number, however it is divided up.
func ValidClerk(name string) bool {
	if !clerkName.MatchString(name) {
		return false
	}
	run, longest := 0, 0
	for _, c := range name {
		switch {
		case c >= '0' && c <= '9':
			run++
		case !strings.ContainsRune("._@-", c):
			run = 0
		}
		longest = max(longest, run)
	}
	return longest < oldCitizenDigits && !(len(name) == mobileDigits && longest == mobileDigits && name[0] == '1')
}
