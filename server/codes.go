package server

import (
	"net/http"
	"reflect"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/rule"
	"github.com/elicense/elicense/vault"
)

// Code is the stable name of a refusal that the transport makes; the library has its own.
type Code string

// The codes of the transport.
const (
	CodeInternal  Code = "internal"
	CodeNoRoute   Code = "no-such-resource"
	CodeNoMethod  Code = "method-not-allowed"
	CodeMalformed Code = "request-malformed"
	CodeInvalid   Code = "request-invalid"
	CodeTooLarge  Code = "request-too-large"
	CodeMediaType Code = "media-type"
	CodeTimeout   Code = "timeout"
	CodeNoSpace   Code = "no-space"
	CodeBusy      Code = "too-many-at-once"
	CodeClosing   Code = "closing"
	CodeAudit     Code = "audit-unavailable"
	CodeAmbiguous Code = "outcome-unknown"
	CodeIfMatch   Code = "if-match-malformed"
	CodeDate      Code = "date-malformed"

	CodeNoDocument   Code = "document-unknown"
	CodeNoEvent      Code = "event-unknown"
	CodeNoCheckpoint Code = "checkpoint-unknown"
	CodeNotDrawn     Code = "not-drawn"
	CodeSealAway     Code = "seal-away"
	CodeEmpty        Code = "body-empty"
	CodeLine         Code = "line-too-long"
	CodeCut          Code = "body-cut-off"
	CodeTooMany      Code = "rows-too-many"
	CodeNoVerifier   Code = "verifier-missing"
	CodeDepartment   Code = "department-refused"
	CodeTypePath     Code = "type-other-path"
	CodeNotOffered   Code = "not-offered"
	CodeOctets       Code = "octets-expected"
	CodeKeyMissing   Code = "idempotency-key-missing"
	CodeKeyReused    Code = "idempotency-key-of-another-request"
	CodeCutOff       Code = "upload-cut-off"
	CodeFull         Code = "storage-full"
	CodeClearing     Code = "storage-clearing"
	CodeFileUnknown  Code = "no-such-file"
	CodeJobUnknown   Code = "no-such-job"
	CodeJobsTooMany  Code = "too-many-jobs"
	CodeJobEnded     Code = "job-ended"
	CodeEncoding     Code = "encoding-unknown"
	CodeZIP          Code = "zip-unusable"
	CodeResume       Code = "conversion-differs"
	CodeEventKind    Code = "no-such-event-kind"
	CodeNoSub        Code = "no-such-subscription"
	CodeSubTooMany   Code = "too-many-subscriptions"
	CodeReceiver     Code = "receiver-not-allowed"
	CodeSequence     Code = "sequence-of-the-future"
	CodeNoVerdict    Code = "no-such-verification"
	CodeNoEvidence   Code = "no-evidence"
	CodeNoContent    Code = "document-without-content"
	CodeTwoContents  Code = "document-with-two-contents"
	CodeTransfer     Code = "transfer-malformed"
)

// message is a sentence with what goes with it. What is wrong and what to do are parted by the first semicolon.
type message struct {
	status    int
	retryable bool
	rule      rule.Rule
	zh, en    string
}

var transportSentences = map[Code]message{
	CodeInternal: {
		http.StatusInternalServerError, true, rule.SafeToRetry,
		"服务内部错误，没有对外说明；请稍后用同一幂等键重试，仍不成功时把 trace 告知运行单位",
		"an internal error that is not told outside; retry later with the same idempotency key, and if it stays, " +
			"tell the operator the trace",
	},
	CodeNoRoute: {
		http.StatusNotFound, false, rule.Resource,
		"没有这个资源；请对照 /api/v1/openapi.json 核对路径",
		"there is no such resource; compare the path with /api/v1/openapi.json",
	},
	CodeNoMethod: {
		http.StatusMethodNotAllowed, false, rule.Method,
		"该资源不支持此方法；请对照 /api/v1/openapi.json 核对方法",
		"the resource does not know this method; compare it with /api/v1/openapi.json",
	},
	CodeNotOffered: {
		http.StatusNotFound, false, rule.Offered,
		"本服务没有开通这项功能；请向运行单位确认",
		"this service does not offer it; ask its operator",
	},
	CodeOctets: {
		http.StatusUnsupportedMediaType, false, rule.MediaType,
		"上传文件的内容类型应为 application/octet-stream；请用 Content-Type 写明",
		"a file is uploaded as application/octet-stream; say so in Content-Type",
	},
	CodeKeyMissing: {
		http.StatusUnprocessableEntity, false, rule.KeyPerRequest,
		"缺少幂等键，或超过 128 个字符；请在 Idempotency-Key 中给出",
		"the idempotency key is missing or longer than 128 characters; give it in Idempotency-Key",
	},
	CodeKeyReused: {
		http.StatusUnprocessableEntity, false, rule.KeyPerRequest,
		"幂等键已用于另一个请求；重试的请原样重发第一次的请求，新的请求请换用新的键",
		"the idempotency key belongs to another request; to retry, send the first request unchanged, and take a new " +
			"key for a new request",
	},
	CodeFull: {
		http.StatusRequestEntityTooLarge, false, rule.Stored,
		"本调用方的存储配额不足；请用 GET /api/v1/files 列出、用 DELETE 删除不再需要的文件，或等其到期；确需更多空间的，" +
			"请运行单位提高配额",
		"there is no room left in the caller's storage; list the files by GET /api/v1/files and delete those that " +
			"are not needed, wait for their end, or ask the operator for a larger quota",
	},
	CodeClearing: {
		http.StatusTooManyRequests, true, rule.Stored,
		"刚删除或中断的文件尚未清出磁盘，本调用方暂无空间；请一分钟后重试",
		"what the caller has deleted or broken off is still being cleared from the disk; try again in a minute",
	},
	CodeCutOff: {
		http.StatusBadRequest, true, rule.WholeMessage,
		"上传中断，文件未保存；请用同一幂等键重新上传",
		"the upload was cut off and nothing is kept; send it again with the same idempotency key",
	},
	CodeFileUnknown: {
		http.StatusNotFound, false, rule.Files,
		"没有这个文件，或已过保存期；请重新上传",
		"there is no such file, or its time is over; upload it again",
	},
	CodeJobUnknown: {
		http.StatusNotFound, false, rule.JobLife,
		"没有这个作业，或已过保存期；请核对作业标识",
		"there is no such job, or its time is over; compare the id",
	},
	CodeJobsTooMany: {
		http.StatusTooManyRequests, true, rule.JobLife,
		"您未完成的作业过多；请等已有作业办完或取消后再提交",
		"too many of your jobs have not ended; wait for them or cancel some",
	},
	CodeJobEnded: {
		http.StatusConflict, false, rule.JobLife,
		"作业已经结束，不能取消；转换的批次可以撤回",
		"the job has ended and cannot be cancelled; a conversion can be undone",
	},
	CodeEncoding: {
		http.StatusUnprocessableEntity, false, rule.Sheet,
		"不认识这种文字编码；请用 gb18030、utf-8 等名称",
		"this encoding is not known; name one as gb18030 or utf-8",
	},
	CodeZIP: {
		http.StatusUnprocessableEntity, false, rule.Scans,
		"扫描件或照片的 ZIP 打不开、已加密或文件过多；请不加密、去掉多余文件后重新打包",
		"the ZIP of scans or photos does not open, is encrypted or holds too many files; pack it again without a " +
			"password and without what is not needed",
	},
	CodeResume: {
		http.StatusConflict, false, rule.SameFile,
		"文件与它先前未办完的批次不一致；请撤回该批次后重新转换",
		"the file does not fit the batch that it left unfinished; undo that batch and convert again",
	},
	CodeEventKind: {
		http.StatusUnprocessableEntity, false, rule.Subscriptions,
		"没有这种事件；请用 issued、changed、revoked 等名称",
		"there is no such kind of event; name one as issued, changed or revoked",
	},
	CodeNoSub: {
		http.StatusNotFound, false, rule.Subscriptions,
		"没有这个订阅；请核对订阅标识",
		"there is no such subscription; compare the id",
	},
	CodeSubTooMany: {
		http.StatusConflict, false, rule.Subscriptions,
		"订阅过多；请先取消不用的订阅",
		"there are too many subscriptions; cancel those that are not used",
	},
	CodeReceiver: {
		http.StatusUnprocessableEntity, false, rule.Subscriptions,
		"接收地址不在允许之列；请用 https 地址，并由运行单位放行该主机",
		"the receiver's address is not allowed; use https and have the operator allow the host",
	},
	CodeSequence: {
		http.StatusUnprocessableEntity, false, rule.Subscriptions,
		"序号尚不存在；请用事件流中已有的序号",
		"nothing has this sequence number yet; use one of the feed",
	},
	CodeTransfer: {
		http.StatusUnprocessableEntity, false, rule.ExchangeStandard,
		"汇集内容不是证照库导出的格式；请从原库重新导出",
		"this is no transfer as a vault writes it; export it again from its vault",
	},
	CodeNoVerdict: {
		http.StatusNotFound, false, rule.Verdicts,
		"没有这次核验，或已过保存期；请核对核验标识",
		"there is no such verification, or its time is over; compare the id",
	},
	CodeNoEvidence: {
		http.StatusConflict, false, rule.Verdicts,
		"这次核验没有证据包；其材料本身就是证据包，请直接核验",
		"this verification has no evidence file; its document is one itself, verify that",
	},
	CodeNoContent: {
		http.StatusUnprocessableEntity, false, rule.Verdicts,
		"没有给出材料内容；请写明 content 或 file",
		"the document has no content; give content or file",
	},
	CodeTwoContents: {
		http.StatusUnprocessableEntity, false, rule.Verdicts,
		"同一材料给出了两份内容；content 与 file 只写一个",
		"the document has two contents; give content or file, not both",
	},
	CodeMalformed: {
		http.StatusBadRequest, false, rule.JSON,
		"请求内容无法解析；请按 JSON 书写，每个成员只出现一次",
		"the request cannot be read; write it as JSON, each member once",
	},
	CodeInvalid: {
		http.StatusUnprocessableEntity, false, rule.Schema,
		"请求中有不符合接口说明的内容；请按 errors 中的位置逐项改正",
		"the request does not fit the description; correct each place named in errors",
	},
	CodeTooLarge: {
		http.StatusRequestEntityTooLarge, false, rule.ContentSize,
		"内容过大；请缩小，或分几次提交",
		"the content is too large; make it smaller, or send it in several parts",
	},
	CodeMediaType: {
		http.StatusUnsupportedMediaType, false, rule.MediaType,
		"不支持这种内容类型；请用 application/json",
		"this content type is not supported; use application/json",
	},
	CodeTimeout: {
		http.StatusServiceUnavailable, true, rule.TimeLimit,
		"未能在时限内完成，可能已经办理；请用同一幂等键重试",
		"not finished in time and perhaps carried out; retry with the same idempotency key",
	},
	CodeBusy: {
		http.StatusServiceUnavailable, true, rule.Shares,
		"同时办理的请求已满，或本地址的已满；请按 Retry-After 稍后重试，同一处不要同时发出很多请求",
		"as many requests are under way as may be at once, or as may be from this address; try again after " +
			"Retry-After, and send fewer at once",
	},
	CodeNoSpace: {
		http.StatusInsufficientStorage, true, rule.Room,
		"磁盘空间不足，暂停写入；请运行单位腾出空间后重试",
		"the disk is nearly full and writing is closed; retry when the operator has made room",
	},
	CodeClosing: {
		http.StatusServiceUnavailable, true, rule.SafeToRetry,
		"服务正在停止；请稍后用同一幂等键重试",
		"the service is going down; retry later with the same idempotency key",
	},
	CodeAudit: {
		http.StatusServiceUnavailable, true, rule.Audited,
		"审计记录无法写入，因此没有办理；请稍后重试",
		"the audit entry could not be written, so nothing was done; retry later",
	},
	CodeAmbiguous: {
		http.StatusServiceUnavailable, true, rule.SafeToRetry,
		"不能确定是否已经办理；请用同一幂等键重试，得到的就是结果",
		"it is not known whether it was carried out; retry with the same idempotency key, whose answer tells",
	},
	CodeIfMatch: {
		http.StatusBadRequest, false, rule.Conditional,
		"If-Match 应为带引号的版本号，如 \"3\"；请取最近一次查询到的版本",
		"If-Match is a version in quotes, as \"3\"; take it from the last look-up",
	},
	CodeDate: {
		http.StatusUnprocessableEntity, false, rule.CalendarDate,
		"日期应写作 YYYY-MM-DD；请改成如 2026-03-02 的写法",
		"a date is written YYYY-MM-DD; write it like 2026-03-02",
	},
	CodeNoDocument: {
		http.StatusNotFound, false, rule.Existing,
		"该证照没有此摘要的文件；请以查询结果中 documents 的 digest 为准",
		"the licence has no document of this digest; take the digest from documents of the last look-up",
	},
	CodeNoEvent: {
		http.StatusNotFound, false, rule.Existing,
		"该证照没有此序号的事件；请以履历中的 number 为准",
		"the licence has no event of this number; take the number from its history",
	},
	CodeNoCheckpoint: {
		http.StatusNotFound, true, rule.LedgerProof,
		"还没有检查点，或没有可与此账本规模相比的；请以回执或检查点所载的规模为准，并稍后再试",
		"there is no checkpoint yet, or none to compare with this size; take the size that a receipt or checkpoint " +
			"names, and ask later",
	},
	CodeNotDrawn: {
		http.StatusConflict, false, rule.StandardDocument,
		"该证照不能画出：没有模板、字体或此页，或加注说明不合要求；请取证照文件，或请运行单位补齐",
		"the licence cannot be drawn: there is no template, font or such a page, or the note cannot stand so; " +
			"take its document, or have the operator add what is missing",
	},
	CodeSealAway: {
		http.StatusConflict, false, rule.IssuedByAuthority,
		"颁发机构的印章不由本库托管，不能在此制作；请由颁发机构用印",
		"the issuer's seal is not kept here, so this cannot be made; have the issuer seal it",
	},
	CodeTypePath: {
		http.StatusUnprocessableEntity, false, rule.TypeEntry,
		"定义中的类型代码与路径中的不同；请改成同一个",
		"the definition's code is not the one in the path; make them the same",
	},
	CodeLine: {
		http.StatusRequestEntityTooLarge, false, rule.Lines,
		"一行超过 64 KiB；请按接口说明，每行只写一条",
		"a line is longer than 64 KiB; write one row in each, as the description says",
	},
	CodeCut: {
		http.StatusBadRequest, true, rule.WholeMessage,
		"请求内容没有收全；请重新发送",
		"the request was cut off; send it again",
	},
	CodeTooMany: {
		http.StatusRequestEntityTooLarge, false, rule.Lines,
		"超过 10 万行；请分成几次提交",
		"there are more than 100,000 rows; send several requests",
	},
	CodeDepartment: {
		http.StatusUnprocessableEntity, false, rule.OneDepartment,
		"没有写明部门，或不是本部门；请写本部门的统一社会信用代码",
		"no department is named, or it is not one's own; give the credit code of one's own department",
	},
	CodeNoVerifier: {
		http.StatusNotFound, false, rule.Offered,
		"本服务没有配置信任的根证书，不做文件核验；请用 elicense verify 离线核验",
		"this service has no trust anchors and verifies no files; verify offline with elicense verify",
	},
	CodeEmpty: {
		http.StatusUnprocessableEntity, false, rule.Lines,
		"请求没有内容；请按接口说明逐行发送",
		"the request has no content; send lines as the description says",
	},
}

// statuses say how HTTP names the library's kinds of refusal.
var statuses = map[error]int{
	vault.ErrInvalid: http.StatusUnprocessableEntity, vault.ErrUnknownCaller: http.StatusForbidden,
	vault.ErrDenied: http.StatusForbidden, vault.ErrLevel: http.StatusForbidden, vault.ErrSecret: http.StatusForbidden,
	vault.ErrUnknownType: http.StatusNotFound, vault.ErrNotFound: http.StatusNotFound,
	vault.ErrExists: http.StatusConflict, vault.ErrPaperUsed: http.StatusConflict,
	vault.ErrConflict: http.StatusPreconditionFailed, vault.ErrTransition: http.StatusConflict,
	vault.ErrKeyReused: http.StatusUnprocessableEntity, vault.ErrSignature: http.StatusUnprocessableEntity,
	vault.ErrTooMany: http.StatusTooManyRequests, vault.ErrRestored: http.StatusServiceUnavailable,
	vault.ErrBatch: http.StatusConflict, vault.ErrDamaged: http.StatusInternalServerError,
	vault.ErrAudit: http.StatusServiceUnavailable,
}

func statusOf(sentinel error) int {
	if n, ok := statuses[sentinel]; ok {
		return n
	}
	return http.StatusInternalServerError
}

// retryable: the same request may succeed later without a change.
func retryable(sentinel error) bool {
	n := statusOf(sentinel)
	return n == http.StatusServiceUnavailable || n == http.StatusTooManyRequests || n >= http.StatusInternalServerError
}

// codeOfStatus is the code of what huma refuses by itself.
func codeOfStatus(status int) Code {
	switch status {
	case http.StatusBadRequest:
		return CodeMalformed
	case http.StatusRequestEntityTooLarge:
		return CodeTooLarge
	case http.StatusUnsupportedMediaType:
		return CodeMediaType
	case http.StatusRequestTimeout:
		return CodeTimeout
	case http.StatusUnprocessableEntity:
		return CodeInvalid
	}
	return CodeInternal
}

var problemSchema = reflect.TypeFor[api.Problem]()
