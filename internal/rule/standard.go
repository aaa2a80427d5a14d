package rule

// Rules of national and international standards.
var (
	CreditCode = Rule{
		"统一社会信用代码为 18 位：登记管理部门、机构类别、区划、组织机构代码和校验码",
		"a credit code has 18 characters: authority, kind, division, organisation code and check character",
		"GB 32100-2015",
	}
	CitizenNumber = Rule{
		"公民身份号码为 18 位：区划、出生日期、顺序码和校验码",
		"a citizen number has 18 characters: division, birthday, sequence and check character",
		"GB 11643-1999",
	}
	Division = Rule{
		"行政区划用 6 位区划代码表示", "a division is named by its code of six digits", "GB/T 2260-2007",
	}
	CalendarDate = Rule{
		"日期用公历，写作 YYYY-MM-DD", "a date is of the common calendar, written YYYY-MM-DD", "GB/T 7408.1-2023",
	}
	TypeEntry = Rule{
		"证照目录按规定的数据项和代码填写，类型代码由定义机构代码和顺序号组成",
		"an entry of the catalogue has the prescribed items; a type's code is that of the authority with a number",
		"GB/T 36902-2018",
	}
	Metadata = Rule{
		"证照要素用标准规定的名称和代码，必备的不得缺少",
		"elements have the names and codes of the standard, and no mandatory one is missing",
		"GB/T 36903-2018",
	}
	Identifier = Rule{
		"电子证照标识由根代码、类型代码、颁发机构代码、流水号、版本号和校验位组成",
		"a licence identifier is made of root, type, issuer, serial, version and check character",
		"GB/T 36904-2018, GB/T 17710-2008",
	}
	SharedService = Rule{
		"共享服务的请求按接口规范填写，事项和依据以登记为准",
		"a request to the sharing services is filled in as they demand; item and ground are those registered",
		"GB/T 36906-2018, docs/sharing.md",
	}
	SignedData = Rule{
		"签名用 SM2 和 SM3，按规定的签名语法书写", "signatures are made with SM2 and SM3 in the prescribed syntax",
		"GB/T 35275-2017",
	}
	Currency = Rule{
		"金额写明数值和币种", "an amount of money has a figure and a currency", "GB/T 12406-2008",
	}
	ChineseText = Rule{
		"文字用国家标准收录的汉字，文件用 UTF-8 或 GB18030 编码",
		"text is of characters that the national standard has, encoded as UTF-8 or GB18030",
		"GB 18030-2022",
	}
	Image = Rule{
		"影像为完整的 JPEG 或 PNG，大小和像素在限度之内", "an image is a whole JPEG or PNG within limits of size and pixels",
		"ISO/IEC 10918-1 (JPEG), ISO/IEC 15948 (PNG), docs/licence-types.md#images",
	}
)
