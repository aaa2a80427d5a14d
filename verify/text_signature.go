package verify

// signatureRules are the rules of the checks on signatures of documents.
var signatureRules = map[string]rule{
	"cms.text": {
		LevelFormat, "GB/T 35275-2017 8", words{"格式", "form"},
		words{"不是完好的签名数据", "not well-formed SignedData"}, words{},
	},
	"cms.signers": {
		LevelFormat, "GB/T 35275-2017 8", words{"有签名", "it is signed"},
		words{"其中没有签名，只有证书；等于没有签", "there is no signature in it, only certificates: it is not signed"}, words{},
	},
	"cms.content": {
		LevelFormat, "RFC 5652 5.2", words{"有所签内容", "the signed content is there"},
		words{"所签内容有两份，不知签的是哪一份", "the content is there twice"},
		words{"签名与内容分离，请一并提交所签文件", "the signature is detached: submit the signed file with it"},
	},
	"cms.second-reader": {
		LevelSignature, "docs/verify.md 1", words{"第二种实现结论一致", "a second implementation agrees"},
		words{"两种实现结论不同", "two implementations disagree"}, words{},
	},
	"timestamp.text": {
		LevelFormat, "RFC 3161 2.4.2", words{"时间戳格式", "form of the time-stamp"},
		words{"时间戳格式错误", "the time-stamp is malformed"}, words{},
	},
	"timestamp.imprint": {
		LevelTime, "RFC 3161 2.4.2", words{"时间戳针对此内容", "the time-stamp is over this"},
		words{"时间戳针对别的内容", "the time-stamp is over something else"},
		words{"需要一并提交所盖内容", "submit what was stamped with it"},
	},
	"timestamp.signature": {
		LevelTime, "RFC 3161 2.3", words{"时间戳的签名", "signature of the time-stamp"},
		words{"时间戳的签名不成立", "the signature of the time-stamp does not hold"}, words{},
	},
	"timestamp.chain": {
		LevelTime, "RFC 3161 2.3", words{"时间戳机构可信", "trusted time-stamp authority"},
		words{"签发时间戳的证书不得用于时间戳", "the certificate is not for time-stamps"},
		words{"时间戳机构不受信任，所证时间不予采用", "the authority is not trusted: the time does not count"},
	},
	"timestamp.revocation": {
		LevelTime, "RFC 5280 6.3", words{"时间戳证书未被吊销", "certificate of the authority not revoked"},
		words{"时间戳证书已被吊销", "the certificate of the time-stamp authority is revoked"},
		words{"时间戳证书是否被吊销未知，所证时间不予采用", "whether it is revoked is not known: the time does not count"},
	},
	"digest": {
		LevelDigest, "RFC 5652 5.4", words{"内容与所签摘要相符", "the content has the signed digest"},
		words{"内容在签名后被改动", "the content was changed after it was signed"},
		words{"所签内容不在，或过大", "the signed content is missing or too large"},
	},
	"binding": {
		LevelSignature, "RFC 5035 3", words{"签名指明此证书", "the signature names this certificate"},
		words{"签名指明的是另一张证书", "the signature names another certificate"}, words{},
	},
	"pdf.text": {
		LevelFormat, "ISO 32000-2:2020 7.5", words{"文件结构", "structure of the file"},
		words{
			"PDF 文件已加密、损坏或结构不合规，不同软件会看到不同内容；请索取原件",
			"the PDF is encrypted, damaged or read differently by different software: ask for the original",
		}, words{},
	},
	"pdf.signed": {
		LevelFormat, "ISO 32000-2:2020 12.7.5.5", words{"有签名", "it is signed"},
		words{
			"文件没有签名，或签名已被剥去；请索取签署的原件",
			"the document is not signed, or its signatures were stripped: ask for the signed original",
		}, words{},
	},
	"pdf.value": {
		LevelFormat, "ISO 32000-2:2020 12.8.3", words{"签名值的形式", "form of the signature value"},
		words{
			"签名值的形式不被接受，或其后藏有别的内容；请用合规软件重新签署",
			"the form of the value is not accepted, or something is hidden behind it: " +
				"have it signed again with proper software",
		}, words{},
	},
	"pdf.range": {
		LevelDigest, "ISO 32000-2:2020 12.8.1", words{"签名覆盖整个文件版本", "the signature covers a whole revision"},
		words{
			"签名没有覆盖整个文件，留有可被填改之处；请索取签署的原件，或重新签署",
			"the signature leaves out parts of the file, which can be filled in later: " +
				"ask for the original, or a new signature",
		}, words{},
	},
	"pdf.changed": {
		LevelDigest, "ISO 32000-2:2020 12.8.2", words{"签名后未被改动", "nothing was changed after signing"},
		words{
			"签名之后文件又被改动，现在所见不是当时所签；请索取签署的原件",
			"the document was changed after it was signed: what it shows is not what was signed; ask for the original",
		}, words{},
	},
	"pdf.permitted": {
		LevelDigest, "ISO 32000-2:2020 12.8.2.2", words{"签名人允许的后续操作", "only what the signer allows after him"},
		words{
			"签名人已锁定文件，之后的操作未经其允许；请索取锁定时的原件，或由签名人重新签署",
			"the signer allowed no such change after him: " +
				"ask for the document as he signed it, or for a new signature of his",
		}, words{},
	},
	"package.text": {
		LevelFormat, "GB/T 33190-2016 7", words{"文件包", "package"},
		words{"不是完好的 OFD 文件，或其中藏有别的内容", "not a sound OFD package, or something is hidden in it"}, words{},
	},
	"package.documents": {
		LevelFormat, "GB/T 33190-2016 7.4", words{"只有一个文档", "one document"},
		words{"文件包中有多个文档，请分别提交", "several documents in one package: submit them one by one"}, words{},
	},
	"package.signed": {
		LevelFormat, "GB/T 33190-2016 18.1", words{"有签名", "it is signed"},
		words{"文件没有签章，或签章已被剥去", "the document is not signed, or its signatures were stripped"}, words{},
	},
	"package.extra": {
		LevelDigest, "GB/T 33190-2016 18.2", words{"没有未签名的文件", "nothing unsigned is in it"},
		words{
			"文件包中有未被签章保护的文件，可能是签章后塞入的；请索取原件",
			"there are files that no signature covers and that may have been put in later: ask for the original",
		}, words{},
	},
	"package.listed": {
		LevelDigest, "GM/T 0099-2020 7.4.6", words{"文件清单与文件包一致", "the list of files names what is there"},
		words{
			"文件包与其文件清单不符，有文件被塞入或移除；请索取原件",
			"the package is not what its list of files says, files were put in or taken away: ask for the original",
		}, words{},
	},
	"description.text": {
		LevelFormat, "GB/T 33190-2016 18.2", words{"签名描述文件", "description of the signature"},
		words{"签名描述或签名值缺失、损坏", "the description or value of the signature is missing or damaged"}, words{},
	},
	"description.files": {
		LevelDigest, "GB/T 33190-2016 18.2.2", words{"所签文件未被改动", "the signed files are unchanged"},
		words{"所签文件在签章后被改动、缺失，或摘要算法不被接受", "files were changed or removed after sealing"},
		words{},
	},
	"signature.bound": {
		LevelDigest, "GB/T 33190-2016 18.2", words{"签名针对此文件", "the signature is over this file"},
		words{"签名所载摘要不是此文件的", "the signed digest is not that of the file"},
		words{"不知签名针对什么", "what it is over is not known"},
	},
	"description.shown": {
		LevelDigest, "GB/T 33190-2016 18.2", words{"签名覆盖所显示的全部内容", "it is over all that is shown"},
		words{
			"有内容不在此签章之内：所显示的版面可能不是所签的版面",
			"there is content that this signature is not over: the page shown may not be the page that was sealed",
		}, words{},
	},
	"document.content": {
		LevelFormat, "docs/verify.md 2", words{"另附的内容", "the content beside it"},
		words{"此文件不是另附内容的签名", "this document is no signature over the content beside it"}, words{},
	},
	"licence.identifier": {
		LevelRules, "GB/T 36905-2018", words{"证照标识已签章", "the identifier is sealed"},
		words{"证照标识不止一个", "there is more than one identifier"},
		words{"证照标识没有签章保护，可能是后填的", "no seal covers the identifier: it may have been put in later"},
	},
	"licence.metadata": {
		LevelRules, "GB/T 36905-2018", words{"元数据已签章", "the metadata is sealed"}, words{},
		words{
			"元数据（如加注件的用途与期限）没有颁发机构或证照库的签章保护，可能已被删改；请索取原件",
			"no seal of issuer or vault covers the metadata, such as purpose and end of a copy: ask for the original",
		},
	},
	"licence.none": {
		LevelRules, "GB/T 36905-2018", words{"不是证照", "it is no licence"}, words{},
		words{
			"不能断定不是证照：元数据没有签章保护，或文件中有证照的组成部分；证照请按证照提交，其他文件由收件人声明不是证照",
			"it may be a licence: no seal covers its metadata, or parts of it say so; submit a licence as such, " +
				"of other documents the receiver must say that they are none",
		},
	},
	"cms.inner": {
		LevelRules, "docs/verify.md 7", words{"所签内容不是证照", "the content is no licence"}, words{},
		words{
			"所签内容本身是证照或签章文件，其状态与签章未经核验；请单独提交",
			"the content is itself a licence or sealed document: submit it by itself",
		},
	},
	"ledger": {
		LevelState, "docs/verify.md 4", words{"由记载此证照的证照库声明", "said by the vault that holds the licence"}, words{},
		words{
			"声明的证照库不一定记载此证照：已知的证照库不止一个；请附账本证明",
			"several vaults are believed and nothing shows that this one holds the licence: bring a ledger proof",
		},
	},
	"copy.validity": {
		LevelState, "GB/T 36903-2018", words{"加注件在有效期内", "the copy is still good"},
		words{"加注件已过有效期；请提交新的", "the purpose-bound copy has ended: ask for a new one"}, words{},
	},
	"licence.record": {
		LevelRules, "GB/T 36905-2018", words{"证照记录", "licence record"},
		words{"文件中的证照记录不止一份或已损坏", "there is more than one licence record, or a damaged one"}, words{},
	},
	"licence.beside": {
		LevelRules, "docs/verify.md 2", words{"另附的证据针对此证照", "what came beside is about this licence"},
		words{"另附的证据属于别的证照或版本", "what came beside is of another licence or version"}, words{},
	},
	"licence.covered": {
		LevelSeal, "GB/T 36905-2018", words{"版面全部由颁发机构签章", "every part is sealed by the issuer"},
		words{"有内容不是颁发机构签的，是别人后加的", "parts were added by somebody other than the issuer"}, words{},
	},
	"seal.text": {
		LevelFormat, "GB/T 38540-2020 7.1", words{"签章结构", "structure of the seal"},
		words{"不是完好的电子签章", "not a well-formed seal signature"}, words{},
	},
	"signature.path": {
		LevelDigest, "GB/T 38540-2020 7.3", words{"签章针对此文件", "the seal is over this file"},
		words{"签章所指的是另一文件：可能是从别处搬来的", "the seal names another file: it may have been moved here"}, words{},
	},
	"seal.beside": {
		LevelDigest, "GB/T 33190-2016 18", words{"所附印章即所用印章", "the seal beside is the one used"},
		words{"旁附的印章不是所用的印章", "the seal that lies beside is not the one that was used"}, words{},
	},
	"maker.usage": {
		LevelSeal, "GB/T 38540-2020 6.3", words{"制章人", "maker of seals"},
		words{"签发印章的不是制章人", "who made the seal is no maker of seals"},
		words{
			"制章人不在已知名单，且证书没有制章用途；请核实后把其证书放入信任目录的 makers",
			"the maker is not known and its certificate does not say so; " +
				"make sure of it and put the certificate into makers of the trust folder",
		},
	},
	"seal.signer": {
		LevelSeal, "GB/T 38540-2020 7.3", words{"签章人在印章名单中", "the signer may use the seal"},
		words{"签章人不在印章的名单中：此人无权使用此章", "the signer is not among those who may use the seal"}, words{},
	},
	"seal.validity": {
		LevelSeal, "GB/T 38540-2020 7.3", words{"印章在有效期内", "the seal was valid"},
		words{"签章时印章不在有效期内", "the seal was not valid when it was used"}, words{},
	},
	"seal.size": {
		LevelSeal, "GB/T 33190-2016 18.2.3", words{"印章未遮住版面", "the seal hides nothing of the page"},
		words{
			"印章在版面上被放大或铺排过多，可能遮住了内容；请索取原件",
			"the seal is stretched, or shown too often, and may hide what stands there: ask for the original",
		}, words{},
	},
	"seal.usage": {
		LevelSeal, "A26", words{"行政审批专用章", "seal for administrative approval"},
		words{"不是行政审批专用章", "it is no seal for administrative approval (行政审批专用章)"}, words{},
	},
	"seal.holder": {
		LevelSeal, "GB/T 36905-2018", words{"颁发机构的印章", "the issuer's seal"},
		words{"印章不是颁发机构的", "the seal is not the issuer's"}, words{},
	},
	"algorithm": {
		LevelSignature, "ETSI TS 119 312", words{"算法在用", "algorithm in use"},
		words{"算法不被接受或已淘汰", "the algorithm is not accepted, or its time is over"},
		words{"算法已淘汰，且不能证明签名在此之前", "its time is over, and nothing proves that the signature is older"},
	},
}

// signatureSpecial are words for one sub-indication of an aspect.
var signatureSpecial = map[string]words{
	"existence/NO_POE": {"要求有时间戳，但没有", "a time-stamp is required and there is none"},
	"clock/TIMESTAMP_ORDER_FAILURE": {
		"所称时间晚于覆盖它的时间戳", "it claims to be later than the time-stamp over it",
	},
	"chain/OUT_OF_BOUNDS_NO_POE": {
		"签名证书现已过期，且无法证明签名早于过期；请索取带时间戳的签名或重新签名",
		"the certificate has expired and nothing proves that it signed before: ask for a time-stamp or a new signature",
	},
	"validity/OUT_OF_BOUNDS_NO_POE": {
		"印章现已过有效期，签章时间只有签章人自称、没有证明；请索取带时间戳的签章或重新签章",
		"the seal has ended, and of the time of sealing there is nothing but the signer's word: " +
			"ask for a time-stamp or a new seal",
	},
	"revocation/REVOKED_NO_POE": {
		"签名证书已被吊销，且无法证明签名早于吊销",
		"the certificate is revoked and nothing proves that it signed before that",
	},
	"revocation/SUSPENDED": {"签名证书被挂起，恢复后可复验", "the certificate is on hold; judge again when it is back"},
	"revocation/REVOKED":   {"签名时证书已被吊销", "the certificate was revoked when it signed"},
}

// signaturePhrases are phrases about signatures.
//
//nolint:gosec // words, no credentials
var signaturePhrases = map[string]string{
	"a certificate of a service": "服务器证书", "the second cannot read it": "第二种实现读不了",
	"the second refuses": "第二种实现不认可", "only the second accepts": "只有第二种实现认可",
	"what the scope of a trust anchor allows": "信任根的范围所允许的", "one document": "一个文档",
	"only signatures and evidence": "只增加签名和验证证据", "what the signer allows": "签名人允许的操作",
	"header": "没有文件头", "xref": "交叉引用表损坏",
	"syntax": "对象语法错误", "stream": "数据流损坏", "signature": "签名字典不合规", "range": "覆盖范围不合规", "padding": "签名值后有多余内容",
	"adbe.pkcs7.detached, ETSI.CAdES.detached": "adbe.pkcs7.detached 或 ETSI.CAdES.detached",
	"the identifier of the licence":            "证照标识", "sealed metadata": "已签章的元数据", "one identifier": "一个证照标识",
	"a seal of another": "别的机构的印章",
	enclosedMark:        "附在其中的文件，其自身的签章未核验，请单独核验：",
	"a file":            "文件", borrowedAttributes: "另一个签名的签名属性", borrowedSeal: "另一次用章的签名数据",
	borrowedRequest: "对服务的请求",
	"no seal":       "没有印章", "a seal that is shown and that nobody signed with": "显示了未用于签名的印章",
	"a certificate without credit code": "证书没有统一社会信用代码", "the signature of a vault": "证照库的签名",
	"a known vault": "已知的证照库", "judged within a day": "一日内核验",
	"a document that is not signed by itself": "本身未签章的文件",

	"the files that are listed": "清单所列文件",
	"only signed files":         "只有已签名的文件", "the digests that were sealed": "签章时的摘要",
	"at least one file": "至少一个文件", "one licence record": "一份证照记录", "a bare signature value": "只有签名值",
	"zip": "压缩包损坏", "hidden": "藏有目录之外的内容", "mismatch": "目录与内容不一致", "duplicate": "文件重名", "name": "文件名越界",
	"encrypted": "加密", "method": "压缩方法", "limit": "超出限制", "bomb": "压缩炸弹", "checksum": "校验和不符", "xml": "XML 不合规",
	"doctype": "含 DOCTYPE 或实体", "structure": "结构不合规",
	"SES_Signature of GB/T 38540 or GM/T 0031": "GB/T 38540 或 GM/T 0031 电子签章", "a known maker of seals": "已知的制章人",
	"SignedData of GB/T 35275 or RFC 5652": "GB/T 35275 或 RFC 5652 签名数据", "at least one signature": "至少一个签名",
	"at most 64 signatures": "不超过 64 个签名", "at most 1024 signatures": "不超过 1024 个签名",
	"a signature over all that is shown": "覆盖所显示的全部内容的签名",
	"at most 8 time-stamps":              "不超过 8 个时间戳", "the content beside it": "另附的内容",
	"content inside or beside, not both":       "内容在内或另附，不能两份",
	"content type and digest, each once":       "内容类型与摘要属性各一",
	"at most 32 MiB without signed attributes": "无签名属性时不超过 32 MiB",
	"the certificate that it names":            "签名所指的证书", "a time-stamp": "时间戳", "RFC 3161": "RFC 3161",
	"a token": "时间戳令牌", "a refusal of the authority": "时间戳机构的拒绝", "good": "未吊销",
	"on-hold ": "挂起，自 ", "keyCompromise ": "密钥泄露，自 ", "cACompromise ": "CA 密钥泄露，自 ",
	"affiliationChanged ": "隶属关系变更，自 ", "superseded ": "已被取代，自 ", "cessationOfOperation ": "停止使用，自 ",
	"unspecified ": "未说明原因，自 ", "privilegeWithdrawn ": "权限撤回，自 ", "certificateHold ": "挂起，自 ",
	"unknown-issuer": "签发者未知", "no-evidence": "没有证据", "evidence-stale": "证据过期", "on-hold": "挂起",
	"partial-reasons": "证据不涵盖全部吊销原因", "evidence-too-early": "证据作成过早", "evidence-future": "证据来自将来",
	"evidence-forgotten": "证书过期后作成的证据", "other-issuer": "证据属于别的签发者", "other-certificate": "证据属于别的证书",
	"crl-scope": "CRL 不涵盖此证书", "indirect-crl": "间接 CRL", "delta-without-base": "增量 CRL 缺少全量 CRL",
	"signer-unknown": "时间戳证书未附", "policy": "策略不符", "accuracy": "精度不符", "weak-algorithm": "算法过弱",
	"anchor-scope": "信任根不得为此担保", "purpose": "用途不符", "encoding": "编码不合规", "name-constraints": "名称超出限制",
	"budget": "工作量过大", "loop": "证书链成环", "host": "主机名不符", "options": "参数不全",
	"chain": "证书不是由信任的根签发的", "revocation": "吊销检查未通过",
	"imprint": "时间戳不是针对此内容的", "future": "时间戳晚于现在", "left to revocation": "留待吊销检查",
	"signer-binding": "时间戳没有指明此证书", "signer-purpose": "不是时间戳专用证书", "tsa-name": "时间戳机构名称不符",
	"circular": "证据要由自身证明", "no-proof": "没有证明证据当时已存在", "no-signer": "没有有权签发证据的证书",
	"signer-revoked": "签发证据的证书已被吊销", "signer-status": "签发证据的证书是否被吊销不明", "nonce": "不是对所问的答复",
	"ocsp-unknown": "OCSP 不认识此证书", "ocsp-internal": "OCSP 内部错误", "ocsp-request": "OCSP 认为请求有误",
	"ocsp-sig-required": "OCSP 要求签名的请求", "ocsp-try-later": "OCSP 请稍后再问", "ocsp-unauthorized": "OCSP 无权答复",
}

// adviceWords are the findings of the SM2 doctor.
var adviceWords = map[string]words{
	"": {"", ""},
	"doctor.empty-id": {
		"若以空的用户标识计算 Z，签名成立：签名软件应改用 1234567812345678",
		"it would verify with an empty user id in Z: the signer's software must use 1234567812345678",
	},
	"doctor.no-z": {
		"若摘要不含 Z，签名成立：签名软件直接签了 SM3(内容)",
		"it would verify without Z: the signer's software signed SM3(message) itself",
	},
	"doctor.hash-of-hash": {
		"若把 SM3(内容) 当作内容，签名成立：签名软件多做了一次摘要",
		"it would verify over SM3(message) as the message: the signer's software hashed once too often",
	},
	"doctor.hash-of-hash-no-z": {
		"若对摘要再做不含 Z 的摘要，签名成立：签名软件多做了一次摘要且没有 Z",
		"it would verify over SM3(SM3(message)) without Z",
	},
	"doctor.id-text-digest": {
		"若对摘要以空用户标识计算，签名成立：两处都错", "it would verify over the digest with an empty user id: two mistakes",
	},
	"doctor.raw-value": {
		"若签名值按 64 字节 r‖s 读取，签名成立：签名值应为 DER 编码",
		"it would verify if the value is read as r‖s of 64 bytes: it must be DER",
	},
	"doctor.swapped-value": {
		"若 r 与 s 对调，签名成立", "it would verify with r and s exchanged",
	},
	"doctor.other-certificate": {
		"所附另一张证书可使签名成立：签名软件附错了证书（常见于双证书：用了加密证书）",
		"it verifies with another certificate that is carried: the wrong one is named, of a dual pair perhaps",
	},
	"doctor.digest-of-digest": {
		"所签摘要是摘要的摘要：签名软件多做了一次摘要", "the signed digest is that of the digest",
	},
	"doctor.content-is-digest": {
		"所附内容就是摘要：签名软件把摘要当作了内容", "what is carried as content is the digest itself",
	},
	"doctor.digest-with-z": {
		"摘要属性含有 Z：应为 SM3(内容)，不含 Z", "the digest attribute was made with Z; it must be SM3(content)",
	},
}

// signatureFacts are the names of facts about signatures.
var signatureFacts = map[string]words{
	"copy-purpose": {"加注件事由", "purpose of the copy"}, "copy-for": {"用证单位", "copy is for"},
	"report-document": {"报告所列文件", "document of the report"},
	"copy-maker":      {"加注件制作者", "copy made by"},
	"signer":          {"签名人", "signer"}, "signer-code": {"签名人代码", "signer's code"}, "algorithm": {"签名算法", "algorithm"},
	"field":  {"签名域", "signature field"},
	"policy": {"策略", "policy"}, "seal": {"印章名称", "seal"}, "seal-code": {"印章编码", "seal code"},
	"seal-software": {"印章软件", "seal software"}, "sealing-software": {"签章软件", "sealing software"},
	"maker": {"制章人", "maker of the seal"}, "countersignature": {"会签人", "countersigner"},
}

// skippedWords say why a check was not made, by aspect.
var skippedWords = map[string]words{
	"existence":   {"存在时间没有证明，按现在核验", "its time is not proven; judged as of now"},
	"inclusion":   {"没有附账本证明", "no ledger proof is beside it"},
	"binding":     {"签名没有指明证书", "no attribute names the certificate"},
	"revocation":  {"没有任何 CRL 或 OCSP 答复，未检查", "there is no CRL or OCSP answer at all: not looked at"},
	"checkpoint":  {"没有附检查点", "no checkpoint is beside it"},
	"consistency": {"没有附增长证明", "no proof of growth is beside it"},
}
