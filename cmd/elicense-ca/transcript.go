package main

import (
	"crypto"
	"fmt"
	"io"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/elicense/elicense/internal/sm2note"
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

// sign gives the record with the signature of a key under a name.
func (t *transcript) sign(name string, key crypto.Signer, random io.Reader) ([]byte, error) {
	signer, err := sm2note.NewSigner(name, key, random)
	if err != nil {
		return nil, err
	}
	signed, err := note.Sign(&note.Note{Text: t.String()}, signer)
	if err != nil {
		return nil, fmt.Errorf("signing the record of the ceremony: %w", err)
	}
	return signed, nil
}
