package server

import (
	"net/http"

	"github.com/elicense/elicense/internal/rule"
)

// The codes of what whoever runs the vault asks.
const (
	CodeOperatorAway Code = "operator-elsewhere"
	CodeTrustLarge   Code = "trust-too-large"
)

// houseSentences are their words.
var houseSentences = map[Code]message{
	CodeOperatorAway: {
		http.StatusForbidden, false, rule.OperatorOnly,
		"管理员不能经接口登记或更改；请停止服务后在数据目录上用 caller add 办理",
		"an operator is neither made nor changed here; stop the service and use caller add on its data directory",
	},
	CodeTrustLarge: {
		http.StatusConflict, false, rule.Offered,
		"信任目录过大，不能经接口取得；请向运行单位索取信任目录",
		"the folder of trust is too large for an answer; ask the operator for the folder",
	},
}
