package rule

// Rules of this project. A test sees that every page has its anchor.
var (
	Offered = Rule{
		"服务只提供运行单位配置的功能", "a service offers what its operator has set up", "docs/operations.md#settings",
	}
	SafeToRetry = Rule{
		"写操作可用同一幂等键安全重试，中断不会重复办理", "a write can be sent again under its key and is carried out once",
		"docs/api.md#repeat",
	}
	KeyPerRequest = Rule{
		"每个写请求带一个幂等键，一个键只用于一个请求", "each write has an idempotency key, and a key belongs to one request",
		"docs/api.md#repeat",
	}
	Room = Rule{
		"磁盘低于保留空间时不接受写入",
		"nothing is written below the reserve of the disk", "docs/operations.md#when-something-is-wrong",
	}
	Audited = Rule{
		"每次办理和查询先留下审计记录，再作答复", "every act and look-up is in the audit before it is answered",
		"docs/operations.md#audit",
	}
	TimeLimit = Rule{
		"请求在时限内办完，否则以同一幂等键查明结果", "a request ends within its time; if not, its key tells how it ended",
		"docs/api.md#repeat",
	}
	Existing = Rule{
		"请求所指的事物须存在，并归请求人查看", "what a request names exists, and the caller may see it", "docs/api.md#names",
	}
	Verdicts = Rule{
		"核验以一份材料的内容为对象，结果和证据保存一年", "a verification judges documents by their content and is kept for a year",
		"docs/jobs.md#verifications",
	}
	Files = Rule{
		"文件由上传人使用，保存期内有效", "a file is used by whom uploaded it, while it is kept", "docs/jobs.md#files",
	}
	Shares = Rule{
		"服务同时办理的请求有限，每个来源各占一份", "a service answers so many requests at once, and each address has its share of them",
		"docs/operations.md#settings",
	}
	Stored = Rule{
		"每个调用方只保存配额以内的文件、结果和核验材料", "a caller keeps files, results and verdicts within its quota",
		"docs/jobs.md#storage",
	}
	JobLife = Rule{
		"后台作业按提交人计数，结束后不再改变", "jobs are counted by caller, and do not change once they have ended", "docs/jobs.md",
	}
	Subscriptions = Rule{
		"订阅推送到运行单位放行的 https 地址，按事件流的序号进行",
		"subscriptions go to https receivers that the operator allows, by the sequence numbers of the feed",
		"docs/events.md#webhooks",
	}
	Lines = Rule{
		"批量请求每行一条，至多 10 万行，每行至多 64 KiB", "a bulk request has one item a line, 100,000 lines, 64 KiB in each",
		"docs/api.md#limits",
	}
	LedgerProof = Rule{
		"证明以账本的检查点为准", "proofs are made against a checkpoint of the ledger", "docs/formats.md#6-ledger-账本",
	}
	OneDepartment = Rule{
		"统计、登记和颁发以部门的统一社会信用代码为准，各看本部门", "a department is named by its credit code and sees what is its own",
		"docs/identity.md#1-departments-systems",
	}
	Registered = Rule{
		"调用方由运行单位登记，一证一户", "callers are registered by the operator, each certificate for one caller",
		"docs/identity.md#1-departments-systems",
	}
	SandboxApart = Rule{
		"沙箱与正式环境分开", "a sandbox and production are apart", "docs/conformance.md#promotion",
	}
	HolderLogin = Rule{
		"证书登录对一次性挑战值签名，挑战值短时有效", "a login by certificate signs a challenge that counts once and for a short time",
		"docs/identity.md#2-persons",
	}
	Clerk = Rule{
		"经办人以工号或化名记入审计，不得用身份证号或手机号", "a clerk stands in the audit by a staff number or pseudonym, " +
			"never by a citizen or mobile number", "docs/identity.md#clerk",
	}
	OperatorOnly = Rule{
		"登记、恢复等由管理员办理", "registrations, restores and alike are the operator's", "docs/identity.md#4-who-may-what",
	}
	Disputes = Rule{
		"异议由颁发机构办结：已更正的写明新版本，不予更正的写明理由",
		"the issuer settles a dispute: corrected with the new version, or rejected with the reason",
		"《个人信息保护法》第四十六条、第五十条, docs/api.md#disputes",
	}
	Numbers = Rule{
		"一个证照编号只用一次，由编号规则给出或照纸质证照填写", "a number is used once; the type's rule gives it, or the paper does",
		"docs/api.md#issue",
	}
	Reservations = Rule{
		"预留的编号须确认或作废，只办结一次", "a reserved number is confirmed or given up, once", "docs/api.md#issue",
	}
	DayOrder = Rule{
		"日期不得在将来，起止先后不得颠倒", "days lie not in the future, and beginnings before ends", "docs/licence-types.md#values",
	}
	Unbroken = Rule{
		"现行有效的证照不因延续或变更而在一段时间内失效", "a licence that is in force does not cease to be by a renewal or a change",
		"docs/api.md#unbroken",
	}
	TextForm = Rule{
		"文字不超过长度上限，不含控制字符和不可见字符", "texts keep to their length and hold no invisible characters",
		"docs/formats.md#1-rules-of-every-text",
	}
	Once = Rule{
		"同一项只写一次", "each thing is listed once", "docs/api.md#json",
	}
	TypeRules = Rule{
		"要素值符合证照类型为它规定的规则", "values keep to the rules that the licence type has for them",
		"docs/licence-types.md#values",
	}
	TypeVersions = Rule{
		"类型的新版本只增加要素，不改变已有要素的含义", "a new version of a type adds elements and changes no meaning",
		"docs/licence-types.md#versions",
	}
	TypeFile = Rule{
		"证照类型定义为一份 UTF-8 的 YAML，只用规定的键",
		"a type's definition is one YAML document in UTF-8 with the keys that there are",
		"docs/licence-types.md#definition",
	}
	Templates = Rule{
		"自带模板按模板的写法书写，由制作证照文件的库检查", "a template of the type's own is written as templates are, and is checked",
		"docs/document.md#writing-a-template",
	}
	Documents = Rule{
		"一本证照的文件不超过 1000 份", "a licence has 1000 documents at most", "docs/document.md",
	}
	Guessing = Rule{
		"不得用比对试探他人信息，失败次数有限", "nobody guesses by comparing: failures about one subject are limited",
		"《个人信息保护法》第五十一条, docs/api.md#compare",
	}
	AfterRestore = Rule{
		"由备份恢复的证照库追上最后公布的检查点之前不接受写入",
		"a restored vault takes no writes until it has reached the last published checkpoint",
		"docs/operations.md#backing-up-and-restoring",
	}
	Batches = Rule{
		"转换批次按转换、抽查、启用的顺序办理，撤回从最后一批起", "a conversion is made, sampled, signed off; undone from the last one on",
		"docs/convert.md#the-way-of-a-ledger",
	}
	Undo = Rule{
		"批次撤回不影响其后另行办理的证照", "an undo leaves alone what was acted on since", "docs/convert.md#undoing",
	}
	SameFile = Rule{
		"同一文件接着上次未办完的批次继续",
		"the same file goes on with the batch that it left", "docs/convert.md#the-way-of-a-ledger",
	}
	Pages = Rule{
		"翻页用上一页给出的标记", "a page begins at the mark that the one before gave", "docs/api.md#names",
	}
	Sheet = Rule{
		"台账为完好、未加密的 xlsx、xls 或 CSV，编码可以认出",
		"a ledger is a sound .xlsx, .xls or CSV without a password, of a known encoding",
		"docs/convert.md#files",
	}
	Row = Rule{
		"一行一本证照，列数与表头一致，取公式的已存结果", "one licence a row, as many cells as the heading, stored results of formulas",
		"docs/convert.md#files",
	}
	Mapping = Rule{
		"列映射按规定的写法书写，每个必备要素有且只有一个来源",
		"a mapping is written as prescribed and gives each mandatory element one source",
		"docs/convert.md#the-mapping-file",
	}
	Scans = Rule{
		"扫描件和照片以证照编号或文件名对应到行", "scans and photos belong to a row by number or name", "docs/convert.md#scans",
	}
	Photos = Rule{
		"一行一张照片，文件须在所给目录或 ZIP 中",
		"one photo a row, found in the directory or ZIP that was given", "docs/convert.md#photos",
	}
	Normalised = Rule{
		"值按规范形式入库，每处改动都注明",
		"values are stored in their normal form, and every change is noted", "docs/convert.md#values",
	}
	Undamaged = Rule{
		"数值须完整，被表格软件损坏的不能猜补", "values are whole; what a spreadsheet has damaged is not guessed",
		"docs/convert.md#files",
	}
)
