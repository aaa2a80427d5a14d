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
	case errors.Is(err, client.ErrConnection):
		return &cli.ToldError{
			Err: err, Code: "service-unreachable",
			Zh: "没有得到服务的答复；请核对地址和网络。办理是否生效不能确定，可用同一 --key 重试：" + err.Error(),
			En: "the service did not answer; look at address and network. Whether a write was carried out is not known: try " +
				"again with the same --key: " + err.Error(),
		}
	}
	return nil
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
	for _, member := range []string{"/values/", "/claims/", "/"} {
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
