package code

import "strconv"

const (
	citizenBytes    = 18
	oldCitizenBytes = 15
	citizenChecks   = "10X98765432"
)

// CitizenNumber is a parsed citizen number (公民身份号码) of GB 11643-1999.
type CitizenNumber struct {
	Division string // 6 digits: where it was first given
	Birthday Date
	Sequence int // 0..999; odd is male

	// DivisionKnown is false if no table holds the division. That is a warning and never an error, for old numbers
	// keep the divisions of their time.
	DivisionKnown bool
}

// ParseCitizenNumber parses and checks an 18-digit number; the error is a *CheckError that does not hold the number.
func ParseCitizenNumber(s string) (CitizenNumber, error) {
	if err := CheckCitizenNumber(s); err != nil {
		return CitizenNumber{}, err
	}
	seq, _ := digits(s[14:17])
	return CitizenNumber{
		Division: s[:6], Birthday: birthday(s), Sequence: seq, DivisionKnown: DivisionKnown(s[:6]),
	}, nil
}

// CheckCitizenNumber says whether s is a sound 18-digit number: ReasonLength, ReasonAlphabet (and the position),
// ReasonBirthday or ReasonCheck (and the expected character). Whether the birthday lies in the future is for the
// caller, who has a clock: see Born.
func CheckCitizenNumber(s string) error {
	if n := runes(s); n != citizenBytes {
		return citizenError(ReasonLength, 0, strconv.Itoa(n), "18")
	}
	if p := firstNonDigit(s); p > 0 && p < citizenBytes {
		return citizenError(ReasonAlphabet, p, runeAt(s, p-1), "0-9")
	} else if p > 0 && s[17:] != "X" {
		return citizenError(ReasonAlphabet, p, runeAt(s, p-1), "0-9 or X")
	}
	if !birthday(s).Valid() {
		e := citizenError(ReasonBirthday, 7, "", "")
		e.Field = "birthday"
		return e
	}
	if want := citizenCheck(s); want != s[17] {
		return citizenError(ReasonCheck, citizenBytes, s[17:], string(rune(want)))
	}
	return nil
}

// NewCitizenNumber makes a number from its parts, for generators of made-up people.
func NewCitizenNumber(division string, birthday Date, sequence int) (string, error) {
	if _, ok := digits(division); !ok || len(division) != divisionBytes {
		return "", &CheckError{Err: ErrCitizenNumber, Field: "division", Reason: ReasonDivision}
	}
	if !birthday.Valid() {
		return "", &CheckError{Err: ErrCitizenNumber, Field: "birthday", Reason: ReasonBirthday}
	}
	if sequence < 0 || sequence > 999 {
		return "", &CheckError{Err: ErrCitizenNumber, Field: "sequence", Reason: ReasonRange, Want: "0..999"}
	}
	b := append(make([]byte, 0, citizenBytes), division...)
	b = padded(b, birthday.Year, 4)
	b = padded(b, birthday.Month, 2)
	b = padded(b, birthday.Day, 2)
	b = padded(b, sequence, 3)
	return string(append(b, citizenCheck(string(b)))), nil
}

// UpgradeCitizenNumber turns a 15-digit number of before 1999 into the 18-digit one: born in 19yy, check appended.
func UpgradeCitizenNumber(s string) (string, error) {
	if n := runes(s); n != oldCitizenBytes {
		return "", citizenError(ReasonLength, 0, strconv.Itoa(n), "15")
	}
	if p := firstNonDigit(s); p > 0 {
		return "", citizenError(ReasonAlphabet, p, runeAt(s, p-1), "0-9")
	}
	long := s[:6] + "19" + s[6:]
	long += string(rune(citizenCheck(long)))
	if err := CheckCitizenNumber(long); err != nil {
		return "", err
	}
	return long, nil
}

// MaskCitizenNumber hides the birthday and all after it but the last four characters: 350524********002X. Anything
// that is not 15 or 18 characters long is hidden whole.
func MaskCitizenNumber(s string) string {
	const stars = "******************"
	if n := len(s); (n == citizenBytes || n == oldCitizenBytes) && runes(s) == n {
		return s[:6] + stars[:n-10] + s[n-4:]
	}
	return stars[:min(runes(s), len(stars))]
}

// Male reports the sex the sequence tells.
func (c CitizenNumber) Male() bool { return c.Sequence%2 == 1 }

// Age is the age in full years on a day; negative if the person is born after it.
func (c CitizenNumber) Age(on Date) int {
	age := on.Year - c.Birthday.Year
	if on.Month < c.Birthday.Month || on.Month == c.Birthday.Month && on.Day < c.Birthday.Day {
		age--
	}
	return age
}

// Born reports whether the birthday is not after the day on.
func (c CitizenNumber) Born(on Date) bool { return !on.Before(c.Birthday) }

// citizenCheck computes the last character from the first 17, which must be digits.
func citizenCheck(s string) byte {
	sum := 0
	for k, w := range [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(s[k]-'0') * w
	}
	return citizenChecks[sum%11]
}

// birthday reads characters 7-14, which must be digits.
func birthday(s string) Date {
	y, _ := digits(s[6:10])
	m, _ := digits(s[10:12])
	d, _ := digits(s[12:14])
	return Date{Year: y, Month: m, Day: d}
}

func citizenError(r Reason, position int, found, want string) *CheckError {
	return &CheckError{Err: ErrCitizenNumber, Reason: r, Position: position, Found: found, Want: want}
}
