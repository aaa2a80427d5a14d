package api

// The shapes of the services of GB/T 36906 (电子证照 共享服务接口) as products in use spell them, which systems of
// departments speak already: an envelope of head and data, the outcome in the head. Names are theirs.

// SharingPath is where the services are: each a POST to its name below.
const SharingPath = "/elssp/v1"

// Statuses of an answer's head. Products differ in all but the first.
const (
	SharingDone      = "0"
	SharingForbidden = "1" // no right to what was asked
	SharingLater     = "2" // not now: ask again
	SharingAbsent    = "3" // nothing was found
	SharingWrong     = "4" // the request is wrong; the message says what
)

// SharingRequest is what every service takes. Accesses, tokens and signatures in the head are not looked at: who calls
// is proven by the connection or by a signature on the message.
type SharingRequest[T any] struct {
	Head SharingHead `json:"head"`
	Data T           `json:"data"`
}

// SharingHead is the head of a request. The five elements of the relying party (用证五要素) may stand in it.
type SharingHead struct {
	AccessID    string `json:"accessId,omitempty"`
	AccessToken string `json:"accessToken,omitempty"`
	Sign        string `json:"sign,omitempty"`

	OrgName      string `json:"orgName,omitempty"`
	Username     string `json:"username,omitempty"`
	ItemName     string `json:"itemName,omitempty"`
	ItemCode     string `json:"itemCode,omitempty"`
	BusinessCode string `json:"businessCode,omitempty"` // 办件编号
}

// SharingAnswer is what every service answers.
type SharingAnswer struct {
	Head SharingOutcome `json:"head"`
	Data any            `json:"data,omitempty"`
}

// SharingOutcome is the head of an answer.
type SharingOutcome struct {
	Status  string `json:"status"`
	Message string `json:"message"`         // in Chinese, with what to do
	Code    string `json:"code,omitempty"`  // stable name of a refusal, as everywhere else
	Trace   string `json:"trace,omitempty"` // id of the message, by which it is found again
}

// SharingQuery asks for licences or for one of them. Which members are needed is said by each service.
type SharingQuery struct {
	CertIdentifier string `json:"certIdentifier,omitempty"` // 电子证照标识
	HolderCode     string `json:"holderCode,omitempty"`
	HolderTypeCode string `json:"holderTypeCode,omitempty"`
	CertTypeCode   string `json:"certTypeCode,omitempty"`
	CertNo         string `json:"certNo,omitempty"`
	UseCause       string `json:"useCause"` // 用途

	MetadataRange string `json:"metadataRange,omitempty"` // names of elements with commas between; all if empty
	MeladataRange string `json:"meladataRange,omitempty"` // the same, as one product spells it

	QRCode string `json:"qrcode,omitempty"`
}

// SharingListed is a licence in a list.
type SharingListed struct {
	ZZBS string `json:"zzbs"` // 电子证照标识
	ZZMC string `json:"zzmc"` // 证照名称
	ZZBH string `json:"zzbh"` // 证照编号
	ZZZT string `json:"zzzt"` // 证照状态
}

// SharingFileQuery asks for the file of a licence.
type SharingFileQuery struct {
	SharingQuery

	CertificateIdentifier string `json:"certificateIdentifier,omitempty"` // as certIdentifier
	FileType              string `json:"fileType,omitempty"`              // ofd, png

	// A copy for one purpose (加注件): what it is for, and its last day, YYYY-MM-DD. Without them the file as sealed.
	CertificateCopyCause        string `json:"certificateCopyCause,omitempty"`
	CertificateCopyExpiringTime string `json:"certificateCopyExpiringTime,omitempty"`
}

// SharingFile is a file.
type SharingFile struct {
	ContentType    string `json:"contentType"` // base64
	CertIdentifier string `json:"certIdentifier"`
	FileType       string `json:"fileType"`
	Content        []byte `json:"content"`
}

// SharingInfo is what an applicant says of a licence (验证信息).
type SharingInfo struct {
	CertTypeCode string            `json:"certTypeCode"`
	CertData     map[string]string `json:"certData"`
	UseCause     string            `json:"useCause"`
}

// SharingFileCheck is a file to be verified (验证文件).
type SharingFileCheck struct {
	CertTypeCode string `json:"certTypeCode,omitempty"`
	ContentType  string `json:"contentType"` // base64
	Content      []byte `json:"content"`
	UseCause     string `json:"useCause"`
}

// SharingVerdict is the outcome of either verification.
type SharingVerdict struct {
	Result  string `json:"result"`
	Message string `json:"message"`
}

// Results of 验证信息.
const (
	InfoValid        = "0" // 正确且有效
	InfoNotYet       = "1" // 正确，未激活
	InfoSuspended    = "2" // 正确，暂时失效
	InfoEnded        = "3" // 正确，已失效
	InfoInsufficient = "4" // 信息不全，无法验证
	InfoAbsent       = "5" // 查无此证
	InfoWrong        = "6" // 信息错误
)

// Results of 验证文件.
const (
	FilePassed      = "0" // 通过
	FileSealFails   = "1" // 签章校验失败
	FileDigestFails = "2" // 文件校验失败
)

// SharingElement is one line of the dictionary of a type (字段说明).
type SharingElement struct {
	Name     string `json:"name"`  // by which certData and data have it
	Label    string `json:"label"` // as the licence has it
	Type     string `json:"type"`
	Required bool   `json:"required"`
}
