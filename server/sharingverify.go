package server

import (
	"context"
	"maps"
	"strings"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/verify"
)

// infoResults are the results for what is right, by the licence's state; every other state is InfoEnded.
var infoResults = map[vault.State]string{
	vault.Valid: api.InfoValid, vault.NotYetValid: api.InfoNotYet, vault.Suspended: api.InfoSuspended,
}

// infoWords are the results' names.
var infoWords = map[string]string{
	api.InfoValid: "正确且有效", api.InfoNotYet: "正确，未生效", api.InfoSuspended: "正确，暂时失效", api.InfoEnded: "正确，已失效",
	api.InfoInsufficient: "信息不全，无法验证", api.InfoAbsent: "查无此证", api.InfoWrong: "信息错误",
}

// verifyInfo compares what is said of a licence with the vault (验证信息). What is compared finds the licence too: by its
// identifier, its number, or its holder.
func verifyInfo(ctx context.Context, r *sharing, q *api.SharingInfo) (any, error) {
	if err := need(member{"certTypeCode", q.CertTypeCode}, member{"useCause", q.UseCause}); err != nil {
		return nil, err
	}
	if err := checkType(r.caller, q.CertTypeCode); err != nil {
		return nil, err
	}
	a, err := r.access(q.UseCause)
	if err != nil {
		return nil, err
	}
	identifier, claims, err := r.claims(ctx, q)
	if err != nil {
		return nil, err
	}
	query, ok := findBy(q.CertTypeCode, identifier, claims)
	switch {
	case !ok:
		return infoVerdict(api.InfoInsufficient, "：请给出证照编号（ZZBH）、电子证照标识（zzbs）或持证主体代码（CZZTDM、CZZTDMLXDM）"), nil
	case identifier != "" && typeIn(identifier) != q.CertTypeCode:
		return infoVerdict(api.InfoWrong, "：电子证照标识不属于此类证照"), nil
	}
	res, err := r.s.compared(ctx, r.caller, a, query)
	if err != nil {
		return nil, err
	}
	return infoResult(res), nil
}

// claims are what is compared, by short name, and the identifier under the name that lists give it; a name in two cases
// has been refused as one that stands twice. The state is no claim: it is what is asked.
func (r *sharing) claims(ctx context.Context, q *api.SharingInfo) (string, map[string]string, error) {
	values := maps.Clone(q.CertData)
	identifier := values["zzbs"] + values["ZZBS"]
	for _, name := range []string{"zzbs", "ZZBS", "zzzt", "ZZZT"} {
		delete(values, name)
	}
	claims, _, err := r.s.shortValues(ctx, q.CertTypeCode, "data/certData", values)
	return identifier, claims, err
}

// findBy says how the licence is found: by its identifier, its number or its holder.
func findBy(typeCode, identifier string, claims map[string]string) (*api.Comparison, bool) {
	c := &api.Comparison{Claims: claims}
	number := claims[catalogue.MetaNumber]
	kind, holder := claims[catalogue.MetaHolderCodeType], claims[catalogue.MetaHolderCode]
	switch {
	case identifier != "":
		c.Identifier = identifier
		return c, len(claims) > 0
	case number != "":
		c.Type, c.Number = typeCode, number
		c.Issuer = claims[catalogue.MetaIssuerCode] // two may have given the number
		return c, true
	}
	c.Type, c.Holder = typeCode, &api.Holder{Kind: kind, Code: holder}
	return c, kind != "" && holder != ""
}

// infoResult is the result of a comparison. That nothing was found is no proof of anything while the stock of the type
// is not converted.
func infoResult(res *api.ComparisonAnswer) *api.SharingVerdict {
	switch res.Result {
	case string(vault.NeverIssued):
		return infoVerdict(api.InfoAbsent, "")
	case string(vault.NotConverted), string(vault.SourceSilent):
		return infoVerdict(api.InfoInsufficient, "：存量证照尚未全部电子化，请核验纸质证照")
	case "matched":
	default:
		var wrong []string
		for _, f := range res.Fields {
			if f.Verdict != string(vault.Equal) {
				wrong = append(wrong, f.Label+f.VerdictZh)
			}
		}
		return infoVerdict(api.InfoWrong, "："+strings.Join(wrong, "、"))
	}
	result, ok := infoResults[vault.State(res.State)]
	if !ok {
		result = api.InfoEnded
	}
	return infoVerdict(result, "："+res.StateZh)
}

func infoVerdict(result, more string) *api.SharingVerdict {
	return &api.SharingVerdict{Result: result, Message: infoWords[result] + more}
}

// verifyFile judges a file (验证文件). Only what may be accepted passes; the message says why another does not.
func verifyFile(ctx context.Context, r *sharing, q *api.SharingFileCheck) (any, error) {
	if r.s.cfg.Verifier == nil {
		return nil, codeProblem(CodeNoVerifier)
	}
	if q.ContentType != "base64" {
		p := codeProblem(CodeFileType)
		p.Errors[0].Path, p.Errors[0].FixZh, p.Errors[0].FixEn = "/data/contentType", "请用 base64", "use base64"
		return nil, p
	}
	if err := need(member{"content", string(q.Content)}, member{"useCause", q.UseCause}); err != nil {
		return nil, err
	}
	a, err := r.access(q.UseCause)
	if err != nil {
		return nil, err
	}
	done, err := r.s.turn(ctx, r.caller)
	if err != nil {
		return nil, err
	}
	defer done()
	report, err := r.s.cfg.Verifier.Verify(ctx, q.Content, verify.Expect{Type: q.CertTypeCode})
	if err != nil {
		return nil, err
	}
	err = r.s.cfg.Vault.Witness(ctx, a, vault.Witnessed{
		Act: "verify", Result: witnessedIndication(report.Indication.String()),
	})
	if err != nil {
		return nil, err
	}
	decision, reason := report.Headlines("zh")
	out := &api.SharingVerdict{Result: fileResult(report), Message: decision}
	if reason != "" {
		out.Message += "：" + reason
	}
	return out, nil
}

// contentChecks are those of the content behind the seal; all else is of seal, signature, certificates and state.
var contentChecks = []string{"document.", "package.", "pdf.", "description.", "signature.digest", "signature.bound"}

// fileResult tells a file that is not what was sealed from a seal that does not hold.
func fileResult(report *verify.Report) string {
	if report.Decision() == verify.Accept {
		return api.FilePassed
	}
	for _, prefix := range contentChecks {
		if strings.HasPrefix(report.Headline, prefix) {
			return api.FileDigestFails
		}
	}
	return api.FileSealFails
}
