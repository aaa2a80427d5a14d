package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/server/identity"
)

// signedSystem is the department's system proven by its signatures alone: by --key, or in a sandbox on this machine by a
// key that is registered for the run and revoked by the function that comes with it.
func (c *program) signedSystem(ctx context.Context, o *conformanceOrder, department *client.Client) (
	*client.Client, func(context.Context) error, error,
) {
	nothing := func(context.Context) error { return nil }
	if o.department.key != "" {
		s, err := c.conformanceClient(o, credentials{key: o.department.key, cert: o.department.cert})
		return s, nothing, err
	}
	operator := filepath.Join(c.dir, sandboxKeys, fixtures.Operator)
	if _, err := os.Stat(operator); err != nil {
		return nil, nil, cli.Usage(
			"缺少报文签名的密钥：用 --key 和 --cert 给出（elicense caller enrol 所写），或在沙箱的机器上用 -d 指明其数据目录",
			"there is no key to sign messages with: name --key and --cert as elicense caller enrol wrote them, or with -d the "+
				"data directory of a sandbox on this machine")
	}
	own, err := department.Grounds(ctx)
	if err != nil {
		return nil, nil, conformanceTold(err)
	}
	by, err := c.conformanceClient(o, credentials{bearer: operator})
	if err != nil {
		return nil, nil, err
	}
	return c.temporarySystem(ctx, o, own, by)
}

// temporarySystem registers a made-up key for a caller of the sandbox.
func (c *program) temporarySystem(ctx context.Context, o *conformanceOrder, own *api.Grounds, operator *client.Client) (
	*client.Client, func(context.Context) error, error,
) {
	key, err := c.madeUpKey(own.Department)
	if err != nil {
		return nil, nil, err
	}
	var name [8]byte
	if _, err := io.ReadFull(c.Rand, name[:]); err != nil {
		return nil, nil, err
	}
	id := "conformance-" + hex.EncodeToString(name[:])
	_, err = operator.PutRegistration(ctx, id, api.Registration{
		Caller: own.Caller, Role: string(identity.RoleDepartmentSystem), Department: own.Department,
		Credentials: []api.Credential{{
			Kind: string(identity.CredentialSignature), Certificate: key.Certificate, UncheckedUnsafe: true,
		}},
	})
	if err != nil {
		return nil, nil, conformanceTold(err)
	}
	end := func(ctx context.Context) error {
		_, err := operator.RevokeRegistration(ctx, id, "")
		operator.Close()
		return err
	}
	roots, err := rootsIn(o.cacert)
	if err != nil {
		return nil, nil, errors.Join(err, end(ctx))
	}
	s, err := client.New(client.Config{URL: o.server, Rand: c.Rand, Now: c.Now, TLS: clientTLS(roots), Key: key})
	if err != nil {
		return nil, nil, errors.Join(err, end(ctx))
	}
	return s, end, nil
}

// madeUpKey is a key with a certificate of a made-up authority.
func (c *program) madeUpKey(department string) (*client.Key, error) {
	province, err := fixtures.NewProvince(c.Rand, c.Now)
	if err != nil {
		return nil, err
	}
	signer, chain, err := province.Enrol(ca.ProfileDepartment, fixtures.Department{Name: "示例部门", Code: department})
	if err != nil {
		return nil, err
	}
	return &client.Key{Certificate: chain[0].Raw, Signer: signer}, nil
}

// conformanceTold is a refusal with the sentences of the service.
func conformanceTold(err error) error {
	var p *client.ProblemError
	if !errors.As(err, &p) {
		return err
	}
	var zh, en []string
	for i := range p.Errors {
		d := &p.Errors[i]
		at := strings.TrimSpace(d.Path + " " + d.Found)
		zh, en = append(zh, fmt.Sprintf("%s；%s（%s）", d.Zh, d.FixZh, at)), append(en, fmt.Sprintf("%s; %s (%s)", d.En, d.FixEn, at))
	}
	return &cli.ToldError{Err: err, Code: p.Code, Zh: strings.Join(zh, "\n"), En: strings.Join(en, "\n")}
}
