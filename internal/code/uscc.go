package code

import "strconv"

const (
	uscBytes      = 18
	divisionBytes = 6
	uscAlphabet   = "0123456789ABCDEFGHJKLMNPQRTUWXY" // no I, O, S, V, Z
	uscModulus    = 31
)

// USCC is a parsed unified social credit code (统一社会信用代码) of GB 32100-2015.
type USCC struct {
	Category     string // 2 characters: registration department (登记管理部门) and category (机构类别)
	Division     string // 6 digits, the division of the registering office
	Organisation string // 9 characters, the organisation code of GB 11714 with its own check character
	Check        byte
}

// String gives the 18 characters.
func (u USCC) String() string {
	return u.Category + u.Division + u.Organisation + string(rune(u.Check))
}

// ParseUSCC parses and checks a credit code; the error is a *CheckError.
func ParseUSCC(s string) (USCC, error) {
	if err := CheckUSCC(s); err != nil {
		return USCC{}, err
	}
	return USCC{Category: s[:2], Division: s[2:8], Organisation: s[8:17], Check: s[17]}, nil
}

// CheckUSCC says whether s is a sound credit code; the error is a *CheckError with ReasonLength, ReasonAlphabet (and
// the position), ReasonDivision, ReasonOrganisation or ReasonCheck (and the expected character).
func CheckUSCC(s string) error {
	p := outsideUSCC(s)
	if n := runes(s); n != uscBytes {
		return usccError(ReasonLength, 0, strconv.Itoa(n), "18")
	}
	if p > 0 {
		return usccError(ReasonAlphabet, runes(s[:p-1])+1, runeAt(s, p-1), "")
	}
	for k := 2; k < 8; k++ {
		if s[k] > '9' {
			return usccError(ReasonDivision, k+1, s[k:k+1], "")
		}
	}
	// Both check characters are computed, for a change inside the organisation code breaks both: then the
	// organisation code is named, being the nearer place.
	if want := organisationCheck(s[8:16]); want != s[16] {
		return usccError(ReasonOrganisation, 17, s[16:17], string(rune(want)))
	}
	if want := usccCheck(s[:17]); want != s[17] {
		return usccError(ReasonCheck, 18, s[17:18], string(rune(want)))
	}
	return nil
}

// NewUSCC computes both check characters, for generators: category "91", division "350100", base of 8 characters.
func NewUSCC(category, division, base string) (string, error) {
	if len(category) != 2 {
		return "", usccPartError("category", ReasonLength, "2")
	}
	if len(division) != divisionBytes {
		return "", usccPartError("division", ReasonLength, "6")
	}
	if len(base) != 8 {
		return "", usccPartError("organisation", ReasonLength, "8")
	}
	b := make([]byte, 0, uscBytes)
	b = append(append(append(b, category...), division...), base...)
	b = append(b, '0', '0')
	if p := outsideUSCC(string(b)); p > 0 {
		return "", usccError(ReasonAlphabet, p, string(rune(b[p-1])), "")
	}
	b[16] = organisationCheck(base)
	b[17] = usccCheck(string(b[:17]))
	s := string(b)
	if err := CheckUSCC(s); err != nil {
		return "", err
	}
	return s, nil
}

// organisationCheck is the check character of GB 11714: weights 3 7 9 10 5 8 4 2 modulo 11, 10 is X, 11 is 0.
func organisationCheck(base string) byte {
	sum := 0
	for k, w := range [8]int{3, 7, 9, 10, 5, 8, 4, 2} {
		sum += base36(base[k]) * w
	}
	switch c := 11 - sum%11; c {
	case 10:
		return 'X'
	case 11:
		return '0'
	default:
		return byte('0' + c)
	}
}

// usccCheck is the last character: weights 3^i modulo 31.
func usccCheck(s string) byte {
	sum := 0
	for k, w := range [17]int{1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28} {
		sum += usccValue(s[k]) * w
	}
	return uscAlphabet[(uscModulus-sum%uscModulus)%uscModulus]
}

// usccValue is the value of a character in the alphabet of 31, or -1.
func usccValue(c byte) int {
	v := base36(c)
	switch {
	case v < 0 || c == 'I' || c == 'O' || c == 'S' || c == 'V' || c == 'Z':
		return -1
	case c > 'V':
		return v - 4
	case c > 'S':
		return v - 3
	case c > 'O':
		return v - 2
	case c > 'I':
		return v - 1
	}
	return v
}

func outsideUSCC(s string) int {
	for k := range len(s) {
		if usccValue(s[k]) < 0 {
			return k + 1
		}
	}
	return 0
}

func usccError(r Reason, position int, found, want string) *CheckError {
	return &CheckError{Err: ErrUSCC, Reason: r, Position: position, Found: found, Want: want}
}

func usccPartError(field string, r Reason, want string) *CheckError {
	return &CheckError{Err: ErrUSCC, Field: field, Reason: r, Want: want}
}

// CategoryName names the first two characters of a credit code, as 91 企业.
func CategoryName(category string) (string, bool) {
	switch category {
	case "11":
		return "机关", true
	case "12":
		return "事业单位", true
	case "13":
		return "群众团体", true
	case "19":
		return "机构编制部门登记的其他机构", true
	case "51":
		return "社会团体", true
	case "52":
		return "民办非企业单位", true
	case "53":
		return "基金会", true
	case "59":
		return "民政部门登记的其他机构", true
	case "91":
		return "企业", true
	case "92":
		return "个体工商户", true
	case "93":
		return "农民专业合作社", true
	case "Y1":
		return "其他", true
	}
	return "", false
}

// CheckLicenceType says whether s is a licence type code (证照类型代码): the sound USCC of the defining authority and
// a serial 001..999.
func CheckLicenceType(s string) error {
	if len(s) != licenceTypeBytes {
		return &CheckError{Err: ErrLicenceType, Reason: ReasonLength, Found: strconv.Itoa(runes(s)), Want: "21"}
	}
	if err := CheckUSCC(s[:uscBytes]); err != nil {
		return inField(err, ErrLicenceType, "authority")
	}
	if n, ok := digits(s[uscBytes:]); !ok || n == 0 {
		return &CheckError{Err: ErrLicenceType, Field: "serial", Reason: ReasonRange, Want: "001..999"}
	}
	return nil
}

// NewLicenceType builds a licence type code from the defining authority's USCC and a serial 1..999.
func NewLicenceType(authority string, serial int) (string, error) {
	if serial < 1 || serial > 999 {
		return "", &CheckError{
			Err: ErrLicenceType, Field: "serial", Reason: ReasonRange,
			Found: strconv.Itoa(serial), Want: "1..999",
		}
	}
	if err := CheckUSCC(authority); err != nil {
		return "", inField(err, ErrLicenceType, "authority")
	}
	return string(padded([]byte(authority), serial, 3)), nil
}

// SplitLicenceType gives authority and serial of a sound licence type code.
func SplitLicenceType(s string) (authority string, serial int, err error) {
	if err := CheckLicenceType(s); err != nil {
		return "", 0, err
	}
	n, _ := digits(s[uscBytes:])
	return s[:uscBytes], n, nil
}
