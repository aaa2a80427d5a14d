package server

import (
	"net/http"

	"github.com/elicense/elicense/internal/rule"
)

// The codes of disputes.
const (
	CodeNoDispute       Code = "no-such-dispute"
	CodeDisputeSettled  Code = "dispute-settled"
	CodeDisputesTooMany Code = "too-many-disputes"
	CodeSettlement      Code = "settlement-incomplete"
	CodeNotCorrected    Code = "not-corrected"
)

// disputeSentences are their words.
var disputeSentences = map[Code]message{
	CodeNoDispute: {
		http.StatusNotFound, false, rule.Disputes,
		"没有这个异议，或不归您办理；请核对异议标识",
		"there is no such dispute, or it is not yours; compare the id",
	},
	CodeDisputeSettled: {
		http.StatusConflict, false, rule.Disputes,
		"该异议已经办结；请查看办结结果，仍有不同意见时另提异议",
		"the dispute is settled; see how, and raise another one if it still is not right",
	},
	CodeDisputesTooMany: {
		http.StatusConflict, true, rule.Disputes,
		"未办结的异议已达 100 件；请等待颁发机构办结后再提",
		"100 of your disputes are open; wait until some are settled",
	},
	CodeSettlement: {
		http.StatusUnprocessableEntity, false, rule.Disputes,
		"办结内容不完整：已更正的须写明版本，不予更正的须写明理由且不写版本；请补齐",
		"the settlement is incomplete; give the version if corrected, a reason and no version if rejected",
	},
	CodeNotCorrected: {
		http.StatusConflict, false, rule.Disputes,
		"所述版本不是证照的当前版本，或其中有异议的要素没有改变；请先变更证照，再写明变更后的版本",
		"that version is not the licence's current one, or the disputed elements are what they were; " +
			"change the licence first and name the version that came of it",
	},
}
