package verify

import (
	"strings"

	"github.com/elicense/elicense/internal/code"
)

// elementFact notes what is said of an element of a licence type, with what people call the element.
func (j *judgement) elementFact(about, typeCode, element, value string) {
	j.fact(about+element, value)
	if j.v.config.Labels == nil || value == "" {
		return
	}
	j.report.Facts[len(j.report.Facts)-1].label = j.v.config.Labels(j.ctx, typeCode, element)
}

// typeOf is the type of the licence that an identifier names; empty: it names none.
func typeOf(identifier string) string {
	id, err := code.ParseIdentifier(identifier)
	if err != nil {
		return ""
	}
	return id.Type
}

// elementNames are the elements of GB/T 36903-2018, which every licence has.
var elementNames = map[string]words{
	"ZZMC": {"证照名称", "licence name"}, "ZZLXMC": {"证照类型名称", "type name"}, "ZZLXDM": {"证照类型代码", "type code"},
	"ZZBH": {"证照编号", "number"}, "ZZBS": {"证照标识", "licence identifier"}, "ZZBFJG": {"证照颁发机构", "issuer"},
	"ZZBFJGDM": {"证照颁发机构代码", "issuer code"}, "ZZBFRQ": {"证照颁发日期", "issued on"},
	"CZZT": {"持证主体", "holder"}, "CZZTDM": {"持证主体代码", "holder code"},
	"CZZTDMLX": {"持证主体代码类型", "kind of holder code"}, "CZZTDMLXDM": {"持证主体代码类型代码", "code of the kind of holder code"},
	"ZZYXQQSRQ": {"证照有效期起始日期", "valid from"}, "ZZYXQJZRQ": {"证照有效期截止日期", "valid until"},
}

// about are the words before an element, by how the ID of the fact begins.
var about = map[string]words{
	"element": {"", ""}, "claimed": {"申报 ", "claimed "}, "verdict": {"比对 ", "verdict on "},
}

// value is a fact as people read it. The codes of what may be said are put into words; all else is as the document has
// it.
func (f *Fact) value(lang string) string {
	kind, _, _ := strings.Cut(f.ID, ".")
	if kind != "verdict" && !coded[f.ID] {
		return f.Value
	}
	for _, table := range []map[string]string{factCodes, phrases} {
		if zh, ok := table[f.Value]; ok && lang != "en" {
			return zh
		}
	}
	return f.Value
}

// coded are the facts whose values are codes.
var coded = map[string]bool{
	"asked": true, "ground": true, "origin": true, "result": true, "state": true, "status.state": true,
	"source.state": true, "ledger.event": true,
}

// factCodes are codes that phrases has not.
var factCodes = map[string]string{
	"lookup": "查询", "compare": "比对", "issuer": "颁发机构", "holder": "持证主体本人", "consent": "持证主体授权", "law": "法定职责",
	"operator": "运行管理", "audit": "审计监督", "issue": "新办", "convert": "存量转换", "change": "变更", "renew": "延续",
	"reissue": "补证换证", "restore": "恢复前一版本", "reserved": "已预留，未签发", "voided": "预留已作废", "issued": "颁发",
	"converted": "存量转换", "changed": "变更", "renewed": "延续", "reissued": "补证换证", "attached": "附上文件", "suspended": "暂停",
	"resumed": "恢复", "restored": "恢复前一版本", "expired": "过期", "not-yet-valid": "未生效",
}

// name is what people call a fact. An element goes by the label of its type, or by its name in the standard; a label
// without an English name stands beside the short name there, and an element that is not known here has nothing else.
func (f *Fact) name() words {
	for _, table := range []map[string]words{factNames, signatureFacts, evidenceFacts} {
		if w, ok := table[f.ID]; ok {
			return w
		}
	}
	kind, element, _ := strings.Cut(f.ID, ".")
	w, standard := elementNames[element]
	switch {
	case standard && f.label != "":
		w.zh = f.label
	case f.label != "":
		w = words{f.label, f.label + " (" + element + ")"}
	case !standard:
		w = words{element, element}
	}
	return words{about[kind].zh + w.zh, about[kind].en + w.en}
}
