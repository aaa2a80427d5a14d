package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
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

// tlsFiles names the files of the server's certificate and key, and makes those of a sandbox.
func (c *program) tlsFiles(h *house, s *serveSettings) (certificate, key string, err error) {
	if s.Certificate != "" {
		return s.Certificate, s.Key, nil
	}
	if !h.settings.Sandbox {
		return "", "", cli.Usage(
			"缺少 TLS 证书：请在 "+serviceFile+" 中写明 certificate 和 key，或在本机回环地址上用 --plain",
			"there is no TLS certificate: name certificate and key in "+serviceFile+", or use --plain on loopback")
	}
	return sandboxCertificate, sandboxServerKey, c.makeSandboxCertificate(h.dir)
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
