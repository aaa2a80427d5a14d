package rule

// Rules of the protocols of the network.
var (
	Resource = Rule{
		"只能访问接口说明中列出的资源", "only resources of the description can be asked for", "RFC 9110 15.5.5",
	}
	Method = Rule{
		"资源只接受接口说明中列出的方法", "a resource takes the methods that the description names", "RFC 9110 15.5.6",
	}
	ContentSize = Rule{
		"请求内容不超过该操作的上限", "the content of a request stays within the operation's limit",
		"RFC 9110 15.5.14, docs/api.md#limits",
	}
	MediaType = Rule{
		"内容类型为该操作所接受的类型，用 Content-Type 写明",
		"the content is of a type that the operation takes, and Content-Type names it",
		"RFC 9110 15.5.16",
	}
	Conditional = Rule{
		"If-Match 写明所依据的版本，版本已变则不办理", "If-Match names the version that was seen; if it has changed nothing is done",
		"RFC 9110 13.1.1, docs/api.md#versions",
	}
	Authenticated = Rule{
		"调用须带有效的身份凭据", "a request proves who sends it", "RFC 9110 11, 15.5.2",
	}
	CertificatePath = Rule{
		"证书在有效期内、未被吊销，并能验证到信任的根", "a certificate is in its time, not revoked and leads to a trusted root",
		"RFC 5280 6.1.3, 6.3",
	}
	Token = Rule{
		"令牌、签名或证书须通过验证", "tokens, signatures and certificates must verify",
		"OpenID Connect Core 1.0 3.1.3.7, RFC 9421 3.2, docs/identity.md",
	}
	JSON = Rule{
		"请求内容为一个 JSON 值，每个成员只出现一次", "the content is one JSON value, each member once", "RFC 8259, RFC 7493 2.3",
	}
	Schema = Rule{
		"请求内容符合公布的接口说明，没有说明之外的成员", "the content fits the published description and has no other members",
		"OpenAPI 3.1, JSON Schema 2020-12, docs/api.md#json",
	}
	Rate = Rule{
		"调用次数不超过配额", "no more requests than the quota has", "RFC 6585 4, docs/identity.md#5-how-often",
	}
	ContentDigest = Rule{
		"Content-Digest 为所发送字节的 SM3 摘要", "Content-Digest is the SM3 of the bytes that are sent",
		"RFC 9530 2, GB/T 32905-2016",
	}
	SignatureForm = Rule{
		"Signature-Input 与 Signature 按规定的形式书写", "Signature-Input and Signature have the prescribed form",
		"RFC 9421 4, docs/signatures.md#1-what-is-sent",
	}
	SignatureCoverage = Rule{
		"签名覆盖方法、服务名称、路径、查询和内容", "a signature covers method, authority, path, query and content",
		"RFC 9421 7.2.1, docs/signatures.md#1-what-is-sent",
	}
	SignatureAuthority = Rule{
		"签名只对写明的服务有效", "a signature counts at the service that it names", "RFC 9421 2.2.3",
	}
	SignatureTime = Rule{
		"签名在生成后五分钟之内有效", "a signature counts for five minutes after it was made",
		"RFC 9421 2.3, docs/signatures.md#1-what-is-sent",
	}
	SignatureOnce = Rule{
		"一个签名只用一次，重复的只能取回已办结的答复", "a signature counts once; repeated it only brings back what was answered",
		"RFC 9421 7.2.2, docs/signatures.md#2-seen-twice",
	}
	SignedWrites = Rule{
		"写操作由登记的 SM2 证书签名", "writes are signed with the registered SM2 certificate", "RFC 9421, docs/signatures.md",
	}
	MessageID = Rule{
		"跨部门报文带有可全程追踪的标识，由 traceparent 给出",
		"a message between departments has an id, in traceparent, by which it is followed",
		"W3C Trace Context 3.2, docs/messages.md#ids",
	}
	WholeMessage = Rule{
		"请求内容须完整收到", "the content of a request arrives whole", "RFC 9112 8",
	}
)
