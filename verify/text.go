package verify

import (
	"cmp"
	"strings"

	"github.com/elicense/elicense/pki"
)

// words is one text in Chinese and English.
type words struct{ zh, en string }

func (w words) in(lang string) string {
	if lang == "en" {
		return w.en
	}
	return w.zh
}

// rule is what is known of a check beforehand.
type rule struct {
	level  Level
	clause string
	title  words // what is asked
	failed words // what a failure means, and what to do
	open   words // likewise if it could not be decided; empty: the words of failed
}

// ruleOf finds a check's rule by its whole ID, or by what stands after the dot.
func ruleOf(id string) rule {
	if r, ok := findRule(id); ok {
		return r
	}
	return rules["document.complete"]
}

func findRule(id string) (rule, bool) {
	_, aspect, _ := strings.Cut(id, ".")
	for _, name := range []string{id, aspect} {
		for _, table := range []map[string]rule{rules, signatureRules, evidenceRules, reportRules} {
			if r, ok := table[name]; ok {
				return r, true
			}
		}
	}
	return rule{}, false
}

// problem says what a check that did not pass means.
func problem(c *Check) words {
	_, aspect, _ := strings.Cut(c.ID, ".")
	if w, ok := stateSpecial[aspect+"/"+string(c.Sub)]; ok {
		return w
	}
	if w, ok := states[c.Sub]; ok && ruleOf(c.ID).level == LevelState {
		return w
	}
	if w, ok := refusalWords(c); ok {
		return w
	}
	for _, key := range []string{aspect + "/" + string(c.Sub) + "/" + c.Found, aspect + "/" + string(c.Sub)} {
		for _, table := range []map[string]words{special, signatureSpecial} {
			if w, ok := table[key]; ok {
				return w
			}
		}
	}
	r := ruleOf(c.ID)
	if c.Status != CheckFailed && r.open != (words{}) {
		return r.open
	}
	return r.failed
}

// title names a check: its subject and what is asked.
func title(id string) words {
	subject, _, _ := strings.Cut(id, ".")
	s, t := subjects[subject], ruleOf(id).title
	return words{s.zh + "：" + t.zh, s.en + ": " + t.en}
}

// phrase puts what was expected or found into both languages; what is not in the table is a value and stays.
func phrase(s string) words {
	for _, table := range []map[string]string{phrases, signaturePhrases, evidencePhrases} {
		if zh, ok := table[s]; ok {
			return words{zh, cmp.Or(plainWords[s], s)}
		}
	}
	for _, begin := range []string{
		"valid at ", "not after ", "none for ", "a known key of ", "the key of ", "the state on ", "the state since ",
		"on-hold ",
		"keyCompromise ", "cACompromise ", "affiliationChanged ", "superseded ", "cessationOfOperation ",
		"unspecified ", "privilegeWithdrawn ", "certificateHold ", "not needed by this verifier: ",
		"head: ", "line: ", "order: ", "limit: ", "missing: ", "extra: ",
		enclosedMark,
	} {
		if rest, ok := strings.CutPrefix(s, begin); ok {
			return words{cmp.Or(phrases[begin], signaturePhrases[begin], evidencePhrases[begin]) + rest, s}
		}
	}
	return words{s, s}
}

// plainWords say in English what the codes of refusals mean; those that are words already stay.
var plainWords = map[string]string{
	string(pki.ReasonUnknownIssuer): "an issuer that is not known", string(pki.ReasonAlgorithm): "another algorithm",
	string(pki.ReasonBadSignature): "a signature that does not verify",
	string(pki.ReasonNotCA):        "an issuer that is no CA",
	string(pki.ReasonKeyUsage):     "a key for another usage", string(pki.ReasonPathLength): "a chain that is too long",
	string(pki.ReasonExtension): "a critical extension that is not known",
	string(pki.ReasonEncoding):  "an encoding that breaks the rules", string(pki.ReasonPurpose): "another purpose",
	string(pki.ReasonNotYetValid): "not yet valid", string(pki.ReasonExpired): "expired",
	string(pki.ReasonScope):           "what that anchor may not vouch for",
	string(pki.ReasonNameConstraints): "a name beyond the limits",
	string(pki.TimestampPurpose):      "a certificate that is not for time-stamps alone",
	"signer-binding":                  "a token that does not name this certificate",
	"tsa-name":                        "another name of the authority",
	"signer-revoked":                  "whoever signed the evidence was revoked",
	"no-proof":                        "evidence that is not proven to be of then",
	"signer-status":                   "whoever signed the evidence may be revoked",
	"no-signer":                       "nobody who may sign the evidence",
	"no-evidence":                     "no evidence", "evidence-stale": "evidence that is stale", "on-hold": "on hold",
}

var phrases = map[string]string{
	"valid at ": "有效于 ", "not after ": "不晚于 ", "none for ": "没有信任的根用于 ",
	"a known key of ": "已知密钥：", "the key of ": "密钥属于 ",
	"the state on ": "该日的状态 ", "the state since ": "自何时起的状态 ",
	"at most 4 MiB": "不超过 4 MiB", "a text with its signature": "文本及其签名", "a text alone": "只有文本",
	"each member once, in lower case": "每个成员一次，小写", "record, receipt, status or batch": "证照记录、回执、状态声明或批次证明",
	"detached GB/T 35275 SignedData with one signature": "GB/T 35275 分离式签名，且只有一个签名",
	"the form of docs/formats.md section 5":             "docs/formats.md 第 5 节的编码", "X.509 certificates": "X.509 证书",
	"a certificate for signing documents": "文件签名证书", "an authority's certificate": "CA 证书",
	"a trust anchor of this verifier": "本机信任的根", "SM2 with SM3": "SM2 与 SM3", "an SM2 key": "SM2 密钥",
	"only the certificates of the chain": "只附证书链上的证书", "an SM2 signature value": "SM2 签名值",
	"two implementations agree": "两种实现结论一致", "they disagree": "不一致", "a department's key": "部门的密钥",
	"a vault's key": "证照库的密钥", "a ledger proof": "账本证明", "a proof with its event": "附有事件的证明",
	"a bare commitment": "只有承诺值", "a known ledger key": "已知账本密钥", "none is configured": "没有配置",
	"signed by a known ledger key": "由已知账本密钥签署", "the event beside its salt": "盐旁的事件",
	"each element once": "每个要素一次", "nothing to open": "没有可打开的值", "an answer of now": "现在的答复",
	"a fresh status statement of the vault": "证照库新的状态声明", "a CRL or OCSP answer": "CRL 或 OCSP 答复", "none": "没有",
	"X.509 in DER, or CERTIFICATE blocks": "DER 编码的 X.509 证书，或 CERTIFICATE 文本块",
	"expired":                             "已过期", "not-yet-valid": "未生效", "unknown-issuer": "签发者未知",
	"bad-signature": "签名不成立",
	"not-ca":        "签发者不是 CA", "key-usage": "密钥用途不符", "path-length": "证书链过长", "extension": "不认识的关键扩展",
	"algorithm": "算法不符", "valid": "有效", "suspended": "暂停", "cancelled": "注销", "revoked": "吊销", "annulled": "撤销",
	"superseded": "被替换", "withdrawn": "已撤出", "reserved": "已预留，未签发", "voided": "预留已作废", "matched": "一致",
	"different": "不一致", "missing": "缺失", "equal": "一致", "matched, found": "一致或查到", "never-issued": "未曾签发",
	"not-converted": "尚未转换", "source-silent": "来源没有答复", "found": "查到",
	"a code of the same kind": "同一种代码",
	"a code of another kind":  "另一种代码（统一社会信用代码与旧注册号、组织机构代码不能相比）",
}

var decisions = map[Decision]words{
	Accept:  {"可以受理", "ACCEPT"},
	Return:  {"退回并告知", "RETURN"},
	Recheck: {"待复验", "RECHECK"},
}

// passedWords is the reason of TOTAL-PASSED: what exactly was established.
var passedWords = map[Kind]words{
	KindBundle:      {"证照真实，已入账本，现行有效", "the licence is authentic, in the ledger and in force"},
	KindReceipt:     {"查验回执真实，查验结果为肯定", "the receipt is authentic and its answer is yes"},
	KindStatus:      {"状态声明真实且未过时，证照有效", "the status statement is authentic and fresh: the licence is valid"},
	KindBatch:       {"批次证明真实", "the batch certificate is authentic"},
	KindProof:       {"账本证明成立；不说明证照现在的状态", "the event is in the ledger; nothing is said of the state now"},
	KindCheckpoint:  {"检查点由已知账本密钥签署", "the checkpoint is signed by a known ledger key"},
	KindCertificate: {"证书是本机信任的根", "the certificate is a trust anchor"},
	KindOFD: {
		"全部签章有效，内容未被改动，证书可信且未被吊销",
		"every seal holds, nothing was changed, the certificates are trusted and not revoked",
	},
	KindPDF: {
		"全部签名有效，签名后未被改动，证书可信且未被吊销",
		"every signature holds, nothing was changed since, the certificates are trusted and not revoked",
	},
	KindCMS:       {"全部签名有效，证书可信且未被吊销", "every signature holds, its certificate is trusted and not revoked"},
	KindTimestamp: {"时间戳真实，内容在该时间已存在", "the time-stamp is authentic: the content existed at that time"},
	KindEvidence: {
		"证据包完整，重新核验与当时结论一致，现在核验也通过",
		"the evidence is whole, comes to the same verdict again, and passes now too",
	},
}

var kinds = map[Kind]words{
	KindUnknown: {"未识别", "unknown"}, KindBundle: {"证照证据包", "licence bundle"}, KindRecord: {"证照记录", "licence record"},
	KindReceipt: {"查验回执", "receipt"}, KindStatus: {"状态声明", "status statement"},
	KindBatch: {"批次证明", "batch certificate"}, KindProof: {"账本证明", "ledger proof"},
	KindCheckpoint: {"账本检查点", "checkpoint"}, KindCertificate: {"数字证书", "certificate"},
	KindOFD: {"OFD 文件", "OFD document"}, KindPDF: {"PDF 文件", "PDF document"},
	KindCMS: {"签名数据", "signed data"}, KindTimestamp: {"时间戳", "time-stamp"},
	KindEvidence: {"核验证据包", "evidence of a verification"},
}

var subjects = map[string]words{
	"document": {"文件", "document"}, "record": {"证照记录", "record"}, "receipt": {"查验回执", "receipt"},
	"status": {"状态声明", "status statement"}, "batch": {"批次证明", "batch certificate"},
	"proof": {"账本证明", "ledger proof"}, "event": {"账本事件", "event"}, "checkpoint": {"检查点", "checkpoint"},
	"certificate": {"证书", "certificate"}, "source": {"状态来源", "status source"}, "state": {"证照状态", "state"},
	"expect": {"办件要求", "expectation"}, "cms": {"签名数据", "signed data"}, "signature": {"签名", "signature"},
	"countersignature": {"会签", "countersignature"}, "seal": {"印章", "seal"},
	"pdf":     {"PDF 文件", "PDF document"},
	"package": {"文件包", "package"}, "copy": {"加注件", "purpose-bound copy"},
	"description": {"签章", "seal"}, "licence": {"证照", "licence"},
	"maker": {"制章人", "maker of the seal"}, "timestamp": {"时间戳", "time-stamp"},
	"evidence": {"核验证据包", "evidence"}, "report": {"验证报告", "report"},
}

// states are the words for a licence that is not in force: each state has its own.
var states = map[SubIndication]words{
	Revoked:             {"证照已被吊销", "the licence is revoked (吊销)"},
	Cancelled:           {"证照已被注销", "the licence is cancelled (注销)"},
	Annulled:            {"证照已被撤销", "the licence is annulled (撤销)"},
	Suspended:           {"证照已被暂停（暂扣）", "the licence is suspended"},
	Expired:             {"证照已过有效期", "the licence has expired"},
	NotYetValid:         {"证照尚未生效", "the licence is not yet valid"},
	Superseded:          {"证照已被替换", "the licence is superseded"},
	Withdrawn:           {"电子证照已撤出，须以纸质证照办理", "the electronic licence is withdrawn; the paper one is untouched"},
	NotIssued:           {"证照未签发", "the licence was never issued"},
	ComparisonDifferent: {"比对不一致：所报内容与证照库不同", "what was claimed differs from what the vault holds"},
}

// stateSpecial are words for a state that one aspect tells more closely.
var stateSpecial = map[string]words{
	"version/SUPERSEDED": {
		"证照已变更，这是旧版本；请申请人提交现行版本",
		"the licence was changed and this is an older version: ask the applicant for the version of now",
	},
}

// special are words for one sub-indication of an aspect.
var special = map[string]words{
	"chain/EXPIRED":       {"签名时证书已过期", "the certificate had expired when it signed"},
	"chain/NOT_YET_VALID": {"签名时证书尚未生效", "the certificate was not yet valid when it signed"},
	"chain/NO_CERTIFICATE_CHAIN_FOUND": {
		"签名证书不是由信任的根签发的；请核实签发机构，取得其根证书放入信任目录后复验",
		"no chain to a trust anchor; make sure who issued it, put that root into the trust folder, judge again",
	},
	"chain/SIG_CRYPTO_FAILURE":        {"证书链上有签名不成立", "a certificate's own signature does not verify"},
	"chain/CHAIN_CONSTRAINTS_FAILURE": {"证书不得用于此用途", "the certificate may not be used so"},
	"chain/CHAIN_CONSTRAINTS_FAILURE/" + string(pki.ReasonEncoding): {
		"证书本身的编码不合规范，不是文件被改动；请向其签发机构核实，制章人的证书核实后可放入信任目录的 makers",
		"the certificate itself is not encoded as it must be, which is no change of the document; ask its authority; " +
			"that of a maker of seals can then be put into makers of the trust folder",
	},
	"chain/CHAIN_CONSTRAINTS_FAILURE/" + string(pki.ReasonScope): {
		"信任的根不得为此类证书担保；请核实该根的用途后复验",
		"the trust anchor may not vouch for such a certificate; make sure what the anchor is for, judge again",
	},
	"chain/FORMAT_FAILURE":               {"证书格式错误", "a certificate is malformed"},
	"chain/NO_SIGNING_CERTIFICATE_FOUND": {"没有附签名证书", "the signing certificate is not there"},
	"signature/HASH_FAILURE":             {"内容被改动：摘要不符", "the content was changed: its digest differs"},
	"signature/CRYPTO_CONSTRAINTS_FAILURE": {
		"签名算法不被接受，或两种实现结论不同", "the algorithm is not accepted, or two implementations disagree",
	},
	"inclusion/NO_POE": {
		"没有可核验的账本证明；请索取带账本证明的证据包", "no ledger proof that can be verified; ask for a bundle with one",
	},
	"inclusion/SIG_CRYPTO_FAILURE":    {"账本检查点不是由已知密钥签署的", "the checkpoint is not signed by a known key"},
	"inclusion/SIGNED_DATA_NOT_FOUND": {"证明没有附上所证明的事件", "the proof does not show its event"},
	"tree-head/SIG_CRYPTO_FAILURE":    {"检查点不是由已知密钥签署的", "the checkpoint is not signed by a known key"},
}

var rules = map[string]rule{
	"document.kind": {
		LevelFormat, "docs/verify.md 2", words{"能识别的文件", "a known kind"},
		words{"不是本系统能核验的文件，或缺少签名", "not a document that can be judged here, or it lacks its signature"}, words{},
	},
	"document.members": {
		LevelFormat, "docs/formats.md 4.5", words{"成员齐全且不重复", "members complete, none twice"},
		words{"文件结构错误或有重复成员", "the JSON is malformed or repeats a member"}, words{},
	},
	"document.complete": {
		LevelFormat, "docs/verify.md 3", words{"应做的检查均已做", "every check was made"},
		words{"核验未能做完，请重试", "judging was not completed; try again"}, words{},
	},
	"text": {
		LevelFormat, "docs/formats.md 1", words{"格式", "form"}, words{"格式错误", "malformed"}, words{},
	},
	"form": {
		LevelFormat, "GB/T 35275-2017 8", words{"签名格式", "form of the signature"},
		words{"签名的编码不合规定", "the signature is not encoded as it must be"},
		words{"签名由其他软件编码，本机未启用兼容", "the signature is encoded by other software; ForeignForms is off"},
	},
	"clock": {
		LevelTime, "docs/verify.md 3", words{"时间不晚于现在", "not of the future"},
		words{"所载时间晚于现在；请核对时钟", "it claims a time in the future; check the clock"}, words{},
	},
	"existence": {
		LevelTime, "EN 319 102-1 5.5", words{"存在时间有证明", "proven time"},
		words{"存在时间没有证明，按现在核验", "its time is not proven; judged as of now"}, words{},
	},
	"chain": {
		LevelChain, "RFC 5280 6.1", words{"证书链", "certificate chain"},
		words{"签名证书未通过", "the certificate is refused"}, words{},
	},
	"carried": {
		LevelChain, "docs/verify.md 3", words{"所附证书均属证书链", "no certificate beside the chain"},
		words{"附有不属于证书链的证书", "it carries certificates that nothing vouches for"}, words{},
	},
	"revocation": {
		LevelRevocation, "RFC 5280 6.3", words{"证书未被吊销", "certificate not revoked"},
		words{"证书已被吊销", "the certificate is revoked"},
		words{
			"证书是否被吊销未知：请取得新的 CRL 或 OCSP 答复后复验",
			"whether it is revoked is not known: get a fresh CRL or OCSP answer",
		},
	},
	"signature": {
		LevelSignature, "GB/T 32918.2-2016 7", words{"签名", "signature"},
		words{"签名不成立：内容或签名被改动", "the signature does not verify: text or signature was changed"}, words{},
	},
	"signer": {
		LevelRules, "docs/formats.md 2", words{"由记录所指证书签名", "signed with the certificate it names"},
		words{"签名证书不是记录所指的证书", "not signed with the certificate that the record names"}, words{},
	},
	"key": {
		LevelRules, "docs/verify.md 4", words{"不是证照库的密钥", "no vault's key"},
		words{"证照库的密钥不得签发证照", "a vault's key must not sign a licence"}, words{},
	},
	"record.issuer": {
		LevelRules, "GB/T 36903-2018", words{"签名者即颁发机构", "signed by its issuer"},
		words{"签名证书的机构不是证照颁发机构", "the certificate is not the issuer's"}, words{},
	},
	"identifier": {
		LevelRules, "GB/T 36904-2018", words{"电子证照标识与内容相符", "identifier agrees with the record"},
		words{"电子证照标识与类型或颁发机构不符", "the identifier does not agree with type or issuer"}, words{},
	},
	"check": {
		LevelRules, "GB/T 17710-2008", words{"电子证照标识校验位", "check character of the identifier"},
		words{"电子证照标识校验位错误", "the identifier's check character is wrong"}, words{},
	},
	"disclosures": {
		LevelRules, "docs/formats.md 2.1", words{"所示要素与签名相符", "shown elements open the record"},
		words{"所示要素的值被改动，或不属于此证照", "a shown value was changed or is not of this licence"}, words{},
	},
	"claims": {
		LevelRules, "docs/formats.md 4.1", words{"所附申报值与回执相符", "shown claims open the receipt"},
		words{"所附申报值被改动，或不属于此回执", "a claimed value was changed or is not of this receipt"}, words{},
	},
	"vault": {
		LevelRules, "docs/verify.md 4", words{"由已知证照库签名", "signed by a known vault"},
		words{"签名者不是所称的证照库", "the signer is not the vault it names"},
		words{"没有配置账本密钥，无法认定证照库", "no ledger key is configured, so no vault is known"},
	},
	"inclusion": {
		LevelLedger, "RFC 6962 2.1.1", words{"事件在账本中", "event in the ledger"},
		words{"账本证明不成立", "the ledger proof does not hold"}, words{},
	},
	"tree-head": {
		LevelLedger, "C2SP tlog-checkpoint", words{"由已知密钥签署", "signed by a known key"},
		words{"检查点不成立", "the checkpoint does not hold"}, words{},
	},
	"checkpoint": {
		LevelLedger, "docs/formats.md 4", words{"所附检查点正是其所称的", "the checkpoint beside it is the one it names"},
		words{"所附检查点不是其所称的；账本可能有两本", "the checkpoint beside it is another; there may be two ledgers"}, words{},
	},
	"consistency": {
		LevelLedger, "RFC 6962 2.1.2", words{"此后账本只增不改", "the ledger only grew since"},
		words{"账本此后被改动，或证明不成立", "the ledger was changed since, or the proof does not hold"},
		words{"没有附上此后账本的证明", "no proof beside it that the ledger only grew since"},
	},
	"proof.event": {
		LevelLedger, "docs/formats.md 3", words{"所证明的正是此证照版本", "it proves this very version"},
		words{"账本证明属于另一证照或版本", "the proof is of another licence or version"}, words{},
	},
	"event.kind": {
		LevelState, "docs/formats.md 3", words{"事件使证照有效", "the event leaves the licence in force"},
		words{"事件使证照失去效力", "the event took the licence out of force"}, words{},
	},
	"state.now": {
		LevelState, "docs/verify.md 5", words{"现在的状态已知", "state now is known"},
		words{"证照现在的状态未知", "the state now is not known"},
		words{"证照现在的状态未知；请取得新的状态声明后复验", "the state now is not known; get a fresh status statement"},
	},
	"fresh": {
		LevelState, "docs/formats.md 4.2", words{"未过时", "fresh"}, words{"已过时", "it is stale"},
		words{"已过时；请取得新的状态声明后复验", "it is stale; get a fresh one"},
	},
	"version": {
		LevelState, "docs/verify.md 5", words{"针对此证照版本", "about this very version"},
		words{"状态声明自相矛盾", "the status statement contradicts itself"},
		words{"所得状态针对另一版本；此版本可能已变更", "the state is of another version; this one may have been replaced"},
	},
	"answer": {
		LevelState, "docs/verify.md 5", words{"有答复", "it answered"},
		words{"状态来源没有答复", "the status source did not answer"}, words{},
	},
	"state": {
		LevelState, "docs/formats.md 4.2", words{"有效", "valid"}, words{"证照不在有效状态", "the licence is not in force"},
		words{"状态用语不认识", "the word for the state is not known"},
	},
	"deciding": {
		LevelState, "docs/verify.md 5", words{"决定时的状态", "state at the deciding time"},
		words{"决定时的状态未知", "the state at the deciding time is not known"}, words{},
	},
	"receipt.deciding": {
		LevelState, "docs/verify.md 5", words{"所答是决定时的情况", "it says what was so at the deciding time"}, words{},
		words{
			"回执只说明查验当时的情况；请重新查验，或给出其后一日内的决定时间",
			"the receipt says what was so when it was given: compare again, or give a deciding time within a day of it",
		},
	},
	"validity": {
		LevelState, "GB/T 36903-2018", words{"在有效期内", "within its validity"},
		words{"不在有效期内", "outside its validity"}, words{},
	},
	"result": {
		LevelState, "docs/formats.md 4.1", words{"查验结果为肯定", "the answer is yes"},
		words{"查验结果自相矛盾", "the receipt contradicts itself"},
		words{"查验没有结论", "the look-up came to no conclusion"},
	},
	"expect.identifier":  expectation(words{"电子证照标识", "identifier"}),
	"expect.type":        expectation(words{"证照类型", "licence type"}),
	"expect.issuer":      expectation(words{"颁发机构", "issuer"}),
	"expect.number":      expectation(words{"证照编号", "licence number"}),
	"expect.holder-code": expectation(words{"持证主体代码", "holder's code"}),
	"expect.holder-name": expectation(words{"持证主体名称", "holder's name"}),
	"expect.holder":      expectation(words{"代码与名称属同一持证主体", "code and name of one holder"}),
}

func expectation(w words) rule {
	return rule{
		LevelExpectation, "docs/verify.md 6", w,
		words{"与办件要求不符：" + w.zh, "not what was expected: " + w.en},
		words{"文件没有说明：" + w.zh, "the document does not say: " + w.en},
	}
}

var factNames = map[string]words{
	"identifier": {"电子证照标识", "identifier"}, "type": {"证照类型代码", "type"}, "type-name": {"证照类型", "type name"},
	"issuer": {"颁发机构代码", "issuer"}, "issuer-name": {"颁发机构", "issuer name"}, "issued": {"颁发日期", "issued"},
	"valid-from": {"有效期起", "valid from"}, "valid-until": {"有效期止", "valid until"}, "origin": {"来源", "origin"},
	"record": {"记录摘要", "record digest"}, "source": {"批次与行", "batch and row"}, "vault": {"证照库", "vault"},
	"asked": {"查验方式", "asked for"}, "caller": {"查验方", "caller"}, "purpose": {"用途", "purpose"}, "item": {"事项", "item"},
	"case": {"办件编号", "case"}, "ground": {"依据", "ground"}, "result": {"结果", "result"}, "state": {"状态", "state"},
	"batch": {"批次", "batch"}, "rows": {"行数", "rows"}, "rejected": {"退回", "rejected"}, "conflict": {"冲突", "conflict"},
	"subject": {"证书主体", "subject"}, "uscc": {"统一社会信用代码", "credit code"}, "serial": {"序列号", "serial"},
	"certificate-issuer": {"签发者", "issuer"}, "ledger.origin": {"账本", "ledger"}, "ledger.size": {"账本大小", "ledger size"},
	"checkpoint.size": {"所称检查点大小", "checkpoint named: size"}, "checkpoint.root": {"所称检查点根", "checkpoint named: root"},
	"ledger.extension": {"检查点说明", "the checkpoint says"}, "ledger.root": {"账本根", "ledger root"},
	"ledger.index": {"账本位置", "place in the ledger"},
	"ledger.event": {"事件", "event"}, "ledger.effective": {"生效日期", "effective"}, "ledger.recorded": {"入账时间", "recorded"},
	"ledger.identifier": {"电子证照标识", "identifier"}, "status.vault": {"状态声明的证照库", "status by"},
	"status.identifier": {"状态声明的证照", "status of"}, "status.state": {"状态", "state"}, "status.since": {"自", "since"},
	"source.vault": {"状态来源的证照库", "answered by"}, "source.state": {"状态来源的答复", "answer of the status source"},
}

var momentNames = map[string]words{
	"issued": {"颁发", "issued"}, "valid-from": {"有效期起", "valid from"}, "valid-until": {"有效期止", "valid until"},
	"recorded": {"入账", "recorded in the ledger"}, "statement": {"证照库声明", "statement of the vault"},
	"status-until": {"声明有效至", "statement holds until"}, "source": {"证照库所知", "vault's knowledge"},
	"deciding": {"决定时间", "deciding time"}, "judged": {"当时核验", "judged then"}, "now": {"核验", "judged"},
	"signed":     {"签名人所称签名时间", "signed, says the signer"},
	"copy-until": {"加注件有效期截止", "copy is good until"}, "seal-made": {"印章制成", "seal made"},
	"stamped": {"时间戳", "time-stamped"}, "revoked": {"证书被吊销", "certificate revoked"},
	"expired": {"证书过期", "certificate expired"},
}
