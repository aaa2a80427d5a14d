package main

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/emmansun/gmsm/sm3"
	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

// registering is what the command line says of a registration.
type registering struct {
	identity.Registration

	role         string
	certificates []string
	pin          bool
	sharing      identity.Sharing
}

func (c *program) callerRegister() *cobra.Command {
	var r registering
	cmd := &cobra.Command{
		Use: "register ID --caller CALLER --certificate FILE...", Args: cobra.ExactArgs(1),
		Short: "登记可调用接口的系统及其证书 / register a system that may call the service, with its certificates",
		Long: "SM2 证书用于报文签名 (RFC 9421)，其他证书用于双向 TLS。连接证书须由 client_ca 中的机构签发；--pin 则只认这一张证书，\n" +
			"不查其签发机构和吊销状态。再次登记即更改；换证期间新旧证书可并存。服务运行时加 --server，由运行单位经接口登记。" + cli.Between +
			"Certificates with an SM2 key are for signatures on messages (RFC 9421), others for mutual TLS. A certificate of a\n" +
			"connection is issued by an authority of client_ca; with --pin it is taken by itself, and neither who issued it nor\n" +
			"whether it is revoked is looked at. To register again is to change; both certificates hold while one follows the\n" +
			"other. While the service runs the operator adds --server.",
		Example: "  elicense caller register market-1 --caller department-1 --role department-system --certificate sign.pem \\\n" +
			"    --certificate tls.pem --pin",
		RunE: func(cmd *cobra.Command, args []string) error {
			r.ID, r.Role = args[0], identity.Role(r.role)
			if r.sharing != (identity.Sharing{}) {
				r.Sharing = &r.sharing
			}
			return c.atRegistry(cmd.Context(), operator("登记调用系统"), func(d registrar) error {
				return c.register(cmd.Context(), d, &r)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&r.Caller, "caller", "", "以哪个已登记的调用方的身份 / registered caller as which it acts")
	f.StringVar(&r.role, "role", string(identity.RoleDepartmentSystem), "角色 / role")
	f.StringSliceVar(&r.certificates, "certificate", nil, "证书文件，PEM / certificates, PEM")
	f.BoolVar(&r.pin, "pin", false, "连接证书只认这一张 / take certificates of connections by themselves")
	f.StringSliceVar(&r.Types, "only", nil, "只限这些证照类型，名称或代码 / for these licence types only, by name or code")
	f.IntVar(&r.Quota.PerSecond, "rate", 0, "每秒请求数上限 / requests a second")
	f.IntVar(&r.Quota.Burst, "burst", 0, "突发请求数上限 / requests at once")
	f.BoolVar(&r.UnsignedWritesUnsafe, "unsigned-writes-unsafe", false, "允许不签名的写操作 / let writes pass unsigned")
	f.StringVar(&r.sharing.Item, "item", "", "共享服务（GB/T 36906）所用事项编码 / item of the sharing services")
	f.StringVar(&r.sharing.Ground, "ground", "", "其依据：issuer 本机构颁发，law 法定 / by which right: issuer, law")
	f.StringVar(&r.sharing.Basis, "basis", "", "法定依据代码 / legal basis")
	f.StringVar(&r.sharing.Name, "name", "", "加注件上写的单位名称 / name of the body on copies")
	cli.MustHave(cmd, "caller", "certificate")
	return cmd
}

func (c *program) register(ctx context.Context, d registrar, r *registering) error {
	caller, err := callerNamed(ctx, d, r.Caller)
	if err != nil {
		return err
	}
	r.Department = caller.Department
	if r.Types, err = d.codes(ctx, r.Types); err != nil {
		return err
	}
	if len(r.Types) == 0 {
		r.Types = nil
	}
	for _, file := range r.certificates {
		list, err := tolerantCertificates(file)
		if err != nil {
			return err
		}
		r.Credentials = append(r.Credentials, credentialOf(list[0], r.pin)) // those behind it are its issuers
	}
	if err := d.putSystem(ctx, r.Registration); err != nil {
		return err
	}
	return c.Emit(registrationJSON(&r.Registration), func() {
		c.Tell("已登记：%s，调用方 %s，证书 %d 张", "registered: %s, caller %s, %d certificates", r.ID, r.Caller, len(r.Credentials))
	})
}

// callerNamed finds a caller in the vault.
func callerNamed(ctx context.Context, d registrar, caller string) (*vault.Caller, error) {
	list, err := d.callers(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(list, func(x vault.Caller) bool { return x.ID == caller })
	if i < 0 {
		return nil, cli.Usage("没有这个调用方："+caller+"；elicense caller list 列出已登记的",
			"there is no caller "+caller+"; elicense caller list shows those that are registered")
	}
	return &list[i], nil
}

// credentialOf is what a certificate is used for by its key.
func credentialOf(cert *pki.Certificate, pin bool) identity.Credential {
	if cert.PublicKey != nil {
		return identity.Credential{Kind: identity.CredentialSignature, Certificate: cert.Raw}
	}
	return identity.Credential{Kind: identity.CredentialTLS, Certificate: cert.Raw, UncheckedUnsafe: pin}
}

// registrationTold says what is wrong with a registration.
func registrationTold(err error) error {
	var r *identity.Refusal
	if !errors.As(err, &r) {
		return err
	}
	at := strings.TrimPrefix(r.Path, "/")
	switch r.Code { //nolint:exhaustive // the rest is not about registrations
	case identity.CodeTaken:
		return cli.Usage("证书已登记给别的系统，或给出两次", "a certificate is registered for another system, or given twice")
	case identity.CodeRegistrationUnknown:
		return cli.Usage("没有这个登记", "there is no such registration")
	case identity.CodeRegistration:
		return cli.Usage("登记内容有误："+at, "the registration is wrong: "+at)
	}
	return err
}

func (c *program) callerSystems() *cobra.Command {
	return &cobra.Command{
		Use: "systems", Short: "列出已登记的系统 / list registered systems", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.atRegistry(cmd.Context(), operator("查看调用系统"), func(d registrar) error {
				list, err := d.systems(cmd.Context())
				if err != nil {
					return err
				}
				out := make([]systemJSON, len(list))
				for i := range list {
					out[i] = registrationJSON(&list[i])
				}
				return c.Emit(out, func() {
					for _, x := range out {
						c.Fact("%-18s  %-18s  %-18s  %d", x.ID, x.Caller, x.Role, len(x.Certificates))
					}
				})
			})
		},
	}
}

func (c *program) callerRevoke() *cobra.Command {
	var certificate string
	cmd := &cobra.Command{
		Use: "revoke ID [--certificate FILE]", Args: cobra.ExactArgs(1),
		Short:   "撤销一个系统的登记或其中一张证书 / revoke a system's registration, or one certificate of it",
		Example: "  elicense caller revoke market-1 --certificate old.pem",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.atRegistry(cmd.Context(), operator("撤销调用系统"), func(d registrar) error {
				var digest *[sm3.Size]byte
				if certificate != "" {
					list, err := tolerantCertificates(certificate)
					if err != nil {
						return err
					}
					digest = &list[0].Digest
				}
				if err := d.revokeSystem(cmd.Context(), args[0], digest); err != nil {
					return err
				}
				return c.Emit(map[string]string{"revoked": args[0]}, func() { c.Tell("已撤销：%s", "revoked: %s", args[0]) })
			})
		},
	}
	cmd.Flags().StringVar(&certificate, "certificate", "", "只撤销这张证书 / this certificate only")
	return cmd
}

// systemJSON is a registration as --json shows it.
type systemJSON struct {
	ID           string   `json:"id"`
	Caller       string   `json:"caller"`
	Role         string   `json:"role"`
	Department   string   `json:"department,omitempty"`
	Types        []string `json:"types,omitempty"`
	Revoked      bool     `json:"revoked"`
	Certificates []string `json:"certificates"` // SM3, as keyid names them
}

func registrationJSON(r *identity.Registration) systemJSON {
	out := systemJSON{
		ID: r.ID, Caller: r.Caller, Role: string(r.Role), Department: r.Department, Types: r.Types,
		Revoked: !r.Revoked.IsZero(), Certificates: make([]string, len(r.Credentials)),
	}
	for i := range r.Credentials {
		out.Certificates[i] = fmt.Sprintf("%x", r.Credentials[i].Digest())
	}
	return out
}

// certificateBlocks reads the certificates of a PEM file as DER, at least one.
func certificateBlocks(path string) ([][]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, about(err, path)
	}
	var list [][]byte
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			list = append(list, block.Bytes)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%w: no certificate in %s", pki.ErrCertificate, filepath.Base(path))
	}
	return list, nil
}
