package main

import (
	"context"
	"crypto/tls"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/elicense/elicense/client"
	"github.com/elicense/elicense/internal/cli"
)

// serviceFlags say at which service a command works, and how it proves who calls. What is secret stands in files or in
// the environment: a command line is seen by everybody on the machine.
type serviceFlags struct {
	url         string
	cacert      string
	credentials string        // directory as caller enrol writes it
	token       string        // file with the token
	timeout     time.Duration // of one request; 0: a minute
}

func (s *serviceFlags) flags(f *pflag.FlagSet) {
	f.StringVar(&s.url, "server", "",
		"在此服务上办理，不打开数据目录 (ELICENSE_SERVER) / work at this service instead of a data directory (ELICENSE_SERVER)")
	f.StringVar(&s.cacert, "cacert", "", "为服务的证书作保的机构 PEM (ELICENSE_CACERT) / authorities of the service's "+
		"certificate (ELICENSE_CACERT)")
	f.StringVar(&s.credentials, "credentials", "",
		"本系统密钥的目录，caller enrol 所写 (ELICENSE_CREDENTIALS) / directory of this system's keys, as caller enrol writes it "+
			"(ELICENSE_CREDENTIALS)")
	f.StringVar(&s.token, "token-file", "", "登录令牌或沙箱密钥的文件；或设 ELICENSE_TOKEN / file with a login's token or a "+
		"sandbox's key; or set ELICENSE_TOKEN")
}

// dial makes a client of the service.
func (c *program) dial() (*client.Client, error) {
	s := &c.service
	roots, err := rootsIn(s.cacert)
	if err != nil {
		return nil, err
	}
	cfg := client.Config{
		URL: s.url, Rand: c.Rand, Now: c.Now, TLS: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		Timeout: s.timeout, Clerk: c.access.Clerk,
	}
	if s.credentials != "" {
		if err := c.takeCredentials(&cfg, s.credentials); err != nil {
			return nil, err
		}
	}
	token := ""
	if s.token != "" || s.credentials == "" { // a system that bears a token is two callers
		if token, err = c.token(s.token); err != nil {
			return nil, err
		}
	}
	if token != "" {
		cfg.Bearer = func(context.Context) (string, error) { return token, nil }
	}
	made, err := client.New(cfg)
	if errors.Is(err, client.ErrConfig) {
		return nil, cli.Usage("--server 应为 https://主机[:端口]，只有本机回环地址可用 http；现为 "+s.url,
			"--server is https://HOST[:PORT], http for loopback only, and not "+s.url)
	}
	return made, err
}

// token is that of a file, else of the environment.
func (c *program) token(file string) (string, error) {
	if file == "" {
		return c.Env("ELICENSE_TOKEN"), nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", cli.Usage("其中没有令牌："+file, "there is no token in "+file)
	}
	return token, nil
}

// takeCredentials reads the keys of a system: that of signatures, that of connections, or both.
func (c *program) takeCredentials(cfg *client.Config, dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, signatureFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil {
		secret, err := c.keySecret()
		if err != nil {
			return err
		}
		if cfg.Key, err = client.ParseKey(text, secret); err != nil {
			return cli.Usage("签名密钥打不开：口令不对，或 "+signatureFile+" 不是 caller enrol 所写",
				"the key of signatures does not open: the passphrase is wrong, or caller enrol did not write "+signatureFile)
		}
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, connectionFile), filepath.Join(dir, connectionKey))
	switch {
	case err == nil:
		cfg.TLS.Certificates = []tls.Certificate{pair}
	case !errors.Is(err, fs.ErrNotExist):
		return cli.Usage("连接证书不能用："+dir+"："+err.Error(), "the certificate of connections cannot be used: "+dir+": "+err.Error())
	case cfg.Key == nil:
		return cli.Usage("此目录中没有密钥："+dir+"；它由 caller enrol 写成", "there are no keys in "+dir+"; caller enrol writes it")
	}
	return nil
}
