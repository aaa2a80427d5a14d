package code

import (
	"strings"
	"sync"
)

// Holder is the category of a holder (持证主体类别).
type Holder uint8

// The categories.
const (
	HolderUnknown Holder = iota
	HolderPerson         // 自然人
	HolderFirm           // 法人或其他组织
)

// HolderCode is one row of the holder code types (持证主体代码类型代码): which kind of number names the holder.
type HolderCode struct {
	Code     string // 3 digits
	Name     string
	Holder   Holder
	Synonyms []string // other words that offices use for it
}

// Codes of holder code types that the rest of the module treats by themselves.
const (
	HolderCodeUSCC    = "001"
	HolderCodeCitizen = "111"
)

// HolderCodes gives the whole table in order of code; it is the caller's.
func HolderCodes() []HolderCode {
	person := func(code, name string, synonyms ...string) HolderCode {
		return HolderCode{Code: code, Name: name, Holder: HolderPerson, Synonyms: synonyms}
	}
	return []HolderCode{
		{
			Code: HolderCodeUSCC, Name: "统一社会信用代码", Holder: HolderFirm,
			Synonyms: []string{"社会信用代码", "信用代码", "统一代码", "统一信用代码", "营业执照", "USCC"},
		},
		{
			Code: "099", Name: "其他法人或其他组织有效证件代码", Holder: HolderFirm,
			Synonyms: []string{"其他法人证件", "其他组织证件", "组织机构代码", "组织机构代码证", "工商注册号", "注册号"},
		},
		person(HolderCodeCitizen, "公民身份号码",
			"身份证", "居民身份证", "二代身份证", "身份证号", "身份证号码", "公民身份证", "公民身份证号码", "居民身份证号码"),
		person("114", "中国人民解放军军官证", "军官证", "解放军军官证"),
		person("115", "中国人民武装警察部队警官证", "武警警官证"),
		person("118", "中国人民解放军士兵证", "士兵证", "解放军士兵证"),
		person("119", "中国人民武装警察部队士兵证", "武警士兵证"),
		person("120", "中国人民解放军文职人员证", "解放军文职人员证", "文职人员证"),
		person("122", "中国人民武装警察部队文职人员证", "武警文职人员证"),
		person("411", "外交护照"),
		person("412", "公务护照"),
		person("413", "公务普通护照"),
		person("414", "普通护照", "护照", "因私护照", "中国护照"),
		person("511", "台湾居民来往大陆通行证", "台胞证", "台湾居民通行证", "台湾居民来往大陆通行证（台胞证）"),
		person("516", "港澳居民来往内地通行证", "回乡证", "港澳居民通行证", "港澳居民来往内地通行证（回乡证）"),
		person("999", "其他自然人有效证件", "其他自然人有效证件代码", "其他证件", "其他个人证件"),
	}
}

// holderIndex finds a row by code, name or synonym, the latter in capital letters.
var holderIndex = sync.OnceValue(func() map[string]HolderCode {
	index := map[string]HolderCode{}
	for _, h := range HolderCodes() {
		index[h.Code], index[h.Name] = h, h
		for _, s := range h.Synonyms {
			index[strings.ToUpper(s)] = h
		}
	}
	return index
})

// LookupHolderCode finds a row by its code.
func LookupHolderCode(code string) (HolderCode, bool) {
	if n, ok := digits(code); !ok || len(code) != 3 || n == 0 {
		return HolderCode{}, false
	}
	h, ok := holderIndex()[code]
	return h, ok
}

// FindHolderCode finds a row by its code, its name or a synonym, as 身份证; spaces around it and the case of letters
// do not matter. The synonyms of the row are shared: do not change them.
func FindHolderCode(name string) (HolderCode, bool) {
	h, ok := holderIndex()[strings.ToUpper(strings.TrimSpace(name))]
	return h, ok
}

// IssuerLevel is a level of authority (证照颁发机构级别).
type IssuerLevel struct {
	Code string // "1" the state … "5" the township, "9" other
	Name string // 省级
}

// IssuerLevels gives the levels from the state down.
func IssuerLevels() []IssuerLevel {
	return []IssuerLevel{
		{"1", "国家级"}, {"2", "省级"}, {"3", "地市级"}, {"4", "区县级"}, {"5", "乡镇级"}, {"9", "其他"},
	}
}

// LookupIssuerLevel finds a level by its code or its name.
func LookupIssuerLevel(codeOrName string) (IssuerLevel, bool) {
	alias := map[string]string{
		"国家": "1", "省": "2", "市": "3", "市级": "3", "设区市级": "3", "县": "4", "县级": "4",
		"县区级": "4", "区级": "4", "乡": "5", "镇": "5", "乡级": "5", "镇级": "5", "街道": "5",
	}
	for _, l := range IssuerLevels() {
		if l.Code == codeOrName || l.Name == codeOrName || l.Code == alias[codeOrName] {
			return l, true
		}
	}
	return IssuerLevel{}, false
}
