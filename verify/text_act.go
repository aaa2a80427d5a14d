package verify

import "strings"

// acts are what to do next about a finding, by its sub-indication.
var acts = map[SubIndication]words{
	FormatFailure:             {"请重新取得完好的原件", "get the original again, undamaged"},
	HashFailure:               {"请索取未改动的原件", "ask for the original as it was signed"},
	SigCryptoFailure:          {"请签名人重新签署", "have it signed again"},
	SigConstraintsFailure:     {"请向签署人核实并索取原件", "clear it up with the signer and ask for the original"},
	ChainConstraintsFailure:   {"请以合适的证书重新签署", "have it signed again with a certificate for that use"},
	CryptoConstraintsFailure:  {"请以 SM2、SM3 重新签署", "have it signed again with SM2 and SM3"},
	CryptoConstraintsNoPOE:    {"请索取带时间戳的签名", "ask for a signature with a time-stamp"},
	Revoked:                   {"请以有效的证书重新签署", "have it signed again with a certificate in force"},
	Expired:                   {"请以有效的证书重新签署", "have it signed again with a certificate in force"},
	NotYetValid:               {"请以有效的证书重新签署", "have it signed again with a certificate in force"},
	RevokedNoPOE:              {"请索取带时间戳的签名", "ask for a signature with a time-stamp"},
	OutOfBoundsNoPOE:          {"请索取带时间戳的签名", "ask for a signature with a time-stamp"},
	NoPOE:                     {"请索取时间戳或账本证明", "ask for a time-stamp or ledger proof"},
	TimestampOrderFailure:     {"请签署人核对时钟后重新签署", "have the signer set the clock and sign again"},
	NoSigningCertificateFound: {"请补交签署人的证书", "submit the signer's certificate with it"},
	NoCertificateChainFound:   {"请核对信任根或补交证书链", "check the anchors, or submit the chain with it"},
	SignedDataNotFound:        {"请索取签署的原件及其所签内容", "ask for the signed original with all that it is over"},
	TryLater:                  {"请稍后复验", "judge again later"},
	Suspended:                 {"请待恢复后复验", "judge again when it is back"},
	ExpectationFailure:        {"请与办件核对后退回", "compare it with the case and return it"},
	ReportedFailure:           {"请按报告所列原因办理", "act on the reasons that the report gives"},
	ComparisonDifferent:       {"请申请人更正所报内容", "have the applicant correct what was claimed"},
}

// actOnState is what to do about a licence that is not in force.
var actOnState = words{"请申请人向颁发机构办理", "refer the applicant to the issuer"}

// actOnPass is what to do with a document that passed.
var actOnPass = words{"可予受理", "accept it"}

// asks is how a text of this package that names an act itself begins to do so.
const asks = "请"

// actOn is what to do next about a check that did not pass.
func actOn(c *Check) words {
	if _, ok := states[c.Sub]; ok && c.Sub != ComparisonDifferent && ruleOf(c.ID).level == LevelState {
		return actOnState
	}
	if w, ok := acts[c.Sub]; ok {
		return w
	}
	return acts[TryLater]
}

// withAct adds the act to what a check found, unless the text names one already.
func withAct(found words, c *Check) words {
	if strings.Contains(found.zh, asks) {
		return found
	}
	act := actOn(c)
	return words{found.zh + "；" + act.zh, found.en + "; " + act.en}
}

// NextAct is what to do next about the document, in "zh" or "en". The second line of the report ends with it, or with
// something closer to the finding.
func (r *Report) NextAct(lang string) string {
	if r.Indication == TotalPassed {
		return actOnPass.in(lang)
	}
	c := r.worst()
	return actOn(&c).in(lang)
}
