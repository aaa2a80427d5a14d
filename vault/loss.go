package vault

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
)

// Loss is what an operator gives up for lost of a restored vault whose backup is older than the last published
// checkpoint.
type Loss struct {
	Published ledger.Checkpoint // the last one that was published
	// Beyond is how many events may have been recorded after that checkpoint and before the failure, guessed on the
	// safe side: so many more places in the ledger and numbers of each series are never given again.
	Beyond uint64
	Reason string // why nothing newer can be restored; required
}

// Lost is a loss as it stands in the vault for good. Every checkpoint from then on says it.
type Lost struct {
	From      uint64        `json:"from"`      // leaves from here on are lost …
	To        uint64        `json:"to"`        // … to before here: their places are filled with void leaves
	Published uint64        `json:"published"` // size of the checkpoint that the vault disowns, …
	Root      record.Digest `json:"root"`      // … and its root
	Reason    string        `json:"reason"`
	By        string        `json:"by"`
	At        time.Time     `json:"at"`
	Known     time.Time     `json:"known"`           // when the last event that is left was recorded
	Opened    time.Time     `json:"opened,omitzero"` // when the vault was open again; zero: not yet
}

// maxLoss is the most leaves that may be given up: whoever has lost more looks for a newer backup.
const maxLoss = 1 << 24

// skip is how many numbers each series passes over: every number that was given is an event in the lost part.
func (l *Lost) skip() uint64 { return l.To - l.From }

func lossKey(from uint64) []byte { return key(spaceLoss, be64(from)) }

// extension is the line by which a checkpoint says what is lost.
func (l *Lost) extension() string { return ledger.LostLine(l.From, l.To, ledger.Hash(l.Root)) }

// AcceptLoss opens a restored vault that cannot catch up. What was recorded after the backup is lost: licences and
// changes, revocations too, registrations, consents and classifications; they are to be entered again, and look-ups
// cannot know of them until then. The places of the lost leaves are filled with void ones, so that no place is given
// twice; every series of numbers passes over as many numbers, and says so; nothing counts as fully converted any
// longer; and every checkpoint from now on says what is lost and which published one is disowned. It is for an operator
// with a reason, and stands in the audit. Started again after a crash with the same loss, it goes on.
func (v *Vault) AcceptLoss(ctx context.Context, a Access, loss Loss) (*Lost, error) {
	s, err := v.admit(ctx, a)
	if err != nil {
		return nil, err
	}
	note := auditNote{act: "accept-loss", object: object("checkpoint", strconv.FormatUint(loss.Published.Size, 10))}
	if err := s.mustOperate(); err != nil {
		return nil, v.denied(ctx, s, note, err)
	}
	if p := checkFree("reason", loss.Reason, 500); p != nil || loss.Reason == "" {
		return nil, v.denied(ctx, s, note, refuse(ErrInvalid, CodeReasonMissing, "reason"))
	}
	note.reason = loss.Reason
	lost, err := v.acceptLoss(ctx, s, note, loss)
	if isRefusal(err) {
		return nil, v.denied(ctx, s, note, err)
	}
	return whole(lost, err)
}

func (v *Vault) acceptLoss(ctx context.Context, s *session, note auditNote, loss Loss) (*Lost, error) {
	if _, err := v.sequence(ctx, nil); err != nil {
		return nil, err
	}
	lost, err := v.putLoss(ctx, s, note, loss)
	if err != nil {
		return nil, err
	}
	for more := true; more; {
		if more, err = v.fillLost(ctx, lost); err != nil {
			return nil, err
		}
	}
	for start := []byte{spaceSequence}; start != nil; {
		if start, err = v.passOver(ctx, lost, start); err != nil {
			return nil, err
		}
	}
	note.result, lost.Opened = "opened", s.at
	err = v.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		if err := forgetComplete(w); err != nil {
			return err
		}
		if err := putJSONIn(w, lossKey(lost.From), lost); err != nil {
			return err
		}
		if err := w.Delete([]byte{spaceRestored}); err != nil {
			return err
		}
		return v.appendAudit(w, s, note)
	})
	if err != nil {
		return nil, err
	}
	v.restored.Store(false)
	return lost, nil
}

// putLoss writes the decision down, before anything is done by it.
func (v *Vault) putLoss(ctx context.Context, s *session, note auditNote, loss Loss) (*Lost, error) {
	var lost *Lost
	err := v.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		if err := openForWriting(w); !isRefusal(err) {
			return errors.Join(err, refuse(ErrInvalid, CodeNotRestored, ""))
		}
		begun, err := unfinishedLoss(w)
		if err != nil {
			return err
		}
		if lost = begun; lost == nil {
			if lost, err = v.newLoss(w, s, loss); err != nil {
				return err
			}
			if err := putJSONIn(w, lossKey(lost.From), lost); err != nil {
				return err
			}
		}
		if !lost.is(loss) {
			return refuse(ErrRestored, CodeCheckpoint, "")
		}
		note.result, note.change = "begun", fmt.Sprintf("leaves %d to %d lost", lost.From, lost.To)
		return v.appendAudit(w, s, note)
	})
	return lost, err
}

// is reports whether a loss that was begun is the one that is asked for.
func (l *Lost) is(loss Loss) bool {
	return l.Published == loss.Published.Size && l.Root == record.Digest(loss.Published.Root) &&
		l.To == loss.Published.Size+loss.Beyond && l.Reason == loss.Reason
}

// newLoss measures a loss. A checkpoint that the ledger holds, or contradicts, is no reason to give anything up.
func (v *Vault) newLoss(r engine.Reader, s *session, loss Loss) (*Lost, error) {
	size, _, err := treeHead(r)
	if err != nil {
		return nil, err
	}
	cp := loss.Published
	bad := ledger.CheckCheckpoint(cp) != nil || cp.Origin != v.Name() || cp.Size <= size
	if bad || loss.Beyond > maxLoss || cp.Size+loss.Beyond-size > maxLoss {
		return nil, refuse(ErrRestored, CodeCheckpoint, "")
	}
	lost := &Lost{
		From: size, To: cp.Size + loss.Beyond, Published: cp.Size, Root: record.Digest(cp.Root), Reason: loss.Reason,
		By: s.Caller, At: s.at,
	}
	lost.Known, err = lastRecorded(r)
	return lost, err
}

// lastRecorded is when the last event in the ledger was recorded; zero if there is none.
func lastRecorded(r engine.Reader) (at time.Time, err error) {
	err = r.Scan(engine.Range{Prefix: []byte{spaceStream}, Reverse: true}, func(_, value []byte) (bool, error) {
		for b := value; len(b) >= stagedLeafBytes; b = b[:len(b)-stagedLeafBytes] {
			leaf := b[len(b)-stagedLeafBytes:]
			if isVoid(leaf) {
				continue
			}
			st, err := getStoredEvent(r, licenceID(leaf[:16]), int(be(leaf[16:20]))) //nolint:gosec // four bytes
			if err != nil {
				return false, err
			}
			at = st.event.Recorded
			return false, nil
		}
		return true, nil
	})
	return at, err
}

// losses are all that were accepted, the oldest first.
func losses(r engine.Reader) ([]Lost, error) {
	var list []Lost
	err := r.Scan(engine.Range{Prefix: []byte{spaceLoss}}, func(_, value []byte) (bool, error) {
		var l Lost
		if err := json.Unmarshal(value, &l); err != nil {
			return false, fmt.Errorf("%w: loss", ErrDamaged)
		}
		list = append(list, l)
		return true, nil
	})
	return list, err
}

// givenUp reports whether a checkpoint is of a part that was given up for lost.
func (v *Vault) givenUp(r engine.Reader, cp ledger.Checkpoint) (bool, error) {
	list, err := losses(r)
	for i := range list {
		l := &list[i]
		if cp.Origin != v.Name() {
			break
		}
		if l.From < cp.Size && cp.Size < l.To || l.Published == cp.Size && l.Root == record.Digest(cp.Root) {
			return !l.Opened.IsZero(), err
		}
	}
	return false, err
}

// unfinishedLoss is the one whose acceptance was broken off, or nil.
func unfinishedLoss(r engine.Reader) (*Lost, error) {
	list, err := losses(r)
	if err != nil || len(list) == 0 || !list[len(list)-1].Opened.IsZero() {
		return nil, err
	}
	return &list[len(list)-1], nil
}

// A void leaf stands in the stream for a lost one: no licence, no event, and the commitment that everybody can compute.

func isVoid(leaf []byte) bool { return bytes.Equal(leaf[:20], make([]byte, 20)) }

// fillLost appends void leaves up to the end of a loss, as many as fit one transaction.
func (v *Vault) fillLost(ctx context.Context, lost *Lost) (more bool, err error) {
	v.sequencing.Lock()
	defer v.sequencing.Unlock()
	err = v.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		size, _, err := treeHead(w)
		if err != nil {
			return err
		}
		more = size < lost.To
		if !more {
			return nil
		}
		commitments := make([]ledger.Hash, min(lost.To-size, sequenceLeaves))
		stream := make([]byte, 0, len(commitments)*stagedLeafBytes)
		for i := range commitments {
			commitments[i] = ledger.VoidLeaf(size + uint64(i))
			stream = append(append(stream, make([]byte, 20)...), commitments[i][:]...)
		}
		if err := w.Put(key(spaceStream, be64(size)), stream); err != nil {
			return err
		}
		_, err = appendLeaves(w, size, commitments)
		return err
	})
	return more, err
}

// passOver has a page of series pass over what may have been given in the lost part.
func (v *Vault) passOver(ctx context.Context, lost *Lost, start []byte) (next []byte, err error) {
	const page = 1000
	err = v.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		var found [][2][]byte
		next, found = nil, nil
		err := w.Scan(engine.Range{Prefix: []byte{spaceSequence}, Start: start}, func(k, value []byte) (bool, error) {
			if len(found) == page {
				next = bytes.Clone(k)
				return false, nil
			}
			found = append(found, [2][]byte{bytes.Clone(k), bytes.Clone(value)})
			return true, nil
		})
		if err != nil {
			return err
		}
		for _, f := range found {
			if len(f[1]) != 8 {
				return fmt.Errorf("%w: sequence", ErrDamaged)
			}
			if err := skipNumbers(w, f[0], be(f[1]), lost); err != nil {
				return err
			}
		}
		return nil
	})
	return next, err
}

// forgetComplete removes the declarations of fully converted stock: of what was lost nothing can be said to have never
// been issued.
func forgetComplete(w engine.Writer) error {
	var keys [][]byte
	err := w.Scan(engine.Range{Prefix: []byte{spaceComplete}, KeysOnly: true}, func(k, _ []byte) (bool, error) {
		keys = append(keys, bytes.Clone(k))
		return true, nil
	})
	for i := 0; err == nil && i < len(keys); i++ {
		err = w.Delete(keys[i])
	}
	return err
}
