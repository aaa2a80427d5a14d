package rule

// Rules of the policy on approval through the network, by its own words.
var (
	PaperAndElectronic = policy("做到电子证照与纸质证照同步签发",
		"电子证照与纸质证照同步签发，一张纸只对应一本电子证照",
		"the electronic licence is issued together with the paper one, and each sheet of paper belongs to one licence")
	SecretStaysOut = policy("除涉密或敏感事项外",
		"涉密或敏感的证照不进入电子证照库，定密或解密须另有理由和决定日期",
		"secret and sensitive licences stay out of the vault; another classification has a reason and day of its own")
	StrongLogin = policy("以强身份认证登录的申报事项",
		"申请人的证照信息只在其以足够强度的身份认证登录时提供",
		"an applicant's licences are shown only while he is logged in strongly enough")
	DeclaredTypes = policy("由审批部门梳理编制发放的证照清单",
		"只办理已列入证照目录的类型，目录由颁发该类证照的部门维护",
		"only types in the catalogue are handled, and the department that issues a type maintains it")
	StockConverted = policy("要将已发放的所有存量证照实现电子化转换",
		"存量证照按纸质台账转换入库，以库中后来办理的为准",
		"licences of the stock are converted from the ledger; what the vault learnt later counts more")
	RealTime = policy("确保电子证照实时生成更新",
		"办理以证照的现行版本为准",
		"what is done to a licence is done to its version in force")
	GatheredOnce = policy("统一汇集到全省电子证照库",
		"汇集的证照与原库逐字节一致，一本证照只有一个历史",
		"a licence that is gathered is the same to the byte as in its vault, and has one history")
	Compared = policy("比对查验获得证照信息",
		"比对和查询的条件要能确定到证照及其要素",
		"what is compared and looked up names licences and elements that there are")
	SystemsConnect = policy("推进各级部门业务办理系统与电子证照库对接互联",
		"业务系统通过接入符合性测试后接入",
		"a department's system is connected once it has passed the conformance run")
	ExchangeStandard = policy("完善省网上办事大厅的数据交换标准和互联通道",
		"跨部门报文符合公布的数据交换标准",
		"messages between departments keep to the published standard of exchange")
	RealName = policy("利用公民身份号码、企业数字证书和企业社会信用代码等方式",
		"实名认证以公民身份号码、统一社会信用代码或数字证书为准",
		"who somebody is, is told by citizen number, credit code or certificate")
)
