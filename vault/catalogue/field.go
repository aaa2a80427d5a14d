package catalogue

// Kind is the kind of a field's value.
type Kind string

// The kinds.
const (
	KindText     Kind = "text"
	KindDate     Kind = "date"     // 2009-03-01 or 长期
	KindNumber   Kind = "number"   // plain decimal
	KindMoney    Kind = "money"    // "530000 CNY"
	KindDivision Kind = "division" // 6 digits of GB/T 2260
	KindCode     Kind = "code"     // see Format
	KindImage    Kind = "image"    // SM3 of an image's content; JPEG or PNG
)

// ValueFormat refines a kind.
type ValueFormat string

// The formats: the first for text, the others for codes, which must have one.
const (
	FormatOrgName    ValueFormat = "orgname"    // name of a firm or body, compared without its bracket forms
	FormatUSCC       ValueFormat = "uscc"       // 统一社会信用代码
	FormatCitizen    ValueFormat = "citizen"    // 公民身份号码
	FormatIdentifier ValueFormat = "identifier" // 电子证照标识
	FormatDivision   ValueFormat = "division"   // 行政区划代码
	FormatPlain      ValueFormat = "plain"      // number without a check digit
)

// Field is one business field of a type's face (业务扩展, KZ_*).
type Field struct {
	Name     string      `json:"name,omitempty"`     // stable short name: KZ_ and ASCII capitals, digits, underscores
	Label    string      `json:"label,omitempty"`    // as the face of the licence has it
	Synonyms []string    `json:"synonyms,omitempty"` // other headings seen in ledgers
	Kind     Kind        `json:"kind,omitempty"`
	Format   ValueFormat `json:"format,omitempty"`
	Personal bool        `json:"personal,omitempty"` // about a person: shown masked, and never for public verification
	Rules    Rules       `json:"rules,omitzero"`
}

// Rules are what a value must keep beside its kind. The zero value allows everything the kind allows.
type Rules struct {
	Required      bool     `json:"required,omitempty"`
	MinLength     int      `json:"minLength,omitempty"` // characters of text and code; 0 is none
	MaxLength     int      `json:"maxLength,omitempty"` // 0 is none
	Pattern       string   `json:"pattern,omitempty"`   // RE2, matched against the whole value; text and code
	Enum          []string `json:"enum,omitempty"`      // the only values allowed; text and code
	Min           string   `json:"min,omitempty"`       // number, money (in the main unit) or date
	Max           string   `json:"max,omitempty"`
	NotAfterToday bool     `json:"notAfterToday,omitempty"` // dates
	MaxBytes      int      `json:"maxBytes,omitempty"`      // images
}

// Metadata elements of GB/T 36903 that a source can bring. Their names are reserved.
const (
	MetaName           = "ZZMC"       // 证照名称
	MetaTypeName       = "ZZLXMC"     // 证照类型名称
	MetaTypeCode       = "ZZLXDM"     // 证照类型代码
	MetaNumber         = "ZZBH"       // 证照编号
	MetaIdentifier     = "ZZBS"       // 证照标识
	MetaIssuer         = "ZZBFJG"     // 证照颁发机构
	MetaIssuerCode     = "ZZBFJGDM"   // 证照颁发机构代码
	MetaIssued         = "ZZBFRQ"     // 证照颁发日期
	MetaHolder         = "CZZT"       // 持证主体
	MetaHolderCode     = "CZZTDM"     // 持证主体代码
	MetaHolderCodeName = "CZZTDMLX"   // 持证主体代码类型
	MetaHolderCodeType = "CZZTDMLXDM" // 持证主体代码类型代码
	MetaFrom           = "ZZYXQQSRQ"  // 证照有效期起始日期
	MetaUntil          = "ZZYXQJZRQ"  // 证照有效期截止日期
)

// MetaOverride is how one type calls a metadata element.
type MetaOverride struct {
	Label    string   `json:"label,omitempty"`    // replaces the standard's label if not empty
	Synonyms []string `json:"synonyms,omitempty"` // headings beside the shared ones
}

// Meta is a metadata element of GB/T 36903.
type Meta struct {
	Name     string // short name of the standard
	Label    string // Chinese
	English  string // element name of the standard
	Kind     Kind
	Format   ValueFormat
	Required bool     // a licence without it is refused
	Personal bool     // about a person if the holder is one
	Synonyms []string // column headings seen in ledgers
}
