package main

import (
	"errors"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/pki/ca/kmc"
)

// said puts a refusal of the register or the key management centre into the words of a person, with its reason's
// stable name; other errors stay as they are.
func said(err error) error {
	var r *ca.RefusalError
	if errors.As(err, &r) {
		if w, ok := registerWords[r.Reason]; ok {
			return told(err, string(r.Reason), w, r.Detail)
		}
	}
	var k *kmc.RefusalError
	if errors.As(err, &k) {
		if w, ok := centreWords[k.Reason]; ok {
			return told(err, string(k.Reason), w, k.Detail)
		}
	}
	return err
}

func told(err error, reason string, w [2]string, detail string) error {
	e := &cli.ToldError{Err: err, Code: reason, Zh: w[0], En: w[1]}
	if detail != "" {
		e.Zh, e.En = e.Zh+"："+detail, e.En+": "+detail
	}
	return e
}

// registerWords say what the register refused and what to do about it, in Chinese and English.
var registerWords = map[ca.Reason][2]string{
	ca.ReasonMalformed:     {"内容无法读取；请重新生成请求或核对文件", "cannot be read; make the request anew or check the file"},
	ca.ReasonTooLarge:      {"超过大小限制", "is over a limit of size"},
	ca.ReasonAlgorithm:     {"不是 SM2/SM3；请用 SM2 密钥重新生成请求", "is not SM2 with SM3; make the request with an SM2 key"},
	ca.ReasonBadProof:      {"请求不是由其中的密钥签名的；请在持有密钥处重新生成", "the request is not signed by its own key; make it where the key is"},
	ca.ReasonWithoutZ:      {"请求的签名没有计入 Z 值（GB/T 32918.2）；请更换或设置签名软件", "the request was signed without Z (GB/T 32918.2); change or set up the signing software"},
	ca.ReasonEmptyID:       {"请求的签名用了空的用户标识，应为 1234567812345678", "the request was signed with an empty signer identifier; 1234567812345678 is wanted"},
	ca.ReasonWeakKey:       {"密钥不安全（众所周知或过弱）；请重新生成", "the key is weak or known to others; make a new one"},
	ca.ReasonDuplicateKey:  {"此密钥已属他人或已被吊销；请重新生成", "the key is somebody else's or was revoked; make a new one"},
	ca.ReasonProfile:       {"没有这种证书，或不能这样签发；种类见 profiles", "no such profile, or it is not issued this way; see profiles"},
	ca.ReasonIssuer:        {"没有可以签发此证书的签发机构", "there is no issuer that may issue this"},
	ca.ReasonLint:          {"证书会违反规定，未签发；请改正申请", "the certificate would break a rule and was not issued; correct the application"},
	ca.ReasonRole:          {"此操作员没有这项职责", "the officer does not have this role"},
	ca.ReasonSameActor:     {"受理或已审核的人不能再审核；请另一位审核员办理", "whoever applied or approved may not approve; another officer must"},
	ca.ReasonNotApproved:   {"审核人数不足；请先 approve", "approvals are missing; approve first"},
	ca.ReasonEvidence:      {"没有记录当面核验的证件；请填写 evidence", "no document was seen face to face; fill in evidence"},
	ca.ReasonStage:         {"申请不在这一步；用 list 查看", "the application is at another stage; see list"},
	ca.ReasonState:         {"证书的状态不允许这样做", "the state of the certificate does not allow it"},
	ca.ReasonDate:          {"日期不合理", "a date cannot be right"},
	ca.ReasonReused:        {"此申请号已用于另一份申请；请另建文件", "the number belongs to another application; use another file"},
	ca.ReasonTooEarly:      {"未到换证时间", "it is too early to renew"},
	ca.ReasonUnknown:       {"没有这张证书或这份申请", "no such certificate or application"},
	ca.ReasonClock:         {"时钟倒退，已停止；请校时", "the clock runs backwards; nothing is done until it is right"},
	ca.ReasonBehind:        {"登记库由备份恢复，落后于已发布的 CRL，停止签发；请执行 catch-up", "the register was restored and is behind the published CRLs; run catch-up"},
	ca.ReasonNumber:        {"CRL 编号不能后退", "CRL numbers do not go backwards"},
	ca.ReasonTwin:          {"没有密钥管理中心，不能签发双证书；请先 kmc found", "without a key management centre there are no pairs; run kmc found first"},
	ca.ReasonMissingNote:   {"请用 --note 写明理由", "give the reason with --note"},
	ca.ReasonConfiguration: {"设置不全", "a setting is missing"},
	ca.ReasonLost:          {"有证书在恢复时丢失；请用 catch-up 找回或确认放弃", "certificates were lost in the restore; bring or give them up with catch-up"},
	ca.ReasonBadSignature:  {"不是由签发机构签名的", "is not signed by the issuer"},
	ca.ReasonChanged:       {"别人先改了；请重试", "somebody was faster; try again"},
}

var centreWords = map[kmc.Reason][2]string{
	kmc.ReasonRequest:   {"请求不完整", "the request is incomplete"},
	kmc.ReasonState:     {"密钥管理中心或密钥的状态不允许", "the state of the centre or the key does not allow it"},
	kmc.ReasonUnknown:   {"没有这个密钥", "no such key"},
	kmc.ReasonReused:    {"此名称已用于另一请求", "the name was used for another request"},
	kmc.ReasonCustody:   {"保管员名单不成立", "this set of custodians cannot stand"},
	kmc.ReasonCustodian: {"不是本届保管员，或重复到场", "is no custodian of this set, or is there twice"},
	kmc.ReasonApproval:  {"同意的保管员不足，恢复未进行", "too few custodians approved; nothing was recovered"},
	kmc.ReasonShare:     {"保管员给出的分量不对", "a custodian's share is not his"},
	kmc.ReasonEscrow:    {"各分量打不开密钥", "the shares do not open the key"},
	kmc.ReasonHolder:    {"密钥属于另一持有人", "the key is another holder's"},
	kmc.ReasonRecipient: {"不得交付给这个密钥", "it may not be delivered to this key"},
}
