// Package catalogue holds licence types as data (证照目录, GB/T 36902): what a type is called, who defined it, who may
// hold it, which fields its face has and which rules they follow, how long it is valid, on which law it rests, how its
// numbers are made and whether it may be in a vault at all.
//
// A type is written in YAML by the department that owns it and read by ParseType, which is strict and reports every
// error at once with place, reason and fix. Type.Encode gives the bytes that are stored and digested. Type.Compile
// gives the form that checks values: it holds the regular expressions and indexes, is safe for use by many goroutines
// at once and is made once per type.
//
// The package is pure: no I/O, no clock, no network. It decides nothing about rights; it only says what a type
// declares. Who may change a type, and that a sensitive or secret one is refused, is enforced by the vault, which
// asks Type.OwnedBy and Classification.Closed.
package catalogue

import "errors"

// Refusals. A *TypeError unwraps to ErrType.
var (
	ErrType      = errors.New("catalogue: invalid licence type")
	ErrNumbering = errors.New("catalogue: number cannot be made")
)

// Format is the first key of every type file and of every stored type.
const Format = "elicense-type/1"

// Limits of a type.
const (
	MaxTypeBytes     = 256 << 10
	MaxFields        = 200
	MaxSynonyms      = 64
	MaxTextRunes     = 512 // names, labels, synonyms, reasons
	MaxNameBytes     = 32  // short name of a field
	MaxPatternBytes  = 512
	MaxEnumValues    = 1000
	MaxBasis         = 20
	MaxVersion       = 9999
	maxDepth         = 8
	MaxImageBytes    = 20 << 20
	MaxNumberBytes   = 128
	MaxPageBytes     = 64 << 10 // a template of the type's own
	MaxValidityYears = 100
)

// Type is a licence type (证照类型). The zero value is invalid and closed. It is data: copy it, don't share and change it.
type Type struct {
	Code           string                  `json:"code,omitempty"`          // 证照类型代码, 21 characters
	Name           string                  `json:"name,omitempty"`          // 证照类型名称
	Version        int                     `json:"version,omitempty"`       // of this definition, from 1
	Authority      Authority               `json:"authority,omitzero"`      // 证照定义机构
	Issuers        []string                `json:"issuers,omitempty"`       // 证照颁发机构级别: names of levels, at least one
	Holder         Holder                  `json:"holder,omitzero"`         // 持证主体
	Items          []Item                  `json:"items,omitempty"`         // 关联事项
	Metadata       map[string]MetaOverride `json:"metadata,omitempty"`      // other words for metadata, by short name
	Fields         []Field                 `json:"fields,omitempty"`        // in the order of the face
	Validity       Validity                `json:"validity,omitzero"`       // 有效期限
	Basis          []Basis                 `json:"basis,omitempty"`         // legal basis, mandatory
	Template       string                  `json:"template,omitempty"`      // of the document, by name; empty if none
	Page           string                  `json:"page,omitempty"`          // a template of its own, as it is written
	Classification Classification          `json:"classification,omitzero"` // 公开, 内部, 敏感, 涉密
	Numbering      Numbering               `json:"numbering,omitzero"`      // empty if the paper brings the number
}

// Authority is the body that defines a type (证照定义机构).
type Authority struct {
	Code  string `json:"code,omitempty"` // USCC; the type code begins with it
	Name  string `json:"name,omitempty"`
	Level string `json:"level,omitempty"` // 国家级, 省级, 地市级, …
}

// Item is a service item the type is related to (关联事项).
type Item struct {
	Code string `json:"code,omitempty"` // opaque
	Name string `json:"name,omitempty"`
}

// Basis is one place in the law that a type rests on.
type Basis struct {
	Document string `json:"document,omitempty"` // title of the law or document number
	Article  string `json:"article,omitempty"`  // 第二十一条
}

// HolderKind is a category of holders (持证主体类别).
type HolderKind string

// The categories of holders.
const (
	HolderNatural HolderKind = "natural" // 自然人
	HolderLegal   HolderKind = "legal"   // 法人
	HolderOther   HolderKind = "other"   // 其他组织
)

// Holder says who may hold licences of a type.
type Holder struct {
	Kinds        []HolderKind `json:"kinds,omitempty"`
	CodeTypes    []string     `json:"codeTypes,omitempty"`    // allowed 持证主体代码类型代码: 001, 111, …
	CodeOptional bool         `json:"codeOptional,omitempty"` // old licences of the type may lack the holder's code
	Multiple     bool         `json:"multiple,omitempty"`     // several, names and codes joined by '^'
}

// Level is a classification of a type.
type Level string

// The classifications. Types of the last two never enter the vault (A69).
const (
	LevelPublic    Level = "public"    // 公开
	LevelInternal  Level = "internal"  // 内部
	LevelSensitive Level = "sensitive" // 敏感
	LevelSecret    Level = "secret"    // 涉密
)

// Classification says how open a type is. Reason and Decided are mandatory for sensitive and secret types.
type Classification struct {
	Level   Level  `json:"level,omitempty"`
	Reason  string `json:"reason,omitempty"`
	Decided string `json:"decided,omitempty"` // day of the decision, 2016-05-31
}

// Closed reports whether licences of the type are kept out of the vault. Whatever is not known to be open is closed.
func (c Classification) Closed() bool { return c.Level != LevelPublic && c.Level != LevelInternal }

// OwnedBy reports whether the body with this USCC may change the type (A67): the one that defined it, no other.
func (t Type) OwnedBy(uscc string) bool { return uscc != "" && t.Authority.Code == uscc }

// Drawn reports whether licences of the type have a document.
func (t Type) Drawn() bool { return t.Template != "" || t.Page != "" }

// Field finds a business field by its short name.
func (t Type) Field(name string) (Field, bool) {
	for i := range t.Fields {
		if t.Fields[i].Name == name {
			return t.Fields[i], true
		}
	}
	return Field{}, false
}
