package problem

import (
	"net/http"

	"github.com/elicense/elicense/internal/rule"
)

// NotFound says that the address is none of the service's, or names what it does not have.
var NotFound = Problem{
	Code: "no-such-resource", Status: http.StatusNotFound, Rule: rule.Resource,
	Zh: "没有这个资源", En: "there is no such resource",
	FixZh: "请对照证书或文档中的地址核对路径", FixEn: "compare the path with the address in the certificate or the documents",
}

// Method says that the address does not know this method; Allow says which it knows.
var Method = Problem{
	Code: "method-not-allowed", Status: http.StatusMethodNotAllowed, Rule: rule.Method,
	Zh: "该资源不支持此方法", En: "the resource does not know this method",
	FixZh: "请用 Allow 中列出的方法", FixEn: "use a method that Allow names",
}

// TooLarge says that the content is beyond the limit.
var TooLarge = Problem{
	Code: "request-too-large", Status: http.StatusRequestEntityTooLarge, Rule: rule.ContentSize,
	Zh: "内容过大", En: "the content is too large",
	FixZh: "请缩小，或分几次提交", FixEn: "make it smaller, or send it in several parts",
}

// CutOff says that the content did not arrive whole.
var CutOff = Problem{
	Code: "body-cut-off", Status: http.StatusBadRequest, Rule: rule.WholeMessage, Retry: 1,
	Zh: "请求内容没有收全", En: "the request was cut off", FixZh: "请重新发送", FixEn: "send it again",
}

// Busy says that as many requests are under way as may be, in all or from one address.
var Busy = Problem{
	Code: "too-many-at-once", Status: http.StatusServiceUnavailable, Rule: rule.Shares, Retry: 1,
	Zh: "同时办理的请求已满，或本地址的已满", En: "as many requests are under way as may be at once, or as may be from this address",
	FixZh: "请按 Retry-After 稍后重试，同一处不要同时发出很多请求", FixEn: "try again after Retry-After, and send fewer at once",
}

// TimedOut says that the request took longer than requests may.
var TimedOut = Problem{
	Code: "timeout", Status: http.StatusServiceUnavailable, Rule: rule.TimeLimit, Retry: 5,
	Zh: "未能在时限内完成", En: "it did not end within its time", FixZh: "请稍后重试", FixEn: "try again later",
}

// Unavailable says that the trouble is the service's own; what it is, is told to its operator alone.
var Unavailable = Problem{
	Code: "unavailable", Status: http.StatusServiceUnavailable, Rule: rule.SafeToRetry, Retry: 60,
	Zh: "暂时无法答复", En: "it cannot be answered now",
	FixZh: "请稍后重试；仍不成功的告知运行单位",
	FixEn: "try again later, and tell the operator if it stays",
}
