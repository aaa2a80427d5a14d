package code

// IdentifierRoot is the OID arc before every licence identifier (电子证照根代码).
const IdentifierRoot = "1.2.156.3005.2"

// MaxIdentifierBytes is the longest identifier, root included.
const MaxIdentifierBytes = 128

// Identifier is a licence identifier (电子证照标识) of GB/T 36904.
type Identifier struct {
	Type    string // 21 characters: USCC of the defining authority and a 3-digit serial
	Issuer  string // 18 characters (USCC) or, in old ones, 6 digits (division)
	Serial  string // [0-9A-Z]+
	Version int    // 1..999
	Check   byte   // as read; see CheckValid
}

// ParseIdentifier reads an identifier; lower case is raised, a wrong check character is not an error.
func ParseIdentifier(s string) (Identifier, error) { return Identifier{}, ErrIdentifier }

// NewIdentifier validates each part strictly and computes the check character.
func NewIdentifier(typ, issuer, serial string, version int) (Identifier, error) {
	return Identifier{}, ErrIdentifier
}

// CheckIdentifier says whether s is an identifier exactly as NewIdentifier would make it.
func CheckIdentifier(s string) error { return ErrIdentifier }

// String gives the full form with root.
func (i Identifier) String() string { return "" }

// ExpectedCheck computes the check character.
func (i Identifier) ExpectedCheck() byte { return 0 }

// CheckValid reports whether the check character read is the expected one.
func (i Identifier) CheckValid() bool { return false }

// WithVersion is the identifier of another version of the same licence, with a fresh check character.
func (i Identifier) WithVersion(n int) (Identifier, error) { return Identifier{}, ErrIdentifier }

// USCC is a parsed unified social credit code (统一社会信用代码).
type USCC struct {
	Category     string // 2 characters: registration department and category of organisation
	Division     string // 6 digits
	Organisation string // 9 characters with their own check character (GB 11714)
	Check        byte
}

// ParseUSCC parses and checks a credit code.
func ParseUSCC(s string) (USCC, error) { return USCC{}, ErrUSCC }

// CheckUSCC says whether s is a sound credit code; the error is a *CheckError.
func CheckUSCC(s string) error { return ErrUSCC }

// NewUSCC computes both check characters: category "91", division "350100", base of 8 characters.
func NewUSCC(category, division, base string) (string, error) { return "", ErrUSCC }

// String gives the 18 characters.
func (u USCC) String() string { return "" }

// CategoryName names a 2-character category prefix, as 91 企业.
func CategoryName(category string) (string, bool) { return "", false }

// CheckLicenceType says whether s is a licence type code (证照类型代码): a sound USCC and 001..999.
func CheckLicenceType(s string) error { return ErrLicenceType }

// NewLicenceType builds a licence type code.
func NewLicenceType(authority string, serial int) (string, error) { return "", ErrLicenceType }

// SplitLicenceType gives authority and serial of a sound licence type code.
func SplitLicenceType(s string) (authority string, serial int, err error) {
	return "", 0, ErrLicenceType
}

// CitizenNumber is a parsed 18-digit citizen number (公民身份号码).
type CitizenNumber struct {
	Division      string // 6 digits
	Birthday      Date
	Sequence      int  // 0..999; odd is male
	DivisionKnown bool // false is a warning, never an error: old numbers keep retired divisions
}

// ParseCitizenNumber parses and checks an 18-digit number.
func ParseCitizenNumber(s string) (CitizenNumber, error) { return CitizenNumber{}, ErrCitizenNumber }

// CheckCitizenNumber says whether s is a sound 18-digit number.
func CheckCitizenNumber(s string) error { return ErrCitizenNumber }

// NewCitizenNumber makes a number from its parts, for generators.
func NewCitizenNumber(division string, birthday Date, sequence int) (string, error) {
	return "", ErrCitizenNumber
}

// UpgradeCitizenNumber turns a 15-digit number into the 18-digit one (born 19yy).
func UpgradeCitizenNumber(s string) (string, error) { return "", ErrCitizenNumber }

// MaskCitizenNumber hides the middle for display: 350524********1234.
func MaskCitizenNumber(s string) string { return "" }

// Male reports the sex the sequence tells.
func (c CitizenNumber) Male() bool { return c.Sequence%2 == 1 }

// Age is the age in full years on a day; negative if born after it.
func (c CitizenNumber) Age(on Date) int { return 0 }

// Division is one meaning of a division code of GB/T 2260 over a span of months.
type Division struct {
	Code       string   // 6 digits
	Name       string   // 安溪县
	From, To   int      // first and last month known, yyyymm; To is 0 while in force
	Successors []string // of a retired one: the codes that took its place, one level deep; several after a split
}

// Retired reports whether the division is no longer in force.
func (d Division) Retired() bool { return d.To != 0 }

// FullName is the name with those above it: 福建省泉州市安溪县.
func (d Division) FullName() string { return "" }

// LookupDivision gives the latest meaning of a code: any Fujian code and the provinces.
func LookupDivision(code string) (Division, bool) { return Division{}, false }

// DivisionHistory gives all meanings of a code, oldest first.
func DivisionHistory(code string) []Division { return nil }

// CurrentDivisions follows successors to the divisions in force today; one unless a split made it several.
func CurrentDivisions(code string) []Division { return nil }

// FindDivisions gives the divisions that a name can mean (泉州, 泉州市, 福建省泉州市安溪县), those in force first.
func FindDivisions(name string) []Division { return nil }

// Divisions gives every current Fujian division in order of code.
func Divisions() []Division { return nil }

// Province gives the province of a 2-digit prefix.
func Province(prefix string) (name string, ok bool) { return "", false }

// DivisionKnown reports whether a code is in the table, or lies in a province whose counties the table does not hold.
func DivisionKnown(code string) bool { return false }

// Holder is the category of a holder (持证主体类别).
type Holder uint8

// The categories.
const (
	HolderUnknown Holder = iota
	HolderPerson         // 自然人
	HolderFirm           // 法人或其他组织
)

// HolderCode is one row of the holder code types (持证主体代码类型代码).
type HolderCode struct {
	Code     string // 3 digits
	Name     string
	Holder   Holder
	Synonyms []string
}

// HolderCodes gives the whole table in order of code.
func HolderCodes() []HolderCode { return nil }

// LookupHolderCode finds a row by its code.
func LookupHolderCode(code string) (HolderCode, bool) { return HolderCode{}, false }

// FindHolderCode finds a row by a name or a synonym, as 身份证.
func FindHolderCode(name string) (HolderCode, bool) { return HolderCode{}, false }

// IssuerLevel is the level of an authority (证照颁发机构级别).
type IssuerLevel struct {
	Code, Name string // "2", 省级
}

// IssuerLevels gives the levels from the state down.
func IssuerLevels() []IssuerLevel { return nil }

// LookupIssuerLevel finds a level by its code or its name.
func LookupIssuerLevel(codeOrName string) (IssuerLevel, bool) { return IssuerLevel{}, false }
