package tsa

import (
	"context"
	"errors"
	"slices"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/tsp"
	"github.com/elicense/elicense/pki"
)

// refusal is why there is no token, as a client is told.
type refusal struct {
	failure tsp.Failure
	zh, en  string
}

// What a client is told. Nothing here says more than the client knows or may know.
var (
	notARequest    = &refusal{tsp.BadDataFormat, "不是时间戳请求", "not a time-stamp request"}
	badVersion     = &refusal{tsp.BadRequest, "请求版本不受支持", "version of the request is not supported"}
	badAlgorithm   = &refusal{tsp.BadAlg, "杂凑算法不受支持", "digest algorithm is not accepted"}
	badPolicy      = &refusal{tsp.UnacceptedPolicy, "不按所请求的策略签发", "policy is not offered"}
	badExtension   = &refusal{tsp.UnacceptedExtension, "请求的扩展不受支持", "extensions are not supported"}
	noTime         = &refusal{tsp.TimeNotAvailable, "可信时间暂不可用", "no trusted time is available"}
	notValid       = &refusal{tsp.SystemFailure, "签名证书不在有效期内", "the authority's certificate is not valid"}
	internalFault  = &refusal{tsp.SystemFailure, "系统故障", "system failure"}
	tooLarge       = &refusal{tsp.BadRequest, "请求过大", "request is too large"}
	badMethod      = &refusal{tsp.BadRequest, "请使用 POST", "use POST"}
	badContentType = &refusal{tsp.BadDataFormat, "请求类型应为 application/timestamp-query",
		"content type must be application/timestamp-query"}
)

// response is the refusal as a TimeStampResp.
func (r *refusal) response() []byte {
	der, err := tsp.MarshalResponse(&tsp.Response{
		Status: tsp.Rejection, Texts: []string{r.zh, r.en}, Failures: []tsp.Failure{r.failure},
	})
	if err != nil {
		return nil // every refusal is written by a test
	}
	return der
}

// Answer answers a TimeStampReq with a TimeStampResp, whatever it was given.
func (a *Authority) Answer(ctx context.Context, request []byte) []byte {
	token, refused := a.token(ctx, request)
	if refused != nil {
		return refused.response()
	}
	der, err := tsp.MarshalResponse(&tsp.Response{Token: token})
	if err != nil {
		a.config.Log.ErrorContext(ctx, "writing a time-stamp response", "error", err)
		return internalFault.response()
	}
	return der
}

func (a *Authority) token(ctx context.Context, request []byte) ([]byte, *refusal) {
	r, err := tsp.ParseRequest(request)
	switch {
	case errors.Is(err, tsp.ErrVersion):
		return nil, badVersion
	case errors.Is(err, tsp.ErrLimit):
		return nil, tooLarge
	case err != nil:
		return nil, notARequest
	}
	policy, refused := a.accept(r)
	if refused != nil {
		return nil, refused
	}
	taken, err := a.desk.take(ctx)
	if err != nil {
		return nil, a.unavailable(ctx, err)
	}
	if !a.valid(taken.at) {
		a.config.Log.ErrorContext(ctx, "the certificate of the time-stamp authority is not valid", "at", taken.at)
		return nil, notValid
	}
	token, err := a.make(&tsp.Info{
		Policy: policy, Imprint: r.Imprint, Serial: taken.serial, GenTime: taken.at, Accuracy: a.accuracy,
		Ordering: true, Nonce: r.Nonce, TSA: a.name,
	}, r.CertReq)
	if err != nil {
		a.config.Log.ErrorContext(ctx, "making a time-stamp token", "error", err)
		return nil, internalFault
	}
	return token, nil
}

// accept holds a request against what is offered.
func (a *Authority) accept(r *tsp.Request) (oid.ID, *refusal) {
	switch {
	case len(r.Extensions) > 0:
		return "", badExtension
	case !slices.Contains(a.hashes, hashOf(r.Imprint)):
		return "", badAlgorithm
	case r.Tolerances != 0 && !a.config.OtherSM3:
		return "", badAlgorithm
	case r.Policy == "":
		return a.policy, nil
	case !slices.Contains(a.policies, r.Policy):
		return "", badPolicy
	default:
		return r.Policy, nil
	}
}

func hashOf(i tsp.Imprint) pki.Hash {
	switch {
	case i.SM3():
		return pki.HashSM3
	case i.Algorithm == oid.SHA256:
		return pki.HashSHA256
	case i.Algorithm == oid.SHA384:
		return pki.HashSHA384
	case i.Algorithm == oid.SHA512:
		return pki.HashSHA512
	default:
		return ""
	}
}

func (a *Authority) unavailable(ctx context.Context, err error) *refusal {
	if ctx.Err() != nil {
		return internalFault
	}
	a.config.Log.ErrorContext(ctx, "no time for a time-stamp token", "error", err)
	if errors.Is(err, ErrClock) {
		return noTime
	}
	return internalFault
}

// make writes and signs a token.
func (a *Authority) make(info *tsp.Info, certificates bool) ([]byte, error) {
	content, err := tsp.MarshalInfo(info)
	if err != nil {
		return nil, err
	}
	message, err := a.writer.ToSign(content)
	if err != nil {
		return nil, err
	}
	signature, err := a.sign(message)
	if err != nil {
		return nil, err
	}
	return a.writer.Token(content, message, signature, certificates)
}
