package main

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"os"
	"strings"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

// maxDER bounds requests, certificates and CRLs that are read from files.
const maxDER = 64 << 20

// readDER reads a file in DER, or in PEM with one block of a kind.
func readDER(path, kind string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("reading a file: %w", err)
	}
	if info.Size() > maxDER {
		return nil, &cli.UsageError{Zh: path + " 太大", En: path + " is too large"}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading a file: %w", err)
	}
	if !bytes.HasPrefix(bytes.TrimSpace(text), []byte("-----BEGIN")) {
		return text, nil
	}
	block, rest := pem.Decode(text)
	if block == nil || block.Type != kind || len(bytes.TrimSpace(rest)) > 0 {
		return nil, &cli.UsageError{Zh: path + " 应只有一个 " + kind, En: path + " wants one " + kind + " and nothing else"}
	}
	return block.Bytes, nil
}

// parseCertificateID reads ISSUER/SERIAL, the issuer as key identifier.
func parseCertificateID(text string) (ca.CertificateID, error) {
	issuer, serial, ok := strings.Cut(text, "/")
	wrong := &cli.UsageError{
		Zh: "证书应写作 签发者密钥标识/序列号，或给出证书文件：" + text,
		En: "a certificate is written ISSUER-KEY/SERIAL, or given as a file: " + text,
	}
	if !ok {
		return ca.CertificateID{}, wrong
	}
	key, err := ca.ParseKeyID(issuer)
	if err != nil {
		return ca.CertificateID{}, wrong
	}
	number, err := ca.ParseSerial(serial)
	if err != nil {
		return ca.CertificateID{}, wrong
	}
	return ca.CertificateID{Issuer: key, Serial: number}, nil
}

// certificateID finds which certificate is meant: ISSUER/SERIAL, or a certificate file.
func certificateID(text string) (ca.CertificateID, error) {
	if _, err := os.Stat(text); err != nil {
		return parseCertificateID(text)
	}
	c, err := readCertificate(text)
	if err != nil {
		return ca.CertificateID{}, err
	}
	serial, ok := ca.SerialOf(c.Serial)
	if !ok || len(c.AuthorityKeyID) != len(ca.KeyID{}) {
		return ca.CertificateID{}, &cli.UsageError{Zh: text + " 不是本机构签发的", En: text + " was not issued by an authority of this kind"}
	}
	return ca.CertificateID{Issuer: ca.KeyID(c.AuthorityKeyID), Serial: serial}, nil
}

// readCertificate reads one certificate; one that only a tolerant reader takes says so in Tolerances.
func readCertificate(path string) (*pki.Certificate, error) {
	der, err := readDER(path, "CERTIFICATE")
	if err != nil {
		return nil, err
	}
	c, err := pki.ParseTolerant(der)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}
