package main

import (
	"crypto/tls"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client"
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/vault"
)

// serviceTold is what a service refused, or why it was not reached, as refusals of the vault itself are told; nil if err
// is neither.
func serviceTold(cmd *cobra.Command, err error) error {
	var p *client.ProblemError
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(err, &p):
		return refusedBy(cmd, p)
	case errors.As(err, &untrusted):
		return &cli.ToldError{
			Err: err, Code: "service-untrusted", Zh: "服务的证书无人作保，没有调用；请用 --cacert 指明为它作保的机构",
			En: "nobody vouches for the service's certificate, and it was not called; name its authority with --cacert",
		}
	case errors.Is(err, errAnswer), errors.Is(err, client.ErrCut), errors.Is(err, client.ErrFile),
		errors.Is(err, client.ErrAnswer):
		return &cli.ToldError{
			Err: err, Code: "service-answer", Zh: "服务的答复不能使用：不完整，或不是所问的内容；请核对地址和版本",
			En: "the service's answer cannot be used: it is cut off, or no answer to what was asked; look at address and version",
		}
	case errors.Is(err, client.ErrTooLarge):
		return &cli.ToldError{
			Err: err, Code: "service-answer-large", Zh: "服务的答复太大，没有读完；请直接用接口取回文件",
			En: "the service's answer is too large and was not read; fetch the file by the interface",
		}
	case errors.Is(err, client.ErrConnection):
		return noAnswer(cmd, err)
	}
	return nil
}

// noAnswer tells whoever was writing that it may have been carried out.
func noAnswer(cmd *cobra.Command, err error) error {
	told := &cli.ToldError{
		Err: err, Code: "service-unreachable", Zh: "没有得到服务的答复；请核对地址和网络", En: "the service did not answer; look at address and network",
	}
	if cmd != nil && cmd.Flags().Lookup("key") != nil {
		told.Zh += "。办理是否生效不能确定，可用同一 --key 重试"
		told.En += ". Whether a write was carried out is not known: try again with the same --key"
	}
	told.Zh, told.En = told.Zh+"："+err.Error(), told.En+": "+err.Error()
	return told
}

// refusedBy tells a problem with everything that is wrong, each with the flag by which it is given.
func refusedBy(cmd *cobra.Command, p *client.ProblemError) error {
	told := &cli.ToldError{Err: p, Code: p.Code, Zh: p.Title, En: p.Detail, Trace: p.Trace}
	if told.En == "" {
		told.En = p.Title
	}
	if len(p.Errors) == 0 {
		return told
	}
	if len(p.Errors) > 1 { // the first is told below with the others
		told.Code, told.Zh, told.En = "invalid", "请求有误，未作任何更改", "the request has errors; nothing was changed"
	}
	return &cli.ProblemsError{Err: told, List: problems(cmd, p)}
}

// problemIn is one thing that is wrong in the words of the command line.
func problemIn(cmd *cobra.Command, d *api.Defect) cli.Problem {
	where := d.Path
	switch where {
	case "header." + api.HeaderIdempotencyKey:
		where = "/key"
	case "header.If-Match":
		where = "/version"
	case "header." + api.HeaderClerk:
		where = "/clerk"
	}
	for _, member := range []string{"/values/", "/claims/", "/", "path.", "query."} {
		if short, cut := strings.CutPrefix(where, member); cut {
			where = short
			break
		}
	}
	return cli.Problem{
		Code: d.Code, Where: where, Flag: flagOf(cmd, vault.Problem{Field: where, Code: vault.Code(d.Code)}), Found: d.Found,
		Zh: both(d.Zh, "；", d.FixZh), En: both(d.En, "; ", d.FixEn),
	}
}

func both(what, between, fix string) string {
	if fix == "" {
		return what
	}
	return what + between + fix
}
