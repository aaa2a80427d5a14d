package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/client/conformance"
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/server/identity"
)

// promoting is what the flags of caller promote say beside the registration.
type promoting struct {
	registering

	certificate, service, as string
}

func (c *program) callerPromote() *cobra.Command {
	var p promoting
	cmd := &cobra.Command{
		Use: "promote ID --caller CALLER --conformance FILE --service-certificate FILE --certificate FILE...", Args: cobra.ExactArgs(1),
		Short: "凭接入符合性证书把沙箱调用方登记为正式系统 / register a sandbox's caller for production by its conformance certificate",
		Long: "核对沙箱服务签名的接入符合性证书（elicense conformance 所写，签名在 FILE.p7s）：由 --service-certificate 那张证书签名、\n" +
			"三十天之内、全部通过、属于同一部门，才登记部门系统的证书。缺一不可。" + cli.Between +
			"Checks the certificate of conformance that elicense conformance wrote (its signature is FILE.p7s): signed with the\n" +
			"certificate of --service-certificate, within thirty days, every step passed, of the same department. Only then the\n" +
			"certificates of the department's system are registered.",
		Example: "  elicense caller promote market-1 --caller department-1 --conformance conformance.json \\\n" +
			"    --service-certificate sandbox.pem --certificate sign.pem --certificate tls.pem --pin",
		RunE: func(cmd *cobra.Command, args []string) error {
			p.ID, p.Role = args[0], identity.RoleDepartmentSystem
			return c.atRegistry(cmd.Context(), operator("登记调用系统"), func(d registrar) error {
				return c.promote(cmd.Context(), d, &p)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&p.Caller, "caller", "", "以哪个已登记的调用方的身份 / registered caller as which it acts")
	f.StringVar(&p.as, "sandbox-caller", "", "沙箱中的调用方，缺省同 --caller / what the sandbox calls it; as --caller if not given")
	f.StringVar(&p.certificate, "conformance", "", "接入符合性证书 / certificate of conformance")
	f.StringVar(&p.service, "service-certificate", "", "沙箱服务的签名证书，由其运行单位给出 / with which the sandbox signs, from its operator")
	f.StringSliceVar(&p.certificates, "certificate", nil, "部门系统的证书，PEM / certificates of the department's system, PEM")
	f.BoolVar(&p.pin, "pin", false, "连接证书只认这一张 / take certificates of connections by themselves")
	f.StringSliceVar(&p.Types, "only", nil, "只限这些证照类型，名称或代码 / for these licence types only, by name or code")
	cli.MustHave(cmd, "caller", "conformance", "service-certificate", "certificate")
	return cmd
}

// promote registers a system whose run has passed.
func (c *program) promote(ctx context.Context, d registrar, p *promoting) error {
	caller, err := callerNamed(ctx, d, p.Caller)
	if err != nil {
		return err
	}
	content, err := c.readLimited(p.certificate)
	if err != nil {
		return err
	}
	signature, err := c.readLimited(p.certificate + ".p7s")
	if err != nil {
		return err
	}
	service, err := certificatesIn(p.service)
	if err != nil {
		return err
	}
	if p.as == "" {
		p.as = p.Caller
	}
	_, err = conformance.OpenCertificate(content, signature, conformance.Wanted{
		Service: service[0], Caller: p.as, Department: caller.Department, Now: c.Now(),
	})
	if err != nil {
		return promotionTold(err)
	}
	return c.register(ctx, d, &p.registering)
}

// promotionWords say why a certificate does not count.
var promotionWords = map[conformance.Reason][2]string{
	conformance.ReasonFormat:    {"不是接入符合性证书", "it is no certificate of conformance"},
	conformance.ReasonSignature: {"不是该沙箱服务签名的，或签名后被改动", "that sandbox has not signed it, or it was changed since"},
	conformance.ReasonSandbox:   {"签名的服务不是沙箱", "the service that signed it is no sandbox"},
	conformance.ReasonFailed:    {"没有全部通过", "not every step has passed"},
	conformance.ReasonProof:     {"提交时没有同时用登记的连接证书和报文签名", "it was not handed in over mutual TLS in a signed message"},
	conformance.ReasonCaller:    {"属于别的调用方或部门", "it is of another caller or department"},
	conformance.ReasonAge:       {"已过三十天，或签发时间不对；请重新运行 elicense conformance", "it is older than thirty days, or of another time; run elicense conformance again"},
}

func promotionTold(err error) error {
	var r *conformance.RefusalError
	if !errors.As(err, &r) {
		return err
	}
	w := promotionWords[r.Reason]
	return &cli.ToldError{
		Err: err, Code: "conformance-" + string(r.Reason), Zh: "接入符合性证书不能用：" + w[0], En: "the certificate of conformance does not count: " + w[1],
	}
}
