package kmc

import (
	"context"
	"crypto"
	"errors"
	"io"

	"github.com/elicense/elicense/internal/envelope"
	"github.com/elicense/elicense/pki"
)

// Question is what a custodian is asked: to approve the statement and to give the shares it speaks of.
type Question struct {
	Statement []byte   // as Statement.Marshal writes it
	Shares    [][]byte // his shares as stored: SM2Cipher to his key; for a re-wrapping any number, else one
}

// Approval is a custodian's yes.
type Approval struct {
	Signature []byte   // SM2 over the statement
	Shares    [][]byte // in the order of the question: SM2Cipher to the statement's session key
}

// Participant is a custodian who takes part: at his own machine, or with his token at the console.
type Participant interface {
	// Custodian is who he says he is; his signature shows it.
	Custodian() Fingerprint

	// Answer approves or returns an error. It may take as long as a person takes.
	Answer(ctx context.Context, q Question) (Approval, error)
}

// ErrDeclined is returned by a custodian's token for what its holder does not approve or should not.
var ErrDeclined = errors.New("kmc: custodian does not approve")

// Token is a custodian with his keys at hand.
type Token struct {
	Who       Custodian
	Signer    crypto.Signer    // of Who.Signing
	Decrypter crypto.Decrypter // of Who.Encryption
	Rand      io.Reader
	// Consent shows the statement to the person and returns nil if he agrees. A re-wrapping asks with the same
	// statement again and again. Nil: he never agrees.
	Consent func(*Statement) error
}

var _ Participant = (*Token)(nil)

// Custodian implements Participant.
func (t *Token) Custodian() Fingerprint { return t.Who.Fingerprint() }

// Answer implements Participant. Each share must belong to what the statement says: to its key, or, when a whole set
// is handed over, to its set. So an approval for one key cannot be used to open another.
func (t *Token) Answer(_ context.Context, q Question) (Approval, error) {
	statement, err := ParseStatement(q.Statement)
	if err != nil {
		return Approval{}, err
	}
	if t.Signer == nil || t.Decrypter == nil || t.Rand == nil || t.Consent == nil ||
		statement.Act != ActRewrap && len(q.Shares) != 1 {
		return Approval{}, ErrDeclined
	}
	if err := t.Consent(statement); err != nil {
		return Approval{}, errors.Join(ErrDeclined, err)
	}
	var a Approval
	for _, cipher := range q.Shares {
		again, err := t.hand(statement, cipher)
		if err != nil {
			return Approval{}, err
		}
		a.Shares = append(a.Shares, again)
	}
	public, err := pki.PublicKeyOf(t.Signer.Public())
	if err != nil {
		return Approval{}, err
	}
	if a.Signature, err = public.Sign(t.Rand, t.Signer, q.Statement); err != nil {
		return Approval{}, err
	}
	return a, nil
}

// hand opens a share and encrypts it to the session.
func (t *Token) hand(statement *Statement, cipher []byte) ([]byte, error) {
	plain, err := envelope.Decrypt(t.Decrypter, cipher)
	if err != nil {
		return nil, errors.Join(ErrDeclined, err)
	}
	defer clear(plain)
	s, ok := parseShare(plain)
	if !ok || s.generation != statement.Custody || !statement.speaksOf(s.key) {
		return nil, ErrDeclined
	}
	return envelope.Encrypt(t.Rand, statement.Session, plain)
}

// speaksOf tells whether approving the statement hands out the share of that key. A founding asks for a share of no
// key.
func (s *Statement) speaksOf(key KeyID) bool {
	switch s.Act {
	case ActUserRecovery, ActJudicialRecovery:
		return key == s.Key
	case ActRewrap:
		return key != KeyID{}
	case ActFounding:
		return key == KeyID{}
	default:
		return false
	}
}
