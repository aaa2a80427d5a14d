package main

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client"
	"github.com/elicense/elicense/client/conformance"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/server"
	"github.com/elicense/elicense/signing"
)

// conformanceOrder is what the flags of conformance say.
type conformanceOrder struct {
	trust

	server, cacert       string
	caller               string // in a sandbox on this machine
	department, centre   credentials
	kind, division, item string
	values               string
	service, out         string
	receiver             string
}

// credentials are files by which a caller proves itself.
type credentials struct{ bearer, key, cert, tlsKey, tlsCert string }

func (c *program) conformanceCommand() *cobra.Command {
	var o conformanceOrder
	cmd := &cobra.Command{
		Use:   "conformance --server URL",
		Short: "接入符合性测试：走完部门的一天，取得签名的证书 / go through a department's whole day, get a signed certificate",
		Long: "对沙箱服务走完一个部门的一天：签发、重试、预留与确认、更正、暂停与恢复、成批、比对、查询、文件、事件流、注销，以及两类连接器。\n" +
			"全部通过后由服务核对自己的记录并签名，写成 -o 和 -o.p7s。与沙箱在同一台机器上时，密钥和信任取自其数据目录 (-d)；\n" +
			"否则用各参数给出。证书用于 elicense caller promote。" + cli.Between +
			"Goes through a department's day against a sandbox: issue, retry, reserve and confirm, correct, suspend and " +
			"resume, batches,\ncomparisons, look-ups, documents, the feed, the end of a licence, and the two kinds of connectors. When " +
			"all has passed the\nservice holds it against its own records and signs; that is written to -o and -o.p7s. On the sandbox's own " +
			"machine keys and\ntrust are those of its data directory (-d), else of the flags. elicense caller promote takes the certificate.",
		Example: "  elicense conformance --server https://127.0.0.1:8443\n" +
			"  elicense conformance --server https://沙箱:8443 --cacert 沙箱.pem --key 部门.key --cert 部门.pem --centre-bearer 大厅.key --trust 信任目录",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.conformance(cmd.Context(), &o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.server, "server", "", "服务地址 / address of the service")
	f.StringVar(&o.cacert, "cacert", "", "为服务作保的机构 PEM / authorities of the service, PEM")
	f.StringVar(&o.caller, "caller", fixtures.Caller(0), "本机沙箱中的哪个部门系统 / which system of a sandbox on this machine")
	f.StringVar(&o.department.bearer, "bearer", "", "部门系统的沙箱密钥文件 / file with the sandbox's key of the department's system")
	f.StringVar(&o.department.key, "key", "", "部门系统的 SM2 私钥 PEM / SM2 key of the department's system")
	f.StringVar(&o.department.cert, "cert", "", "其证书 PEM / its certificate")
	f.StringVar(&o.department.tlsKey, "tls-key", "", "部门系统双向 TLS 的私钥 PEM / its key for mutual TLS")
	f.StringVar(&o.department.tlsCert, "tls-cert", "", "其证书 PEM / its certificate for mutual TLS")
	f.StringVar(&o.centre.bearer, "centre-bearer", "", "中心业务系统的沙箱密钥文件 / the same of the centre's business system")
	f.StringVar(&o.centre.key, "centre-key", "", "中心业务系统的 SM2 私钥 PEM / its SM2 key")
	f.StringVar(&o.centre.cert, "centre-cert", "", "其证书 PEM / its certificate")
	f.StringVar(&o.kind, "type", "", "证照类型，代码或名称，缺省为本部门可签发的第一种 / licence type, by code or name; the first that the department may issue if not given")
	f.StringVar(&o.division, "division", "350102", "行政区划代码 / division of the numbers")
	f.StringVar(&o.values, "values", "", "样例要素 JSON，用于编造不出的 / elements that cannot be made up, JSON")
	f.StringVar(&o.item, "item", sandboxItem, "中心业务系统登记的事项 / item for which the centre is registered")
	f.StringVar(&o.service, "service-certificate", "", "服务的签名证书，用于核验推送 / certificate with which the service signs messages")
	f.StringVar(&o.receiver, "receiver", "", "接收推送的本机地址 / address of this machine that takes webhooks")
	f.StringVarP(&o.out, "out", "o", "conformance.json", "证书写到哪里 / where to write the certificate")
	o.flags(cmd)
	cli.MustHave(cmd, "server")
	return cmd
}

func (c *program) conformance(ctx context.Context, o *conformanceOrder) error {
	c.fromSandbox(o)
	values, err := sampleValues(o.values)
	if err != nil {
		return err
	}
	verifier, err := c.verifier(ctx, &o.trust)
	if err != nil {
		return err
	}
	k, err := c.clients(ctx, o)
	if err != nil {
		return err
	}
	defer k.close()
	k.Division, k.Item, k.Values = o.division, o.item, values
	k.Verifier, k.Now, k.Rand, k.Receiver = verifier, c.Now, c.Rand, o.webhooks()
	report, err := conformance.Run(ctx, k.Config)
	if err != nil {
		return err
	}
	return c.concludeConformance(ctx, o, k.system, report)
}

// sampleValues reads elements by name; none if there is no file.
func sampleValues(path string) (map[string]string, error) {
	if path == "" {
		return map[string]string{}, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var values map[string]string
	if json.Unmarshal(text, &values) != nil {
		return nil, cli.Usage(path+` 应是 JSON 对象，如 {"KZ_ZS": "示例路1号"}`, path+` is to be a JSON object like {"KZ_ZS": "示例路1号"}`)
	}
	return values, nil
}

// concludeConformance has a run that passed certified, and shows any.
func (c *program) concludeConformance(
	ctx context.Context, o *conformanceOrder, system *client.Client, r *api.ConformanceReport,
) error {
	if !r.Passed {
		if err := c.showConformance(r, o, ""); err != nil {
			return err
		}
		return &cli.ExitError{Code: cli.ExitFailed}
	}
	pass, err := system.Certify(ctx, r)
	if err != nil {
		return errors.Join(c.showConformance(r, o, ""), conformanceTold(err))
	}
	if err := errors.Join(writeFile(o.out, pass.Certificate), writeFile(o.out+".p7s", pass.Signature)); err != nil {
		return err
	}
	return c.showConformance(r, o, o.out)
}

// showConformance prints a report; certificate: where it was written, "" if there is none.
func (c *program) showConformance(r *api.ConformanceReport, o *conformanceOrder, certificate string) error {
	return c.Emit(map[string]any{"report": r, "certificate": certificate}, func() {
		marks := map[string]string{api.ConformancePassed: "✓", api.ConformanceFailed: "✗", api.ConformanceSkipped: "-"}
		for i := range r.Steps {
			s := &r.Steps[i]
			c.Fact("  %s %-14s %-12s %s  %d ms", marks[s.Outcome], s.ID, strings.Join(s.Rows, " "), c.Say(s.Zh, s.En), s.Millis)
			if s.Outcome != api.ConformancePassed {
				c.Tell("      应为：%s", "      expected: %s", s.Expected)
				c.Tell("      实际：%s", "      found: %s", s.Found)
			}
		}
		if !r.Passed {
			c.Tell("没有通过；如是编造的要素不合类型要求，用 --values 给出样例", "not passed; if the made-up elements do not fit the type, give a sample with --values")
		}
		if certificate == "" {
			return
		}
		where := "-d " + c.dir // what it was gone through with is what it is verified with
		if o.trust.folder != "" {
			where = "--trust " + o.trust.folder
		}
		c.Tell("通过。证书：%s，签名：%s.p7s；核验：elicense %s verify %s.p7s",
			"passed; certificate %s, signature %s.p7s; elicense %s verify %s.p7s", certificate, certificate, where, certificate)
	})
}

// fromSandbox fills in what the data directory of a sandbox on this machine has.
func (c *program) fromSandbox(o *conformanceOrder) {
	set := func(where *string, name string) {
		path := filepath.Join(c.dir, name)
		if _, err := os.Stat(path); *where == "" && err == nil {
			*where = path
		}
	}
	set(&o.cacert, sandboxCertificate)
	if o.centre.key == "" {
		set(&o.centre.bearer, filepath.Join(sandboxKeys, fixtures.Hall))
	}
	set(&o.service, vaultFile)
	if u, err := url.Parse(o.server); err == nil && o.receiver == "" && isLoopback(net.JoinHostPort(u.Hostname(), "0")) {
		o.receiver = "127.0.0.1:0"
	}
}

// webhooks is where messages are taken; nil: nowhere.
func (o *conformanceOrder) webhooks() *conformance.Receiver {
	if o.receiver == "" || o.service == "" {
		return nil
	}
	certs, err := certificatesIn(o.service)
	if err != nil {
		return nil
	}
	return &conformance.Receiver{Listen: o.receiver, Certificates: certs[:1]}
}

// certifier signs certificates of conformance with the key of the service.
func (c *program) certifier(h *house) server.Certifier {
	if h.service.Load().Key == nil {
		return nil // the key is elsewhere, and the service gives none
	}
	return &certifier{c, h}
}

// certifier signs with the certificate that the vault has when it is asked.
type certifier struct {
	c *program
	h *house
}

// Detached implements server.Certifier.
func (x *certifier) Detached(ctx context.Context, content []byte) ([]byte, error) {
	config := *x.h.service.Load()
	config.WithCertificates, config.WithAttributes, config.WithBinding = true, true, true
	config.Now, config.Rand = x.c.Now, x.c.Rand
	signer, err := signing.NewSigner(config)
	if err != nil {
		return nil, err
	}
	return signer.Detached(ctx, content)
}
