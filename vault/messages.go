package vault

import "github.com/elicense/elicense/internal/rule"

// The codes of refusals. Every code has its sentence in both languages in messages: what is wrong, and what to do.
const (
	CodeCallerUnknown     Code = "caller-unknown"
	CodeCallerID          Code = "caller-id"
	CodeDepartmentMissing Code = "department-missing"
	CodeDepartmentCode    Code = "department-code"
	CodeNameMissing       Code = "name-missing"
	CodeLevelUnknown      Code = "level-unknown"
	CodeTypeCode          Code = "type-code"
	CodeListedTwice       Code = "listed-twice"
	CodeListTooLong       Code = "list-too-long"
	CodePurposeMissing    Code = "purpose-missing"
	CodeGroundUnknown     Code = "ground-unknown"
	CodeBasisMissing      Code = "basis-missing"
	CodeBasisNotGranted   Code = "basis-not-granted"
	CodeConsentUnknown    Code = "consent-unknown"
	CodeUntilPast         Code = "until-past"
	CodeNotOperator       Code = "not-operator"
	CodeNotAuditor        Code = "not-auditor"
	CodeMessage           Code = "message-id-malformed"
	CodeNotIssuer         Code = "not-issuer"
	CodeTypeNotGranted    Code = "type-not-granted"
	CodeAssertionMissing  Code = "assertion-missing"
	CodeAssertionCase     Code = "assertion-other-case"
	CodeAssertionExpired  Code = "assertion-expired"
	CodeAssertionHolder   Code = "assertion-other-holder"
	CodeLevelTooLow       Code = "level-too-low"
	CodeTypeUnknown       Code = "type-unknown"
	CodeTypeSecret        Code = "type-secret"
	CodeTypeOwner         Code = "type-other-owner"
	CodePageUnchecked     Code = "page-unchecked"
	CodeReclassified      Code = "classification-reason"
	CodeIdentifier        Code = "identifier-malformed"
	CodeIdentifierOther   Code = "identifier-other-licence"
	CodeNumberTaken       Code = "number-taken"
	CodeNoNumbering       Code = "no-numbering-rule"
	CodeDivisionMissing   Code = "division-missing"
	CodePaperMissing      Code = "paper-missing"
	CodePaperUsed         Code = "paper-used"
	CodeHolderKindMissing Code = "holder-kind-missing"
	CodeHolderKindTold    Code = "holder-kind-told"
	CodeHolderCode        Code = "holder-code"
	CodeIssuerUnknown     Code = "issuer-unknown"
	CodeTextTooLong       Code = "text-too-long"
	CodeTextControl       Code = "text-control-character"
	CodeFieldUnknown      Code = "field-unknown"
	CodeFieldTwice        Code = "field-twice"
	CodeImageUnknown      Code = "image-unknown"
	CodeLicenceUnknown    Code = "licence-unknown"
	CodeVersionChanged    Code = "version-changed"
	CodeStateForbids      Code = "state-forbids"
	CodeTooManyDocuments  Code = "too-many-documents"
	CodeActBasisMissing   Code = "act-basis-missing"
	CodeReasonMissing     Code = "reason-missing"
	CodeEffectiveEarly    Code = "effective-before-issue"
	CodeEffectiveFuture   Code = "effective-in-future"
	CodeValidityGap       Code = "validity-gap"
	CodeKeyReused         Code = "idempotency-key-reused"
	CodeKeyMissing        Code = "idempotency-key-missing"
	CodeRepeated          Code = "repetition-unknown"
	CodeReservation       Code = "reservation-unknown"
	CodeSignature         Code = "signature-refused"
	CodeSignerChanged     Code = "signer-changed"
	CodeSignerMissing     Code = "signer-missing"
	CodeGuessing          Code = "guessing-limit"
	CodeRestored          Code = "restored-not-caught-up"
	CodeBatchUnknown      Code = "batch-unknown"
	CodeBatchState        Code = "batch-state"
	CodeImportInvalid     Code = "import-invalid"
	CodeImportSignature   Code = "import-signature"
	CodeImportType        Code = "import-type"
	CodeImportGap         Code = "import-gap"
	CodeImportDiffers     Code = "import-differs"
	CodeImportReserved    Code = "import-reserved"
	CodeImportBatch       Code = "import-batch"
	CodeBatchLaterEvent   Code = "batch-later-event"
	CodeCheckpoint        Code = "checkpoint-refused"
	CodeClaimUnknown      Code = "claim-unknown"
	CodeQuery             Code = "query-incomplete"
	CodeCursor            Code = "cursor-malformed"
	CodeClerk             Code = "clerk-name"
	CodeConflictHolder    Code = "conflict-other-holder"
	CodeConflictLive      Code = "conflict-living-licence"
	CodeConflictSameFile  Code = "conflict-same-file"
	CodeConflictState     Code = "conflict-state"
	CodeNotRestored       Code = "not-restored"
	CodeLedgerLost        Code = "ledger-part-lost"
)

// sentence is a message in both languages; each says what to do next.
type sentence struct {
	zh, en string
	rule   rule.Rule
}

var messages = map[Code]sentence{
	CodeCallerUnknown: {
		"调用方未登记；请由管理员用 elicense caller add 登记",
		"the caller is not registered; an operator registers it with elicense caller add",
		rule.Registered,
	},
	CodeCallerID: {
		"调用方标识缺失、过长（至多 64 字节）或含有不可见字符；请用简短的名字或信用代码",
		"the caller's id is missing, too long (64 bytes) or holds characters that cannot be seen; use a short name " +
			"or a credit code",
		rule.Registered,
	},
	CodeDepartmentMissing: {
		"颁发证照的调用方须属于一个部门；请写明部门的统一社会信用代码",
		"a caller that issues belongs to a department; give the department's credit code",
		rule.OneDepartment,
	},
	CodeDepartmentCode: {
		"部门的统一社会信用代码校验不通过；请对照机构证书改正",
		"the department's credit code fails its check; correct it from its certificate of registration",
		rule.CreditCode,
	},
	CodeNameMissing: {
		"缺少部门名称，证照上要写它；请填写全称",
		"the department's name is missing, and its licences bear it; give the full name",
		rule.IssuedByAuthority,
	},
	CodeLevelUnknown: {
		"没有这个认证级别；请用 0 不登录、1 注册、2 实名、3 数字证书 之一",
		"there is no such level; use 0 none, 1 account, 2 real name, 3 certificate",
		rule.StrongLogin,
	},
	CodeTypeCode: {
		"不是证照类型代码（18 位定义机构信用代码加 3 位顺序号）；请用 elicense type list 查出代码",
		"this is no licence type code (credit code of the defining authority and three digits); find the code with " +
			"elicense type list",
		rule.TypeEntry,
	},
	CodeListedTwice: {"重复列出；请删去一个", "listed twice; remove one", rule.Once},
	CodeListTooLong: {
		"列得太多（至多 1000 个）；请分给几个调用方",
		"too many of them (1000 at most); spread them over several callers",
		rule.Registered,
	},
	CodePurposeMissing: {"未说明用途；请填写用途（为何查询或办理）", "no purpose given; say what this is for", rule.ClearPurpose},
	CodeGroundUnknown: {
		"查询依据类型无法识别；请用 issuer、holder、consent、law、operator 之一",
		"unknown ground; use issuer, holder, consent, law or operator",
		rule.LegalGround,
	},
	CodeBasisMissing: {
		"缺少依据；请写明法律依据条款或授权编号",
		"no basis given; name the legal basis or the consent",
		rule.LegalGround,
	},
	CodeBasisNotGranted: {
		"该依据未授予本调用方；请由管理员登记依据",
		"this basis is not granted to the caller; an operator grants it",
		rule.WithinDuty,
	},
	CodeConsentUnknown: {
		"授权不存在、已过期或不适用于本次查询；请重新取得当事人授权",
		"the consent does not exist, has ended or covers something else; obtain a new one",
		rule.LegalGround,
	},
	CodeUntilPast: {
		"授权的最后一天已经过去；请写今天或以后的日期",
		"the last day of the consent is over; give today or a later day",
		rule.LegalGround,
	},
	CodeNotOperator: {"仅管理员可以办理；请由管理员账号办理", "only an operator may do this; ask one to", rule.OperatorOnly},
	CodeNotAuditor: {
		"审计记录仅管理员和登记的审计方可以查看；请由其查看，或由管理员登记为审计方（caller add --auditor）",
		"only an operator or a registered auditor sees the audit; ask one, or have the operator register an auditor " +
			"(caller add --auditor)",
		rule.RightsByRole,
	},
	CodeMessage: {
		"报文标识不是 32 位小写十六进制数字，或全为零；请按 W3C Trace Context 在 traceparent 中给出，或不给出",
		"the message's id is not 32 hexadecimal digits in lower case, or all zero; give it in traceparent as W3C " +
			"Trace Context says, or give none",
		rule.MessageID,
	},
	CodeNotIssuer: {
		"只有颁发机构可以办理本机构的证照；请由颁发机构办理",
		"only the issuing department may do this with its licences; ask that department",
		rule.IssuedByAuthority,
	},
	CodeTypeNotGranted: {
		"本机构没有登记为该类证照的颁发机构；请先核对类型代码（type list，GET /licence-types），代码无误的由管理员加入登记" +
			"（elicense department add --issues，逐一列出所有类型）",
		"the department is not registered to issue this type; check the type's code first (type list, " +
			"GET /licence-types), and if it is right have an operator register it (elicense department add --issues, " +
			"naming every type of the department)",
		rule.DeclaredTypes,
	},
	CodeAssertionMissing: {
		"缺少申请人身份断言；请先让申请人登录",
		"no assertion of the holder's identity; have the applicant log in",
		rule.StrongLogin,
	},
	CodeAssertionCase: {
		"身份断言不属于本办件；请让申请人在本办件中重新登录",
		"the assertion belongs to another case; have the applicant log in for this one",
		rule.StrongLogin,
	},
	CodeAssertionExpired: {
		"身份断言已过期；请让申请人重新登录",
		"the assertion has ended; have the applicant log in again",
		rule.StrongLogin,
	},
	CodeAssertionHolder: {
		"被查询人不是登录人；请由本人登录，或以授权（consent）、法律依据（law）查询",
		"the subject is not the person logged in; have the subject log in, or ask by a consent or a legal basis",
		rule.LegalGround,
	},
	CodeLevelTooLow: {
		"认证级别不足；请提升到实名或数字证书认证后重试",
		"the login is too weak; step up and try again",
		rule.StrongLogin,
	},
	CodeTypeUnknown: {
		"证照类型未登记；请核对类型代码（type list，GET /licence-types），新的类型先用 elicense type put 登记",
		"the licence type is not declared; check its code (type list, GET /licence-types), and declare a new one " +
			"with elicense type put",
		rule.DeclaredTypes,
	},
	CodeTypeSecret: {
		"该类证照涉密或敏感，不进入电子证照库；请按保密规定线下办理",
		"licences of this type are classified or sensitive and stay out of the vault; handle them outside it",
		rule.SecretStaysOut,
	},
	CodeTypeOwner: {
		"该证照类型由其他机构维护，不能修改；请联系维护机构",
		"another department owns this type; ask it for the change",
		rule.DeclaredTypes,
	},
	CodePageUnchecked: {
		"此库不制作证照文件，不能接受自带模板；请去掉 page",
		"this vault makes no documents and takes no template of the type's own; leave page out",
		rule.Templates,
	},
	CodeReclassified: {
		"密级变更没有说明新的理由和决定日期；请在 classification 中填写 reason 和 decided（不得沿用原决定）",
		"the classification changes without a reason and day of its own; state reason and decided under classification",
		rule.SecretStaysOut,
	},
	CodeIdentifier: {
		"电子证照标识格式不正确（GB/T 36904）；请核对各段",
		"the licence identifier is malformed (GB/T 36904); check its parts",
		rule.Identifier,
	},
	CodeIdentifierOther: {
		"电子证照标识与类型或颁发机构不一致；请核对标识",
		"the identifier belongs to another type, issuer or licence; check it",
		rule.Identifier,
	},
	CodeNumberTaken: {
		"证照编号已被使用；如为重试请带同一幂等键，如为变更请用变更接口",
		"the number is taken; retry with the same idempotency key, or use change",
		rule.Numbers,
	},
	CodeNoNumbering: {
		"该类型没有编号规则；请自行提供证照编号",
		"the type has no numbering rule; give the number yourself",
		rule.Numbers,
	},
	CodeDivisionMissing: {
		"编号规则要用 6 位行政区划代码；请写明行政区划，或自行提供证照编号",
		"the numbering rule needs a division of six digits; name the division, or give the number yourself",
		rule.Division,
	},
	CodePaperMissing: {
		"缺少纸质证照印刷序号；请先印制纸质证照，在 paper 中填写其印刷序号",
		"no serial of the printed paper; print the paper licence first and give its serial in paper",
		rule.PaperAndElectronic,
	},
	CodePaperUsed: {
		"该纸质印刷序号已用于另一证照；请核对纸张，换用未用过的一张",
		"this paper serial belongs to another licence; check the sheet and take one that was not used",
		rule.PaperAndElectronic,
	},
	CodeHolderKindMissing: {
		"不能判断持证主体代码类型；请填写持证主体代码类型代码，如 001 统一社会信用代码、111 公民身份号码",
		"the kind of the holder's code cannot be told; state it, as 001 for a credit code, 111 for a citizen number",
		rule.Metadata,
	},
	CodeHolderKindTold: {
		"持证主体代码类型按代码判断；请核对，不符时写明持证主体代码类型代码",
		"the kind of the holder's code was told by the code; state it if that is wrong",
		rule.Metadata,
	},
	CodeHolderCode: {
		"持证主体代码校验不通过；请核对原件",
		"the holder's code fails its check; compare with the original",
		rule.Metadata,
	},
	CodeIssuerUnknown: {
		"颁发机构未登记；请核对机构代码或由管理员登记",
		"the department is not known; check its code or have an operator register it",
		rule.IssuedByAuthority,
	},
	CodeTextTooLong: {
		"文字超过该项的长度上限；请缩短，或分写到其他要素",
		"the text is longer than this element may be; shorten it or spread it over others",
		rule.TextForm,
	},
	CodeTextControl: {
		"文字含有控制字符、换行或首尾空格；请删除",
		"the text has control characters, line breaks or outer spaces; remove them",
		rule.TextForm,
	},
	CodeFieldUnknown: {
		"该类证照没有这个要素；请对照该类证照的要素清单核对短名或标签",
		"the type has no such field; compare its short name or label with the elements of the type",
		rule.Metadata,
	},
	CodeFieldTwice: {"同一要素出现两次；请保留一个", "the field is given twice; keep one", rule.Once},
	CodeImageUnknown: {
		"没有这个影像；请随请求给出影像文件（JPEG 或 PNG）",
		"there is no such image; bring the file with the request (JPEG or PNG)",
		rule.Image,
	},
	CodeLicenceUnknown: {
		"证照库中没有该证照；请核对标识或编号",
		"the vault has no such licence; check identifier or number",
		rule.Existing,
	},
	CodeVersionChanged: {
		"证照已被他人更新；请重新查询后再办理",
		"the licence has changed meanwhile; look it up again",
		rule.Conditional,
	},
	CodeStateForbids: {
		"证照当前状态不允许此操作；请先查询证照状态",
		"the licence's state does not allow this; look up its state first",
		rule.LifeOfLicence,
	},
	CodeTooManyDocuments: {
		"该证照的文件已满 1000 份；请停止附件，联系管理员",
		"the licence has its 1000 documents; attach no more and ask the operator",
		rule.Documents,
	},
	CodeActBasisMissing: {
		"未写明办理的法律依据；请写明所依据的法律、法规及条款，例如“中华人民共和国行政许可法第七十条”",
		"the legal ground of the act is missing; name the law or regulation and its article on which the act rests, " +
			"as 中华人民共和国行政许可法第七十条",
		rule.ActsOnLaw,
	},
	CodeReasonMissing: {
		"办理没有写明理由；请在 reason 中写明为什么办理，在 basis 中写明条款",
		"no reason was given for the act; say why in reason, and name the article in basis",
		rule.LifeOfLicence,
	},
	CodeEffectiveEarly: {
		"生效日期早于证照颁发；请核对日期",
		"the effective day lies before the licence began; check the date",
		rule.DayOrder,
	},
	CodeEffectiveFuture: {
		"生效日期在未来；请在生效当日办理",
		"the effective day lies in the future; act on that day",
		rule.DayOrder,
	},
	CodeValidityGap: {
		"新有效期从以后的日期开始，证照在此之前将失效；请以今日或更早的日期为起始日期，或在新有效期开始之日办理",
		"the new validity begins on a later day, and the licence would be out of force until then; let it begin " +
			"today or earlier, or act on the day on which it begins",
		rule.Unbroken,
	},
	CodeKeyReused: {
		"该幂等键已用于另一个请求；重试的请原样重发第一次的请求，新的请求请换用新的键",
		"this idempotency key was used for another request; to retry, send the first request unchanged, and take a " +
			"new key for a new request",
		rule.KeyPerRequest,
	},
	CodeRepeated: {
		"该请求的签名已用过，而该幂等键下没有办理过；请重新签名后再提交",
		"the signature was used before, and nothing was carried out under this key; sign anew and send again",
		rule.SignatureOnce,
	},
	CodeKeyMissing: {
		"写操作必须带幂等键；请为每个新请求生成一个键",
		"a write needs an idempotency key; make one for each new request",
		rule.KeyPerRequest,
	},
	CodeReservation: {
		"没有该预留，或已确认、已作废；请查看对账清单",
		"there is no such reservation, or it is settled; see the reconcile list",
		rule.Reservations,
	},
	CodeSignature: {
		"签名验证未通过；请核对签名证书和待签数据",
		"the signature does not verify; check certificate and signed bytes",
		rule.ReliableSignature,
	},
	CodeSignerChanged: {
		"颁发机构的签名证书刚被更换；请用同一幂等键重试",
		"the issuing department's certificate was just replaced; try again under the same idempotency key",
		rule.ReliableSignature,
	},
	CodeSignerMissing: {
		"颁发机构没有可用的签名证书；请登记证书或换用托管密钥",
		"the issuing department has no usable signing certificate; register one, or sign through Reserve and Confirm",
		rule.ReliableSignature,
	},
	CodeGuessing: {
		"对同一主体的比对失败次数过多，今日不再受理；请核对原件后明日再试",
		"too many failed comparisons about this subject; check the original and come back tomorrow",
		rule.Guessing,
	},
	CodeRestored: {
		"证照库由备份恢复，尚未追上最后公布的检查点，暂停写入；请用 elicense restore 完成",
		"the vault was restored, has not caught up with the last published checkpoint and takes no writes; finish " +
			"with elicense restore",
		rule.AfterRestore,
	},
	CodeBatchUnknown: {"没有该批次；请核对批次号", "there is no such batch; check its name", rule.Batches},
	CodeImportInvalid: {
		"汇集的证照前后不符或与其签名、承诺不符；请从原库重新导出",
		"the transfer does not agree with itself or with what was committed to; export it again from its vault",
		rule.GatheredOnce,
	},
	CodeImportSignature: {
		"汇集的证照签名未通过核验；请确认颁证部门的证书已在本库登记",
		"the department's signature is refused; see that its certificate is known here",
		rule.ReliableSignature,
	},
	CodeImportType: {
		"本库没有该版本的证照类型；请先汇集证照类型定义",
		"this version of the licence type is not declared here; bring its definition first",
		rule.DeclaredTypes,
	},
	CodeImportGap: {
		"缺少前面的事件；请从本库已有事件的下一件起导出",
		"events before these are missing; export from the one behind those that are here",
		rule.GatheredOnce,
	},
	CodeImportDiffers: {
		"同一证照在两库的历史不一致；请颁证部门核对后处理",
		"the licence has another history here; its department must settle which is right",
		rule.GatheredOnce,
	},
	CodeImportReserved: {
		"证照只是预留编号，尚未签发；请在签发后再汇集",
		"the licence is only reserved; bring it once it is issued",
		rule.GatheredOnce,
	},
	CodeImportBatch: {
		"本库已有同名的转换批次；请运行单位核对",
		"there is a conversion of this name here already; have the operator look at it",
		rule.GatheredOnce,
	},
	CodeBatchState: {
		"批次当前状态不允许此操作；请先查询批次状态",
		"the batch's state does not allow this; look at its account first",
		rule.Batches,
	},
	CodeBatchLaterEvent: {
		"该行证照之后另有业务，不能撤回，撤回结束后即可查到；请按单个证照办理",
		"a later event relies on this row, it stays and look-ups will show it; settle that licence by itself",
		rule.Undo,
	},
	CodeCheckpoint: {
		"检查点与本库账本不一致；请核对检查点文件和备份",
		"the checkpoint does not agree with this ledger; check its file and the backup",
		rule.LedgerProof,
	},
	CodeNotRestored: {
		"证照库没有处于恢复后暂停写入的状态；请直接办理，不必放弃任何内容",
		"the vault is not closed after a restore; go on, nothing has to be given up",
		rule.AfterRestore,
	},
	CodeLedgerLost: {
		"账本的这一段在一次恢复中丢失；请看检查点中的说明行",
		"this part of the ledger was lost in a restore; see the lines of the checkpoint that say so",
		rule.LedgerProof,
	},
	CodeClaimUnknown: {
		"比对项不属于该类证照；请对照该类证照的要素清单核对短名或标签",
		"the type has no such element to compare; compare its short name or label with the elements of the type",
		rule.Compared,
	},
	CodeQuery: {
		"查询条件不能确定一本证照；请写明证照标识，或类型加证照编号和颁发机构，或持证主体代码加代码类型，并写明要比对的要素",
		"the query does not single out one licence; name its identifier, or type, number and issuer, or the holder's " +
			"code with its kind, and what is to be compared",
		rule.Compared,
	},
	CodeCursor: {"翻页标记无效；请从第一页开始", "the page mark is not valid; start at the first page", rule.Pages},
	CodeClerk: {
		"经办人标识不能用：应为工号或化名（1 至 64 个字母、数字和 . _ @ -），不得为身份证号、手机号；请改用本部门的工号",
		"the clerk is not to be named so: a staff number or pseudonym has 1 to 64 letters, digits and . _ @ -, and " +
			"is never a citizen or mobile number; use the department's staff number",
		rule.Clerk,
	},
	CodeConflictHolder: {
		"库中同号证照的持证主体不同；请核对编号和持证人",
		"the vault has this number for another holder; check number and holder",
		rule.StockConverted,
	},
	CodeConflictLive: {
		"库中该证照已由业务系统更新，台账不能覆盖；请以库中为准，从台账中去掉该行",
		"the licence lives on in the vault since and the ledger cannot overwrite it; let the vault stand and take " +
			"the row out",
		rule.StockConverted,
	},
	CodeConflictSameFile: {
		"本文件另有一行使用同一证照编号且内容不同；请保留正确的一行",
		"another row of this file has the same number with other content; keep the right one",
		rule.StockConverted,
	},
	CodeConflictState: {
		"库中该证照已失效，台账不能使其恢复；请以库中为准，从台账中去掉该行",
		"the licence is no longer in force in the vault and a ledger cannot revive it; let the vault " +
			"stand and take the row out",
		rule.StockConverted,
	},
}
