package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/elicense/elicense/client"
	"github.com/elicense/elicense/client/conformance"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cli"
)

// systemKeys are by what a department's system proves itself.
type systemKeys struct {
	signature  *client.Key
	connection *tls.Certificate // nil: none, or the service is called without TLS
}

// systemKeys are those that the flags name, or in a sandbox on this machine those of a caller's system.
func (c *program) systemKeys(o *conformanceOrder, caller string) (systemKeys, error) {
	var keys systemKeys
	var err error
	by := o.department
	if by.key == "" {
		if by, keys.signature, err = c.sandboxSystem(caller); err != nil {
			return systemKeys{}, err
		}
	} else {
		key, chain, err := c.openKey(by.key, by.cert)
		if err != nil {
			return systemKeys{}, err
		}
		keys.signature = &client.Key{Certificate: chain[0].Raw, Signer: key}
	}
	if by.tlsCert == "" || !strings.HasPrefix(o.server, "https:") {
		return keys, nil
	}
	pair, err := tls.LoadX509KeyPair(by.tlsCert, by.tlsKey)
	if err != nil {
		return systemKeys{}, cli.Usage("连接证书不能用："+err.Error(), "the certificate of connections cannot be used: "+err.Error())
	}
	keys.connection = &pair
	return keys, nil
}

// sandboxSystem is the system that a sandbox on this machine has made for a caller.
func (c *program) sandboxSystem(caller string) (credentials, *client.Key, error) {
	dir := filepath.Join(c.dir, sandboxSystems, caller)
	text, err := os.ReadFile(filepath.Join(dir, signatureFile))
	if caller == "" || errors.Is(err, os.ErrNotExist) {
		return credentials{}, nil, cli.Usage(
			"缺少部门系统的密钥：用 --key、--cert、--tls-key、--tls-cert 给出（elicense caller enrol 所写），或在沙箱的机器上用 -d 指明其数据目录",
			"the keys of the department's system are missing: name --key, --cert, --tls-key and --tls-cert as elicense caller "+
				"enrol wrote them, or with -d the data directory of a sandbox on this machine")
	}
	if err != nil {
		return credentials{}, nil, err
	}
	passphrase, err := os.ReadFile(filepath.Join(c.dir, sandboxSystems, sandboxPassphrase))
	if err != nil {
		return credentials{}, nil, err
	}
	key, err := client.ParseKey(text, passphrase)
	return credentials{tlsCert: filepath.Join(dir, connectionFile), tlsKey: filepath.Join(dir, connectionKey)}, key, err
}

// connect makes a client with what proves who calls; nothing: nobody.
func (c *program) connect(o *conformanceOrder, keys systemKeys, bearer string) (*client.Client, error) {
	roots, err := rootsIn(o.cacert)
	if err != nil {
		return nil, err
	}
	config := client.Config{URL: o.server, Rand: c.Rand, Now: c.Now, TLS: clientTLS(roots), Key: keys.signature}
	if keys.connection != nil {
		config.TLS.Certificates = []tls.Certificate{*keys.connection}
	}
	if bearer != "" {
		config.Bearer = func(context.Context) (string, error) { return bearer, nil }
	}
	return client.New(config)
}

// conformanceClients are all who take part in a run.
type conformanceClients struct {
	conformance.Config

	system *client.Client // the department's, proven by all that it has
	all    []*client.Client
}

func (k *conformanceClients) close() {
	for _, x := range k.all {
		x.Close()
	}
}

// clients make everybody who takes part.
func (c *program) clients(ctx context.Context, o *conformanceOrder) (*conformanceClients, error) {
	k := &conformanceClients{}
	err := c.joinClients(ctx, o, k)
	if err != nil {
		k.close()
		return nil, err
	}
	return k, nil
}

func (c *program) joinClients(ctx context.Context, o *conformanceOrder, k *conformanceClients) error {
	add := func(into **client.Client, keys systemKeys, bearer string) error {
		x, err := c.connect(o, keys, bearer)
		if err == nil {
			*into, k.all = x, append(k.all, x)
		}
		return err
	}
	caller := o.caller
	if o.department.bearer != "" {
		bearer, err := bearerIn(o.department.bearer)
		if err != nil {
			return err
		}
		if err := add(&k.Department, systemKeys{}, bearer); err != nil {
			return err
		}
		own, err := k.Department.Grounds(ctx)
		if err != nil {
			return conformanceTold(err)
		}
		caller = own.Caller
	}
	if k.Type = o.kind; k.Type == "" && o.department.key == "" {
		k.Type = sandboxTypes[caller]
	}
	keys, err := c.systemKeys(o, caller)
	if err != nil {
		return err
	}
	err = errors.Join(
		add(&k.system, keys, ""), add(&k.Signed, systemKeys{signature: keys.signature}, ""),
		add(&k.Public, systemKeys{}, ""))
	if err != nil {
		return err
	}
	if k.Department == nil {
		k.Department = k.system
	}
	if keys.connection != nil {
		stranger, err := c.unregistered()
		if err != nil {
			return err
		}
		err = errors.Join(add(&k.Connected, systemKeys{connection: keys.connection}, ""),
			add(&k.Stranger, systemKeys{connection: stranger}, ""))
		if err != nil {
			return err
		}
	}
	return c.joinCentre(o, add, &k.Centre)
}

// joinCentre makes the system that only asks.
func (c *program) joinCentre(
	o *conformanceOrder, add func(**client.Client, systemKeys, string) error, into **client.Client,
) error {
	switch by := o.centre; {
	case by.key != "":
		key, chain, err := c.openKey(by.key, by.cert)
		if err != nil {
			return err
		}
		return add(into, systemKeys{signature: &client.Key{Certificate: chain[0].Raw, Signer: key}}, "")
	case by.bearer != "":
		bearer, err := bearerIn(by.bearer)
		if err != nil {
			return err
		}
		return add(into, systemKeys{}, bearer)
	}
	return cli.Usage("缺少中心业务系统的凭据：--centre-bearer 或 --centre-key",
		"the credentials of the centre's business system are missing: --centre-bearer or --centre-key")
}

func bearerIn(path string) (string, error) {
	text, err := os.ReadFile(path)
	return strings.TrimSpace(string(text)), about(err, path)
}

// unregistered is a certificate for connections that vouches for itself, of a key that lasts as long as the run.
func (c *program) unregistered() (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), c.Rand)
	if err != nil {
		return nil, fmt.Errorf("making a key for connections: %w", err)
	}
	now := c.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "nobody"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(c.Rand, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("certifying a key for connections: %w", err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// sandboxTypes are what the departments of a sandbox issue, if nothing else is wanted.
var sandboxTypes = map[string]string{
	fixtures.Caller(0): fixtures.FoodLicence, fixtures.Caller(1): fixtures.HealthLicence,
	fixtures.Caller(2): fixtures.SpecialWork,
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
