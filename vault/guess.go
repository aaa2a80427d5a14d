package vault

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/engine"
)

// Whoever compares often enough learns what the vault holds. So failed comparisons are counted, of each caller about
// each subject in a day, and those past the limit refused, in the transaction of their audit entries: however many ask
// at once, and whatever happens to the process, no answer past the limit is given.

// guessKeys names the counters of failed comparisons of this caller today: of each holder of the licence that was
// found, of the licence if it has none, or of what was asked about. However a licence is asked for, the same counter
// counts.
func (v *Vault) guessKeys(s *session, q *Query, res *Result) [][]byte {
	var subjects [][]byte
	switch {
	case len(res.Found) > 0:
		for i := range res.Found[0].holders {
			subjects = append(subjects, res.Found[0].holders[i][:])
		}
		if subjects == nil {
			subjects = [][]byte{res.Found[0].id[:]}
		}
	case q.Identifier != "":
		if id, err := code.ParseIdentifier(q.Identifier); err == nil {
			t := v.licenceID(id.Type, id.Issuer, id.Serial)
			subjects = [][]byte{t[:]}
		}
	case q.HolderCode != "" && q.HolderKind != "":
		t := v.holderToken(q.HolderKind, holderCode(q.HolderKind, q.HolderCode))
		subjects = [][]byte{t[:]}
	default:
		t := v.token("asked", []byte(q.Type), []byte(plainNumber(q.Number)), []byte(q.Issuer), []byte(q.Batch))
		subjects = [][]byte{t[:]}
	}
	keys := make([][]byte, len(subjects))
	for i := range subjects {
		t := v.token("guess", []byte(s.Caller), subjects[i])
		keys[i] = key(spaceGuess, dateKey(v.today(s.at)), t[:])
	}
	return keys
}

func guesses(r engine.Reader, guess []byte) (int, error) {
	b, err := r.Get(guess)
	if errors.Is(err, engine.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	n, k := binary.Uvarint(b)
	if k <= 0 || n > 1<<31 {
		return 0, fmt.Errorf("%w: guess counter", ErrDamaged)
	}
	return int(n), nil
}

// countGuess refuses who has failed too often about any of the subjects, whatever he was to be told, and counts a
// comparison that failed about each. It writes nothing if it refuses.
func (v *Vault) countGuess(w engine.Writer, guess [][]byte, result string) error {
	failed := make([]int, len(guess))
	for i, k := range guess {
		n, err := guesses(w, k)
		if err != nil {
			return err
		}
		if n >= v.cfg.MaxMismatches {
			return refuse(ErrTooMany, CodeGuessing, "")
		}
		failed[i] = n
	}
	if result == resultMatched {
		return nil
	}
	for i, k := range guess {
		if err := w.Put(k, appendInt(nil, failed[i]+1)); err != nil {
			return err
		}
	}
	return nil
}
