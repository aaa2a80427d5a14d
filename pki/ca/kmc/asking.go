package kmc

import (
	"context"
	"crypto"
	"fmt"

	"github.com/elicense/elicense/internal/envelope"
	"github.com/elicense/elicense/pki"
)

// asking is one statement put before the custodians of a set.
type asking struct {
	set       *Custody
	statement *Statement
	text      []byte // the statement as signed
	session   crypto.Decrypter
}

// ask completes a statement for a set: case, time and a session key of its own.
func (c *Centre) ask(set *Custody, s Statement) (*asking, error) {
	key, err := pki.GenerateKey(c.config.Rand)
	if err != nil {
		return nil, err
	}
	session, ok := key.(crypto.Decrypter)
	if !ok {
		return nil, fmt.Errorf("%w: session key cannot decrypt", ErrConfig)
	}
	if s.Session, err = pki.PublicKeyOf(key.Public()); err != nil {
		return nil, err
	}
	if s.Case == "" {
		if s.Case, err = newCase(c.config.Rand); err != nil {
			return nil, err
		}
	}
	s.Time, s.Custody = c.now(), set.Generation
	text, err := s.Marshal()
	if err != nil {
		return nil, err
	}
	return &asking{set: set, statement: &s, text: text, session: session}, nil
}

// answer is the approval of one custodian.
type answer struct {
	place     int // in the set, from 0
	custodian Fingerprint
	approval  Approval
}

// gather asks participants until need of them have approved. Strangers, doubles and false signatures end it; a
// custodian who declines or cannot be reached does not. shares are those of the custodian at a place.
func (a *asking) gather(
	ctx context.Context, participants []Participant, need int, shares func(place int) [][]byte,
) ([]answer, error) {
	places, err := a.places(participants)
	if err != nil {
		return nil, err
	}
	var answers []answer
	for i, p := range participants {
		if len(answers) == need {
			break
		}
		q := Question{Statement: a.text, Shares: shares(places[i])}
		given, err := p.Answer(ctx, q)
		if err != nil {
			continue
		}
		if pki.VerifySM2(a.set.Custodians[places[i]].Signing, a.text, given.Signature) != nil {
			return answers, refuse(ReasonApproval, "custodian %d did not sign the statement", places[i]+1)
		}
		if len(given.Shares) != len(q.Shares) {
			return answers, refuse(ReasonShare, "custodian %d gave %d shares", places[i]+1, len(given.Shares))
		}
		answers = append(answers, answer{place: places[i], custodian: p.Custodian(), approval: given})
	}
	if len(answers) < need {
		return answers, refuse(ReasonApproval, "%d of %d approvals", len(answers), need)
	}
	return answers, nil
}

// places finds each participant in the set.
func (a *asking) places(participants []Participant) ([]int, error) {
	if len(participants) > len(a.set.Custodians) {
		return nil, refuse(ReasonCustodian, "%d participants", len(participants))
	}
	seen := map[int]bool{}
	places := make([]int, len(participants))
	for i, p := range participants {
		if p == nil {
			return nil, refuse(ReasonCustodian, "participant %d is missing", i+1)
		}
		place, ok := a.set.place(p.Custodian())
		if !ok || seen[place] {
			return nil, refuse(ReasonCustodian, "participant %d is no custodian of the set, or there twice", i+1)
		}
		seen[place], places[i] = true, place
	}
	return places, nil
}

// points opens what the custodians gave for one key: each the n-th of his shares.
func (a *asking) points(answers []answer, n int, key KeyID, stored []wrappedShare) ([]point, error) {
	var points []point
	for _, given := range answers {
		s, err := a.open(given, n, stored)
		if err != nil {
			return nil, err
		}
		if s.key != key || s.generation != a.set.Generation || int(s.point.x) != given.place+1 {
			return nil, refuse(ReasonShare, "custodian %d gave a share of something else", given.place+1)
		}
		points = append(points, s.point)
	}
	return points, nil
}

func (a *asking) open(given answer, n int, stored []wrappedShare) (share, error) {
	plain, err := envelope.Decrypt(a.session, given.approval.Shares[n])
	if err != nil {
		return share{}, refuse(ReasonShare, "custodian %d gave a share that does not open", given.place+1)
	}
	defer clear(plain)
	s, ok := parseShare(plain)
	if !ok || given.place >= len(stored) || stored[given.place].check != shareCheck(plain) {
		return share{}, refuse(ReasonShare, "custodian %d gave a false share", given.place+1)
	}
	return s, nil
}

// approvers are the answers as they stand in the transcript.
func approvers(answers []answer) []Approver {
	var out []Approver
	for _, a := range answers {
		out = append(out, Approver{Custodian: a.custodian, Signature: a.approval.Signature})
	}
	return out
}
