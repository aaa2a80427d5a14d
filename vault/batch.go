package vault

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// BatchState is how far a conversion has come.
type BatchState string

// The states of a batch.
const (
	BatchConverting BatchState = "converting" // rows are being worked; the same file goes on where it stopped
	BatchWaiting    BatchState = "waiting"    // done, waits for sampling and sign-off; look-ups do not see it yet
	BatchOpen       BatchState = "open"       // signed off
	BatchUndoing    BatchState = "undoing"
	BatchUndone     BatchState = "undone"
)

// BatchAccount (批次) is the account of one conversion.
type BatchAccount struct {
	ID        string        `json:"id"`
	Type      string        `json:"type"`
	Issuer    string        `json:"issuer"`
	File      record.Digest `json:"file"`
	FileName  string        `json:"file_name"`
	Mapping   record.Digest `json:"mapping"`
	GroupRows int           `json:"group_rows"` // rows that share a transaction
	State     BatchState    `json:"state"`
	Started   time.Time     `json:"started"`
	Finished  time.Time     `json:"finished"`
	By        string        `json:"by"`
	Groups    int           `json:"groups"`
	Counts    record.Counts `json:"counts"`
	Expected  int           `json:"expected,omitempty"`   // rows in the ledger, if known
	FirstLeaf uint64        `json:"first_leaf,omitempty"` // no event of the batch stands in the ledger before
	SignOff   *SignOff      `json:"sign_off,omitempty"`
	Opened    *uint64       `json:"opened,omitempty"` // sequence number of the feed from which others see it
	// Certificate and its signature are made when the batch is finished.
	Certificate          []byte `json:"certificate,omitempty"`
	CertificateSignature []byte `json:"certificate_signature,omitempty"`
}

// SignOff (签核) is the department's word that a sample of the batch was held against the paper.
type SignOff struct {
	By      string    `json:"by"`
	Time    time.Time `json:"time"`
	Sampled int       `json:"sampled"`
	Defects int       `json:"defects"`
	Remark  string    `json:"remark,omitempty"`
}

// BatchSpec names what shall be converted. The same file with the same mapping goes on in its unfinished batch.
type BatchSpec struct {
	Type     string
	File     record.Digest // SM3 of the file
	FileName string        // last element of its path
	Mapping  record.Digest
	Expected int // rows in the ledger, if known
	// Department is the issuer that the mapping is for, if it names one; another department is refused.
	Department string
}

// Batch is a conversion being worked. Its groups are committed in order by one goroutine.
type Batch struct {
	v       *Vault
	s       *session
	typ     *LicenceType
	id      string       // the account's, which never changes
	account BatchAccount // of the committing goroutine
	last    *Committing  // the group started last; of the committing goroutine
}

// groupRows is how many rows of a conversion share a transaction.
const groupRows = 512

// OpenBatch starts a conversion, or goes on with the one that this file left unfinished.
func (v *Vault) OpenBatch(ctx context.Context, a Access, spec BatchSpec) (*Batch, error) {
	b, err := v.newBatch(ctx, a, spec)
	if err != nil {
		return nil, err
	}
	if err := v.writable(ctx); err != nil {
		return nil, v.denied(ctx, b.s, b.note(""), err)
	}
	err = v.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		if err := openForWriting(w); err != nil {
			return err
		}
		if _, err := openType(w, spec.Type); err != nil {
			return err
		}
		if err := b.mayStill(w); err != nil {
			return err
		}
		resumed, run, err := lastRun(w, b.account.ID)
		if err != nil {
			return err
		}
		if resumed != nil {
			b.account, b.id = *resumed, resumed.ID
			return v.appendAudit(w, b.s, b.note("resumed"))
		}
		account := b.account
		account.ID += "-" + strconv.Itoa(run+1)
		if account.FirstLeaf, _, err = treeHead(w); err != nil {
			return err
		}
		if err := putJSONIn(w, batchKey(account.ID), account); err != nil {
			return err
		}
		b.account, b.id = account, account.ID
		return v.appendAudit(w, b.s, b.note("opened"))
	})
	if isRefusal(err) {
		return nil, v.denied(ctx, b.s, b.note(""), err)
	}
	if err != nil {
		return nil, err
	}
	return b, nil
}

// FinishedBatch gives the account of the conversion that brought a file in, with its mapping, if that came to its end
// and was not taken back; nil otherwise.
func (v *Vault) FinishedBatch(ctx context.Context, a Access, spec BatchSpec) (*BatchAccount, error) {
	b, err := v.newBatch(ctx, a, spec)
	if err != nil {
		return nil, err
	}
	var account *BatchAccount
	err = v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		account = nil
		unfinished, run, err := lastRun(r, b.account.ID)
		if err != nil || unfinished != nil || run == 0 {
			return err
		}
		last, err := getBatch(r, b.account.ID+"-"+strconv.Itoa(run))
		if err == nil && (last.State == BatchWaiting || last.State == BatchOpen) {
			account = last
		}
		return err
	})
	if err != nil {
		return nil, b.refused(ctx, err)
	}
	return account, nil
}

// newBatch decides the right to convert and names the batch after what it reads.
func (v *Vault) newBatch(ctx context.Context, a Access, spec BatchSpec) (*Batch, error) {
	s, err := v.admit(ctx, a)
	if err != nil {
		return nil, err
	}
	note := auditNote{act: "convert", typ: spec.Type, issuer: s.caller.Department}
	if err := s.mayIssue(spec.Type, s.caller.Department); err != nil {
		return nil, v.denied(ctx, s, note, err)
	}
	if spec.Department != "" && spec.Department != s.caller.Department {
		return nil, v.denied(ctx, s, note, refuse(ErrDenied, CodeNotIssuer, "department"))
	}
	t, err := v.Type(ctx, spec.Type)
	if err == nil && t.Definition.Classification.Closed() {
		err = refuse(ErrSecret, CodeTypeSecret, "type")
	}
	if err != nil {
		return nil, v.denied(ctx, s, note, err)
	}
	name := record.Sum(slices.Concat([]byte(spec.Type), []byte(s.caller.Department), spec.File[:], spec.Mapping[:]))
	return &Batch{v: v, s: s, typ: t, account: BatchAccount{
		ID: hex.EncodeToString(name[:6]), Type: spec.Type, Issuer: s.caller.Department, File: spec.File,
		FileName: spec.FileName, Mapping: spec.Mapping, GroupRows: groupRows, State: BatchConverting, Started: s.at,
		By: s.Caller, Expected: spec.Expected,
	}}, nil
}

// note is the audit entry of a step of the conversion.
func (b *Batch) note(result string) auditNote {
	return auditNote{
		act: "convert", typ: b.typ.Definition.Code, issuer: b.s.caller.Department, batch: b.id, result: result,
	}
}

// refused puts a refusal of a step into the audit.
func (b *Batch) refused(ctx context.Context, err error) error {
	if !isRefusal(err) {
		return err
	}
	return b.v.denied(ctx, b.now(), b.note(""), err)
}

func batchKey(id string) []byte { return key(spaceBatch, []byte(id)) }

// lastRun finds the unfinished batch of a file, or the number of its last run.
func lastRun(r engine.Reader, name string) (unfinished *BatchAccount, run int, err error) {
	err = r.Scan(engine.Range{Prefix: batchKey(name + "-")}, func(_, value []byte) (bool, error) {
		var b BatchAccount
		if err := json.Unmarshal(value, &b); err != nil {
			return false, fmt.Errorf("%w: batch", ErrDamaged)
		}
		n, err := strconv.Atoi(strings.TrimPrefix(b.ID, name+"-"))
		if err != nil {
			return false, fmt.Errorf("%w: batch", ErrDamaged)
		}
		run = max(run, n)
		switch b.State {
		case BatchConverting:
			unfinished = &b
		case BatchUndoing: // what its rows say of the vault would not last
			return false, refuse(ErrBatch, CodeBatchState, "batch")
		case BatchWaiting, BatchOpen, BatchUndone, BatchImported:
		}
		return true, nil
	})
	return unfinished, run, err
}

// Account is the batch's account as it stands.
func (b *Batch) Account() BatchAccount { return b.account }

// Type is the licence type that is converted.
func (b *Batch) Type() *LicenceType { return b.typ }

// GroupRows is how many rows of the file make a group; the caller cuts the file alike each time.
func (b *Batch) GroupRows() int { return b.account.GroupRows }

// Issuer is the department whose licences are converted.
func (b *Batch) Issuer() (uscc, name string) { return b.s.caller.Department, b.s.caller.Name }

// Today is the day on which the batch was started: rows are judged by it, however long the conversion takes.
func (b *Batch) Today() record.Date { return b.v.today(b.account.Started) }

// getBatch reads an account.
func getBatch(r engine.Reader, id string) (*BatchAccount, error) {
	if id == "" || len(id) > 64 {
		return nil, refuse(ErrNotFound, CodeBatchUnknown, "batch")
	}
	var b BatchAccount
	err := getJSON(r, batchKey(id), &b)
	if errors.Is(err, engine.ErrNotFound) {
		return nil, refuse(ErrNotFound, CodeBatchUnknown, "batch")
	}
	return &b, err
}

// batchOpen reports whether look-ups may see what a batch brought.
func batchOpen(r engine.Reader, id string) (bool, error) {
	_, err := r.Get(key(spaceBatchOpen, []byte(id)))
	if errors.Is(err, engine.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// knownOpen is batchOpen for the hot paths. A batch once open stays so, even when it is undone later row by row; so a
// yes is remembered.
func (v *Vault) knownOpen(r engine.Reader, id string) (bool, error) {
	if _, yes := v.openBatches.Load(id); yes {
		return true, nil
	}
	open, err := batchOpen(r, id)
	if open {
		v.openBatches.Store(id, struct{}{})
	}
	return open, err
}

// Outcome is what became of a row.
type Outcome string

// The outcomes.
const (
	RowCreated   Outcome = "created"   // 新建
	RowUpdated   Outcome = "updated"   // 更新
	RowUnchanged Outcome = "unchanged" // 无变化
	RowConflict  Outcome = "conflict"  // 冲突: the vault knows better, or two rows disagree
	RowRejected  Outcome = "rejected"  // 退回: the row has errors
)

var outcomes = []Outcome{"", RowCreated, RowUpdated, RowUnchanged, RowConflict, RowRejected}

// BatchRow is one row of a group.
type BatchRow struct {
	Row      int      // in the sheet, from 1
	Draft    *Checked // nil for a row that is rejected
	Rejected Code     // first code of a row that is rejected
}

// RowResult is what became of one row.
type RowResult struct {
	Row        int
	Outcome    Outcome
	Code       Code // why a row is in conflict or rejected
	OtherRow   int  // the row of the same file that it is in conflict with, or 0
	id         licenceID
	Version    int
	Identifier string // of the version that the row made; "" if it made none
}

const resultFormat = 1

func encodeResults(list []RowResult) []byte {
	b := make([]byte, 1, 32*len(list)+1)
	b[0] = resultFormat
	for i := range list {
		r := &list[i]
		b = appendInt(b, r.Row)
		b = append(b, byte(slices.Index(outcomes, r.Outcome))) //nolint:gosec // six of them
		b = appendText(b, string(r.Code))
		b = appendInt(b, r.OtherRow)
		b = appendInt(b, r.Version)
		b = append(b, r.id[:]...)
	}
	return b
}

func parseResults(b []byte) ([]RowResult, error) {
	d := decoder{b: b}
	bad := d.byte() != resultFormat
	list := make([]RowResult, 0, groupRows)
	for len(d.b) > 0 && !d.bad {
		r := RowResult{Row: d.int()}
		if i := int(d.byte()); i > 0 && i < len(outcomes) {
			r.Outcome = outcomes[i]
		} else {
			bad = true
		}
		r.Code, r.OtherRow, r.Version, r.id = Code(d.text()), d.int(), d.int(), licenceID(d.array16())
		list = append(list, r)
	}
	if d.end() != nil || bad {
		return nil, fmt.Errorf("%w: results of a group", ErrDamaged)
	}
	return list, nil
}

func groupKey(batch string, group int) []byte { return key(spaceBatchGroup, word(batch), be32(group)) }

// Done gives the results of a group that was committed before; false if it was not.
func (b *Batch) Done(ctx context.Context, group int) (list []RowResult, done bool, err error) {
	if group >= b.account.Groups {
		return nil, false, nil
	}
	err = b.v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		if _, err := openType(r, b.typ.Definition.Code); err != nil {
			return err
		}
		raw, err := r.Get(groupKey(b.account.ID, group))
		if err != nil {
			return err
		}
		if list, err = parseResults(raw); err != nil {
			return err
		}
		return identify(r, list)
	})
	if errors.Is(err, engine.ErrNotFound) {
		err = fmt.Errorf("%w: group of a batch is missing", ErrDamaged)
	}
	if err != nil {
		return nil, false, b.refused(ctx, err)
	}
	return list, true, nil
}

// identify gives the rows that made a version its identifier, as when they were committed.
func identify(r engine.Reader, list []RowResult) error {
	for i := range list {
		row := &list[i]
		if row.Outcome != RowCreated && row.Outcome != RowUpdated {
			continue
		}
		h, err := getHead(r, row.id)
		if err != nil {
			return err
		}
		if h == nil {
			return fmt.Errorf("%w: row %d of a batch has no licence", ErrDamaged, row.Row)
		}
		row.Identifier = h.identifier(row.Version)
	}
	return nil
}

// ID names the batch.
func (b *Batch) ID() string { return b.id }
