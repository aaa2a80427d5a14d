package main

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/elicense/elicense/pki"
)

// transcript is the record of a ceremony: lines of a key and words, signed as a C2SP note.
type transcript struct{ lines strings.Builder }

const transcriptHeader = "elicense-ca ceremony v1\n"

// add writes one line; line breaks in words would make two of it and become blanks.
func (t *transcript) add(words ...string) {
	for i, w := range words {
		if i > 0 {
			t.lines.WriteByte(' ')
		}
		t.lines.WriteString(strings.Join(strings.Fields(w), " "))
	}
	t.lines.WriteByte('\n')
}

func (t *transcript) String() string { return transcriptHeader + t.lines.String() }

// addCRL enters a CRL.
func (t *transcript) addCRL(der []byte) error {
	crl, err := pki.ParseCRL(der)
	if err != nil {
		return err
	}
	t.add("crl", crl.Number.String(), "next-update", crl.NextUpdate.Format(time.RFC3339), "digest", digestOf(der))
	return nil
}

// addCertificate enters the certificate of an authority.
func (t *transcript) addCertificate(c *pki.Certificate) {
	t.add("certificate", c.Subject, "digest", digestOf(c.Raw))
}

// sign gives the record with signatures.
func (t *transcript) sign(signers ...note.Signer) ([]byte, error) {
	signed, err := note.Sign(&note.Note{Text: t.String()}, signers...)
	if err != nil {
		return nil, fmt.Errorf("signing the record of the ceremony: %w", err)
	}
	return signed, nil
}
