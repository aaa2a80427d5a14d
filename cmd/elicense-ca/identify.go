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
	text, err := readLimited(path)
	if err != nil || !isPEM(text) {
		return text, err
	}
	block, rest := pem.Decode(text)
	if block == nil || block.Type != kind || len(bytes.TrimSpace(rest)) > 0 {
		return nil, &cli.UsageError{Zh: path + " 应只有一个 " + kind, En: path + " wants one " + kind + " and nothing else"}
	}
	return block.Bytes, nil
}

func isPEM(text []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(text), []byte("-----BEGIN")) }

func readLimited(path string) ([]byte, error) {
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
	return text, nil
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
func (c *program) certificateID(text string) (ca.CertificateID, error) {
	if _, err := os.Stat(c.path(text)); err != nil {
		return parseCertificateID(text)
	}
	cert, _, err := readBundle(c.path(text))
	if err != nil {
		return ca.CertificateID{}, err
	}
	serial, ok := ca.SerialOf(cert.Serial)
	if !ok || len(cert.AuthorityKeyID) != len(ca.KeyID{}) {
		return ca.CertificateID{}, &cli.UsageError{Zh: text + " 不是本机构签发的", En: text + " was not issued by an authority of this kind"}
	}
	return ca.CertificateID{Issuer: ca.KeyID(cert.AuthorityKeyID), Serial: serial}, nil
}

// readBundle reads a certificate in DER, or in PEM with those of its issuers behind it. One that only a tolerant reader
// takes says so in Tolerances.
func readBundle(path string) (*pki.Certificate, []*pki.Certificate, error) {
	text, err := readLimited(path)
	if err != nil {
		return nil, nil, err
	}
	if !isPEM(text) {
		c, err := pki.ParseTolerant(text)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", path, err)
		}
		return c, nil, nil
	}
	first, rest := pem.Decode(text)
	if first == nil || first.Type != "CERTIFICATE" {
		return nil, nil, &cli.UsageError{Zh: path + " 不是证书文件", En: path + " is no file of certificates"}
	}
	c, err := pki.ParseTolerant(first.Bytes)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(bytes.TrimSpace(rest)) == 0 {
		return c, nil, nil
	}
	issuers, err := pki.ParseCertificatesPEM(rest)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, issuers, nil
}

// readWord reads a file that holds one word, such as a number that is not to stand on a command line.
func readWord(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("reading a file: %w", err)
	}
	words := strings.Fields(string(text))
	if len(words) != 1 {
		return "", &cli.UsageError{Zh: path + " 应只有一个号码", En: path + " wants one number and nothing else"}
	}
	return words[0], nil
}
