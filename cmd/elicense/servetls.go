package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/elicense/elicense/internal/cli"
)

// Where a sandbox keeps the certificate of its server. It vouches for itself, and clients are given it as their anchor.
const (
	sandboxCertificate = "keys/sandbox/server.pem"
	sandboxServerKey   = "keys/sandbox/server-key.pem"
	sandboxServerFor   = 825 * 24 * time.Hour
)

// tlsConfig is nil for plain HTTP.
func (c *program) tlsConfig(h *house, s *serveSettings) (*tls.Config, error) {
	if s.Plain {
		return nil, nil //nolint:nilnil // there is none, and that is no error
	}
	certificate, key := s.Certificate, s.Key
	if certificate == "" {
		if !h.settings.Sandbox {
			return nil, cli.Usage(
				"缺少 TLS 证书：请在 "+serviceFile+" 中写明 certificate 和 key，或在本机回环地址上用 --plain",
				"there is no TLS certificate: name certificate and key in "+serviceFile+", or use --plain on loopback")
		}
		certificate, key = sandboxCertificate, sandboxServerKey
		if err := c.makeSandboxCertificate(h.dir); err != nil {
			return nil, err
		}
	}
	pair, err := tls.LoadX509KeyPair(within(h.dir, certificate), within(h.dir, key))
	if err != nil {
		return nil, badService("TLS 证书不能用："+err.Error(), "the TLS certificate cannot be used: "+err.Error())
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	return config, trustClients(h.dir, s.ClientCA, config)
}

// trustClients asks callers for their certificates. The connection proves that they have the key; whether the
// certificate is registered and holds is judged for every request (server/identity), since it may change under an open
// connection. The authorities of client_ca are named to them, so that they find the right one.
func trustClients(dir, path string, config *tls.Config) error {
	config.ClientAuth = tls.RequestClientCert
	if path == "" {
		return nil
	}
	text, err := os.ReadFile(within(dir, path))
	if err != nil {
		return about(err, path)
	}
	config.ClientCAs = x509.NewCertPool()
	if !config.ClientCAs.AppendCertsFromPEM(text) {
		return badService("client_ca 中没有证书："+path, "there is no certificate in client_ca: "+path)
	}
	return nil
}

// within is a path of the settings, relative to the data directory unless it is absolute.
func within(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// makeSandboxCertificate makes the sandbox's server certificate unless there is one.
func (c *program) makeSandboxCertificate(dir string) error {
	path := filepath.Join(dir, sandboxCertificate)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), c.Rand)
	if err != nil {
		return fmt.Errorf("making a server key: %w", err)
	}
	serial := make([]byte, 16)
	if _, err := c.Rand.Read(serial); err != nil {
		return err
	}
	now := c.Now()
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial), Subject: pkix.Name{CommonName: "elicense sandbox"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(sandboxServerFor),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	der, err := x509.CreateCertificate(c.Rand, template, template, key.Public(), key)
	if err != nil {
		return fmt.Errorf("making a server certificate: %w", err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("writing a server key: %w", err)
	}
	// The key first: with the certificate in place, both are.
	for _, f := range []struct {
		path, kind string
		der        []byte
	}{{sandboxServerKey, "PRIVATE KEY", secret}, {sandboxCertificate, "CERTIFICATE", der}} {
		text := pem.EncodeToMemory(&pem.Block{Type: f.kind, Bytes: f.der})
		if err := writeFile(filepath.Join(dir, f.path), text); err != nil {
			return err
		}
	}
	return nil
}
