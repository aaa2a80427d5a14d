package conformance

// firstStep learns what the others need.
const firstStep = "types"

// steps is the day, in order.
var steps = []step{
	{
		id: firstStep, habit: "D1.5", rows: []string{"A71", "A89"}, do: learn,
		zh: "读取证照类型及其要素", en: "read what a licence of the type can say",
		expected: "the type is in the catalogue and the department may issue it",
	},
	{
		id: "tls", rows: []string{"A71"}, do: connected,
		zh: "双向 TLS：认得登记的证书，拒绝没有登记的", en: "mutual TLS: a registered certificate is known, another refused",
		expected: "the caller is recognised by its connection and may read, not write unsigned; a stranger is refused",
	},
	{
		id: "validate", habit: "D1.2", rows: []string{"A71"}, do: validate,
		zh: "只校验，不写入", en: "validate first, and change nothing",
		expected: "valid; the same key still issues afterwards",
	},
	{
		id: "all-errors", habit: "D1.3", rows: []string{"A89", "A91"}, do: everythingWrong,
		zh: "一次告知全部错误", en: "be told everything at once",
		expected: "four faults are named, each with code, place, sentence and way out, and a trace",
	},
	{
		id: "issue", rows: []string{"A71", "A70"}, do: issue,
		zh: "签发，随即可查", en: "issue; it can be read at once",
		expected: "valid in version 1, not a replay",
	},
	{
		id: "retry", habit: "D1.1", rows: []string{"A71"}, needs: "day", do: retry,
		zh: "应答丢失后重试", en: "retry after a lost answer",
		expected: "replayed: true, and the first answer byte for byte",
	},
	{
		id: "other-request", habit: "D1.1", rows: []string{"A71"}, needs: "day", do: otherRequest,
		zh: "同一幂等键不得用于另一请求", en: "another request under the same key",
		expected: "refused",
	},
	{
		id: "reserve", habit: "D1.4", rows: []string{"A71"}, do: reserve,
		zh: "预留编号，印制纸质证照", en: "reserve a number for the paper",
		expected: "a number, reserved and not valid",
	},
	{
		id: "hanging", habit: "D1.4", rows: []string{"A71"}, needs: "paper", do: hanging,
		zh: "“已印制、未确认”清单", en: "the list of what is printed and not confirmed",
		expected: "the number is in it",
	},
	{
		id: "ticket", habit: "D1.4", rows: []string{"A71"}, needs: "paper", do: ticket,
		zh: "确认印制，纸质与电子同时生效", en: "confirm the paper: both are valid at once",
		expected: "valid in version 1; the number hangs no more",
	},
	{
		id: "cancel", habit: "D1.4", rows: []string{"A71"}, do: cancel,
		zh: "作废预留的编号", en: "void a reserved number",
		expected: "it can never be confirmed",
	},
	{
		id: "stale", habit: "D1.7", rows: []string{"A70"}, needs: "day", do: stale,
		zh: "按过时的版本变更", en: "change by a version that is out of date",
		expected: "refused with 412, nothing changed",
	},
	{
		id: "correct", habit: "D1.7", rows: []string{"A70", "A71"}, needs: "day", do: correct,
		zh: "更正一次，生成新版本", en: "correct once, into a new version",
		expected: "valid in version 2",
	},
	{
		id: "superseded", habit: "D1.7", rows: []string{"A70"}, needs: "day", do: superseded,
		zh: "旧版本不再现行", en: "the old version is never current",
		expected: "read, looked up and compared at once, there is version 2 alone",
	},
	{
		id: "suspend", rows: []string{"A70", "A71"}, needs: "day", do: suspend,
		zh: "暂停", en: "suspend",
		expected: "suspended, and every answer says so at once",
	},
	{
		id: "resume", rows: []string{"A70", "A71"}, needs: "day", do: resume,
		zh: "恢复", en: "resume",
		expected: "valid, and every answer says so at once",
	},
	{
		id: "batch", habit: "D1.8", rows: []string{"A71"}, do: batch,
		zh: "成批签发，逐项回答", en: "issue many, answered item by item",
		expected: "the good one issued once, the bad one refused exactly as alone",
	},
	{
		id: "one-verdict", habit: "D1.8", rows: []string{"A78"}, needs: "paper", do: oneVerdict,
		zh: "单件与成批的结论逐字节一致", en: "one verdict, alone and among many",
		expected: "byte for byte the same verdict",
	},
	{
		id: "compare", rows: []string{"A78"}, needs: "paper", do: compared,
		zh: "比对查验", en: "compare field by field",
		expected: "matched however written, different, and for a number that nobody has what that means",
	},
	{
		id: "receipt", rows: []string{"A78"}, needs: "paper", do: receipt,
		zh: "比对回执可离线核验", en: "the receipt, verified offline",
		expected: "accepted",
	},
	{
		id: "ground", rows: []string{"A79"}, needs: "paper", do: ground,
		zh: "凭依据查询", en: "look up by right",
		expected: "the fields asked for alone; without a right it is refused",
	},
	{
		id: "others", rows: []string{"A71", "A79"}, do: others,
		zh: "不得写入别人的证照", en: "what belongs to others",
		expected: "refused with 403",
	},
	{
		id: "document", habit: "D1.7", rows: []string{"A71"}, needs: "paper", do: document,
		zh: "取签章的 OFD 并离线核验", en: "the sealed OFD, verified offline",
		expected: "the digest fits; accepted",
	},
	{
		id: "copy", rows: []string{"A79"}, needs: "paper", do: copied,
		zh: "加注件", en: "a purpose-bound copy, verified offline",
		expected: "accepted",
	},
	{
		id: "bulk", rows: []string{"A78"}, needs: "paper", do: bulk,
		zh: "批量比对", en: "compare many at once",
		expected: "200 rows answered in order, each as it is",
	},
	{
		id: "push", rows: []string{"A90", "A71", "A89"}, do: push,
		zh: "省直自建系统：以报文签名推送", en: "a self-built system pushes by signed messages",
		expected: "valid in version 1, recorded as done by the caller",
	},
	{
		id: "pull", rows: []string{"A90", "A78"}, needs: "signed", do: pull,
		zh: "中心业务系统：查询、比对", en: "a centre's system pulls by look-up and comparison",
		expected: "it has at once what the other pushed",
	},
	{
		id: "front", rows: []string{"A90", "A89"}, needs: "signed", do: front,
		zh: "共享服务接口（GB/T 36906）", en: "the same by the services of GB/T 36906",
		expected: "data, verification and file agree with what was pushed",
	},
	{
		id: "dispute", habit: "D1.9", rows: []string{"A71", "A79"}, do: disputed,
		zh: "准确性异议：提出、不予更正、更正后办结", en: "disputes: raised, rejected, and settled by a correction",
		expected: "the department's list has them; settled with a reason or a correction; told to who raised them",
	},
	{
		id: "end", rows: []string{"A70", "A71"}, needs: "day", do: end,
		zh: "注销", en: "end a licence",
		expected: "cancelled, every answer says so at once, and nothing can be done after",
	},
	{
		id: "public", habit: "D1.7", rows: []string{"A71", "A79"}, needs: "paper", do: public,
		zh: "扫码核验：只说是否有效", en: "by the QR code: in force or not, and nothing else",
		expected: "state and version as they are, to programs and on the page; nobody and nothing is named",
	},
	{
		id: "feed", habit: "D1.6", rows: []string{"A75", "A91"}, do: fed,
		zh: "事件流按序齐全", en: "the feed has it all, in order",
		expected: "every event of the day and both disputes, in order, and no other event",
	},
	{
		id: "webhook", habit: "D1.6", rows: []string{"A91"}, do: webhook,
		zh: "推送的报文可核验", en: "webhooks, verified",
		expected: "every event of the day and both disputes, in messages that verify",
	},
	{
		id: "quality", habit: "D1.9", rows: []string{"A71"}, do: quality,
		zh: "本部门数据质量：及时、完整、异议、退回", en: "the quality of the department's data",
		expected: "what the day issued, late and in time, compared, disputed and had refused is counted",
	},
}
