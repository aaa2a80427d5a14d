package server

import (
	"maps"
	"net/http"

	"github.com/elicense/elicense/internal/rule"
	"github.com/elicense/elicense/server/identity"
)

// identitySentences are those of the codes of package identity.
var identitySentences = map[identity.Code]message{
	identity.CodeNobody: {
		http.StatusUnauthorized, false, rule.Authenticated,
		"没有提供身份凭据；请用登记的证书、消息签名或令牌调用",
		"no credentials; call with the registered certificate, a message signature or a token",
	},
	identity.CodeUnknown: {
		http.StatusUnauthorized, false, rule.Registered,
		"身份凭据未登记；请由运行单位登记",
		"the credentials are not registered; have the operator register them",
	},
	identity.CodeExpired: {
		http.StatusUnauthorized, false, rule.CertificatePath,
		"身份凭据已过期；请更新证书或重新登录",
		"the credentials have ended; renew the certificate or log in again",
	},
	identity.CodeRevoked: {
		http.StatusUnauthorized, false, rule.CertificatePath,
		"证书或登记已被吊销或暂停；请向发证机构或运行单位查询后换用有效证书",
		"the certificate or registration is revoked or on hold; ask its authority or the operator and use a valid one",
	},
	identity.CodeInvalid: {
		http.StatusUnauthorized, false, rule.Token,
		"签名、令牌或证书没有通过验证；请重新签名或重新登录，并用 elicense doctor --server 检查证书",
		"signature, token or certificate does not verify; sign or log in anew, and look at the certificate with " +
			"elicense doctor --server",
	},
	identity.CodeDiffer: {
		http.StatusUnauthorized, false, rule.Registered,
		"一个请求带有两个调用方的凭据（连接证书、消息签名、令牌）；请只用同一登记的凭据，或只用令牌",
		"certificate, signature and token of a request prove two callers; use credentials of one registration, or a " +
			"token alone",
	},
	identity.CodeUnchecked: {
		http.StatusServiceUnavailable, true, rule.CertificatePath,
		"无法确认证书是否已被吊销；请运行单位更新吊销列表后重试",
		"whether the certificate is revoked is not known; retry when the operator has renewed the revocation lists",
	},
	identity.CodeNoTokenKeys: {
		http.StatusServiceUnavailable, true, rule.Token,
		"暂时取不到签发该令牌的认证平台的公钥，不能确认令牌是否有效；请按 Retry-After 稍后用同一令牌重试，多次不成的告知运行单位",
		"the keys of the provider that issued the token could not be fetched, so whether it is good is not known; " +
			"retry with the same token after Retry-After, and tell the operator if it stays",
	},
	identity.CodeMalformed: {
		http.StatusBadRequest, false, rule.SignatureForm,
		"Signature-Input 或 Signature 无法解析；请按 docs/signatures.md 书写",
		"Signature-Input or Signature cannot be read; write them as docs/signatures.md says",
	},
	identity.CodeCoverage: {
		http.StatusUnauthorized, false, rule.SignatureCoverage,
		"消息签名没有覆盖必须覆盖的内容；请按 docs/signatures.md 列出的组成部分签名",
		"the signature leaves out what it must cover; cover the components that docs/signatures.md lists",
	},
	identity.CodeAuthority: {
		http.StatusUnauthorized, false, rule.SignatureAuthority,
		"消息签名是给另一个服务的；请以本服务公布的名称调用",
		"the signature was made for another service; call by the name that this service publishes",
	},
	identity.CodeOutdated: {
		http.StatusUnauthorized, true, rule.SignatureTime,
		"消息签名不在有效时间内；请校准时钟，重新签名后重试",
		"the signature is outside of its time; set the clock right, sign anew and retry",
	},
	identity.CodeReplayed: {
		http.StatusUnauthorized, false, rule.SignatureOnce,
		"该消息签名已经用过；请为每次请求重新签名",
		"this message signature was used before; sign every request anew",
	},
	identity.CodeBusy: {
		http.StatusServiceUnavailable, true, rule.SignatureOnce,
		"签名请求过多，暂不受理；请稍后重新签名重试",
		"too many signed requests at present; sign anew and retry later",
	},
	identity.CodeDigest: {
		http.StatusBadRequest, false, rule.ContentDigest,
		"Content-Digest 与内容不符；请对发送的字节计算 SM3 摘要",
		"Content-Digest does not fit the content; digest the bytes that are sent with SM3",
	},
	identity.CodeSandbox: {
		http.StatusUnauthorized, false, rule.SandboxApart,
		"沙箱凭据不能用于正式环境；请先通过一致性测试再登记正式凭据",
		"credentials of a sandbox do not hold here; pass the conformance run and register for production",
	},
	identity.CodeForbidden: {
		http.StatusForbidden, false, rule.RightsByRole,
		"您的角色不能做这件事；请由有权限的角色办理，见角色权限表",
		"your role may not do this; see the table of roles for who may",
	},
	identity.CodeTypeScope: {
		http.StatusForbidden, false, rule.WithinDuty,
		"该证照类型不在您的授权范围；请由运行单位调整登记",
		"the licence type lies outside your registration; have the operator extend it",
	},
	identity.CodeClerk: {
		http.StatusUnprocessableEntity, false, rule.Clerk,
		"请求头 X-Clerk 不能用；系统调用的写一个经办人的工号或化名（1 至 64 个字母、数字和 . _ @ -），不得写身份证号、手机号，本人登录的不写",
		"the header X-Clerk is not taken; a system names one clerk there, by a staff number or pseudonym of 1 to 64 " +
			"letters, digits and . _ @ -, never by a citizen or mobile number, and who has logged in himself leaves " +
			"it out",
	},
	identity.CodeNeedsProof: {
		http.StatusUnauthorized, false, rule.SignedWrites,
		"此写操作须带 SM2 消息签名；请按 docs/signatures.md 签名",
		"this write needs an SM2 message signature; sign it as docs/signatures.md says",
	},
	identity.CodeLimited: {
		http.StatusTooManyRequests, true, rule.Rate,
		"调用过于频繁；请在 Retry-After 所示秒数后重试",
		"too many requests; retry after the seconds that Retry-After says",
	},
	identity.CodeChallenge: {
		http.StatusUnauthorized, false, rule.HolderLogin,
		"登录挑战值无效、已用过或已过期；请重新获取",
		"the challenge is unknown, used or too old; ask for a new one",
	},
	identity.CodeLoggedOut: {
		http.StatusUnauthorized, false, rule.HolderLogin,
		"登录已结束，或服务此后重启过；请重新登录",
		"this login was ended, or the service has started anew since; log in again",
	},
	identity.CodeNoHolder: {
		http.StatusUnauthorized, false, rule.RealName,
		"证书没有写明持有人的证件号码或信用代码，不能用于登录；请换用实名数字证书",
		"the certificate names no person or firm by number and cannot log in; use one that does",
	},
	identity.CodeRegistration: {
		http.StatusUnprocessableEntity, false, rule.Registered,
		"登记中所指的成员不合要求；请按 docs/identity.md 第 1 节改正该成员",
		"this member of the registration is not sound; correct it as docs/identity.md, 1, says",
	},
	identity.CodeRegistrationUnknown: {
		http.StatusNotFound, false, rule.Registered,
		"没有这个登记或凭据；请核对标识与证书摘要",
		"there is no such registration or credential; check the id and the certificate's digest",
	},
	identity.CodeTaken: {
		http.StatusConflict, false, rule.Registered,
		"该证书已登记给另一个调用方，或重复列出；请一证一户",
		"the certificate is registered for another caller, or listed twice; one certificate belongs to one caller",
	},
}

// sentences are those of every code that this package can answer with, beside the library's.
var sentences = func() map[Code]message {
	all := maps.Clone(transportSentences)
	maps.Copy(all, sharingSentences)
	maps.Copy(all, conformanceSentences)
	maps.Copy(all, disputeSentences)
	maps.Copy(all, houseSentences)
	maps.Copy(all, publishedSentences)
	for code, m := range identitySentences {
		all[Code(code)] = m
	}
	return all
}()
