package rule

// Rules of laws and regulations.
var (
	ClearPurpose = Rule{
		"处理个人信息应当具有明确、合理的目的", "personal information is handled for a clear and reasonable purpose",
		"《个人信息保护法》第六条",
	}
	LegalGround = Rule{
		"查询他人证照须取得本人同意，或为履行法定职责所必需", "others' licences are looked up with their consent or for a duty of law",
		"《个人信息保护法》第十三条",
	}
	WithinDuty = Rule{
		"国家机关处理个人信息不得超出履行法定职责所必需的范围和限度",
		"an organ of the state handles no more personal information than its duties need",
		"《个人信息保护法》第三十四条",
	}
	Correction = Rule{
		"证照信息有误的可以提出异议，由颁发机构核实、更正，或说明理由",
		"what is wrong in a licence may be disputed; its issuer checks and corrects it, or says why not",
		"《个人信息保护法》第四十六条、第五十条",
	}
	RightsByRole = Rule{
		"各角色只有其职责所需的操作权限", "each role may do what its duties need and nothing else",
		"《个人信息保护法》第五十一条, docs/identity.md#4-who-may-what",
	}
	IssuedByAuthority = Rule{
		"证照由作出许可决定的机关颁发，加盖本机关印章", "a licence is issued and sealed by the authority that granted it",
		"《行政许可法》第三十九条",
	}
	ActsOnLaw = Rule{
		"已经生效的许可不得擅自改变：变更、延续、补发、暂停、恢复、吊销、撤销、注销均写明法律依据",
		"a licence in force is not altered at will: every act on it names the law that it rests on",
		"《行政许可法》第四条、第八条",
	}
	LifeOfLicence = Rule{
		"证照的变更、延续、撤销、注销须具备法定情形并说明理由",
		"a licence is changed, renewed, annulled or ended only in the cases of the law, with the reason",
		"《行政许可法》第四十九条、第五十条、第六十九条、第七十条",
	}
	ReliableSignature = Rule{
		"签名制作数据专属于签名人，签署后的任何改动都能被发现",
		"the key belongs to its signer alone, and any change after signing can be detected",
		"《电子签名法》第十三条",
	}
	StandardDocument = Rule{
		"电子证照按国家标准和技术规范制作，采用标准版式文档格式",
		"licences are made by the national standards, as documents of the standard fixed layout",
		"《国务院关于在线政务服务的若干规定》（国务院令第716号）第十条",
	}
)
