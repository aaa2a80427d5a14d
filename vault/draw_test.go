package vault_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/document"
	"github.com/elicense/elicense/vault/record"
)

// drawings is a Documenter that draws and does not seal.
type drawings struct {
	mu     sync.Mutex
	drawer *document.Drawer
	err    error // instead of a document
	none   bool  // no document now
	tokens []string
	scans  int
	images map[string][]byte // of the last
	page   string            // likewise, of its type
}

var errSealAway = errors.New("seal is away")

func (d *drawings) Document(_ context.Context, v *vault.Drawable) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.page = v.Type.Page
	if d.err != nil || d.none {
		return nil, d.err
	}
	d.tokens, d.scans, d.images = append(d.tokens, v.Token), d.scans+len(v.Scans), v.Images
	drawing, err := d.drawer.Draw(&document.Licence{
		Type: v.Type, Record: v.Record, Signature: v.Signature, Certificates: v.Certificates, Values: v.Values,
		Token: v.Token, Scans: v.Scans, Images: v.Images,
	})
	if err != nil {
		return nil, err
	}
	return drawing.OFD()
}

// newDrawingWorld is a vault whose licences have documents.
func newDrawingWorld(t *testing.T) (*world, *drawings) {
	t.Helper()
	w := newWorld(t)
	drawer, err := document.New(document.Config{})
	require.NoError(t, err)
	d := &drawings{drawer: drawer}
	w.config.Documents = d
	w.v, err = vault.Open(t.Context(), w.config)
	require.NoError(t, err)
	return w, d
}

// documents are those that a look-up by law shows of a licence.
func (w *world) documents(number string) []vault.Document {
	w.t.Helper()
	res, err := w.v.Lookup(w.t.Context(), byLaw(), vault.Query{Type: foodType, Number: number})
	require.NoError(w.t, err)
	if len(res.Found) == 0 {
		return nil
	}
	return res.Found[0].Documents
}

// carried reads the record that a licence's document carries.
func (w *world) carried(identifier string, d vault.Document) *record.Record {
	w.t.Helper()
	b, err := w.v.Content(w.t.Context(), byLaw(), identifier, d)
	require.NoError(w.t, err)
	p, err := ofd.Open(bytes.NewReader(b), int64(len(b)))
	require.NoError(w.t, err)
	raw, err := p.ReadFile(document.RecordFile, record.MaxBundle)
	require.NoError(w.t, err)
	bundle, err := record.ParseBundle(raw)
	require.NoError(w.t, err)
	r, err := record.Parse(bundle.Record)
	require.NoError(w.t, err)
	require.NoError(w.t, r.CheckDisclosures(bundle.Disclosures))
	require.NotEmpty(w.t, bundle.Certificates)
	return r
}

// TestDocumentOfEveryVersion_A35: issue, change, renewal and reissue bring a document of the version that they make, in
// its own transaction, and the document carries its record.
func TestDocumentOfEveryVersion_A35(t *testing.T) {
	w, d := newDrawingWorld(t)
	a := w.issue("k", number(1))
	steps := []func(context.Context, vault.Access, vault.Act) (*vault.Answer, error){w.v.Change, w.v.Renew, w.v.Reissue}
	acts := []vault.Act{
		{Key: "c", Values: map[string]string{"CZZT": "示例改名有限公司"}},
		{Key: "r", Values: map[string]string{"ZZYXQQSRQ": "2026-03-02", "ZZYXQJZRQ": "2031-03-01"}},
		{Key: "p", Paper: "纸新"},
	}
	for i, act := range acts {
		act.Identifier, act.Reason, act.Basis = a.Identifier, "理由", "依据"
		now, err := steps[i](t.Context(), department(0), act)
		require.NoError(t, err, problemsOf(err))
		list := w.documents(number(1))
		require.Len(t, list, i+2)
		last := list[i+1]
		require.Equal(t, vault.KindOFD, last.Kind)
		require.Equal(t, now.Version, last.Version)
		require.Equal(t, now.Identifier, w.carried(now.Identifier, last).Identifier)
		again, err := steps[i](t.Context(), department(0), act)
		require.NoError(t, err)
		require.True(t, again.Replayed)
		require.Len(t, w.documents(number(1)), i+2, "a retry attaches nothing")
	}
	history, err := w.v.History(t.Context(), byLaw(), a.Identifier)
	require.NoError(t, err)
	var kinds []record.Kind
	for _, e := range history {
		kinds = append(kinds, e.Event.Kind)
	}
	require.Equal(t, []record.Kind{
		record.EventIssued, record.EventAttached, record.EventChanged, record.EventAttached,
		record.EventRenewed, record.EventAttached, record.EventReissued, record.EventAttached,
	}, kinds)
	for _, token := range d.tokens {
		require.Equal(t, d.tokens[0], token, "one token for all versions")
	}
	require.GreaterOrEqual(t, len(d.tokens[0]), 22)
	CheckVault(t, w.v)
}

// TestDocumentOfReservation_A72: what is reserved and confirmed has its document from the confirmation on.
func TestDocumentOfReservation_A72(t *testing.T) {
	w, _ := newDrawingWorld(t)
	req := w.complete(food("k", ""))
	req.Division = "350102"
	a, err := w.v.Issue(t.Context(), department(0), req)
	require.NoError(t, err, problemsOf(err))
	require.Len(t, w.documents(a.Number), 1)
	again, err := w.v.Issue(t.Context(), department(0), req)
	require.NoError(t, err)
	require.True(t, again.Replayed)
	ticket := w.reserve("later")
	_, err = w.v.Confirm(t.Context(), department(0), vault.Confirmation{
		Key: "confirm", Identifier: ticket.Identifier, Paper: "纸后",
	})
	require.NoError(t, err)
	require.Len(t, w.documents(ticket.Number), 1)
	CheckVault(t, w.v)
}

// TestDocumentsOfBatches_A73: each licence of a group has its own; one that is refused has none, and hinders none.
func TestDocumentsOfBatches_A73(t *testing.T) {
	w, _ := newDrawingWorld(t)
	reqs := []vault.Request{w.complete(food("1", number(1))), w.complete(food("2", number(1))), w.complete(food("3", number(3)))}
	reqs[1].Paper = "纸二"
	out := w.v.IssueBatch(t.Context(), department(0), reqs)
	require.NoError(t, out[0].Err)
	require.ErrorIs(t, out[1].Err, vault.ErrExists)
	require.NoError(t, out[2].Err)
	first, third := w.documents(number(1)), w.documents(number(3))
	require.Len(t, first, 1)
	require.Len(t, third, 1)
	require.NotEqual(t, first[0].Digest, third[0].Digest)
	CheckVault(t, w.v)
}

// TestDocumentsOfConversion_A73: a converted licence has its document with the scans, hidden until the sign-off; an undo
// hides it again, and the version in force again has its own.
func TestDocumentsOfConversion_A73(t *testing.T) {
	w, d := newDrawingWorld(t)
	_, first := w.work(t, "first", []line{{number: 1, text: 1}})
	require.Empty(t, w.documents(number(1)))
	w.signOff(first.ID)
	require.Len(t, w.documents(number(1)), 1)
	_, second := w.work(t, "second", []line{{number: 1, text: 2}})
	id := w.identify(1)
	require.Len(t, w.documents(number(1)), 1, "the second version waits, and so does its document")
	history, err := w.v.History(t.Context(), byLaw(), id)
	require.NoError(t, err)
	require.Len(t, history, 2, "neither is told of")
	w.signOff(second.ID)
	require.Len(t, w.documents(number(1)), 2)
	taken := w.documents(number(1))[1]
	require.Equal(t, map[int]string{1: "restored"}, w.undo(second.ID))
	list := w.documents(number(1))
	require.Len(t, list, 2)
	require.Equal(t, []int{1, 3}, []int{list[0].Version, list[1].Version}, "that of the undone version is hidden")
	_, err = w.v.Content(t.Context(), byLaw(), id, taken)
	require.ErrorIs(t, err, vault.ErrNotFound)
	m, err := w.v.AsOf(t.Context(), byLaw(), id, record.DateOf(w.now), time.Time{})
	require.NoError(t, err)
	require.NotEqual(t, record.EventAttached, m.Event.Kind, "a document is no act of law")
	require.Equal(t, map[int]string{1: "withdrawn"}, w.undo(first.ID))
	require.Empty(t, w.documents(number(1)))
	require.NotEmpty(t, d.tokens)
	CheckVault(t, w.v)
}

// TestScansInDocument_A73: the scans of a converted row are handed to whoever draws.
func TestScansInDocument_A73(t *testing.T) {
	w, d := newDrawingWorld(t)
	lt, err := w.v.Type(t.Context(), foodType)
	require.NoError(t, err)
	b, err := w.v.OpenBatch(t.Context(), department(0), vault.BatchSpec{
		Type: foodType, File: record.Sum([]byte("file")), Mapping: record.Sum([]byte("mapping")), FileName: "f.csv",
	})
	require.NoError(t, err)
	scan, err := b.PutScan(t.Context(), []byte("%PDF-1.4 made up"))
	require.NoError(t, err)
	values := food("", number(1)).Values
	w.fill(lt, values)
	p, err := b.Prepare(t.Context(), 0, []vault.BatchRow{{Row: 1, Draft: draftWith(t, lt, 1, values, scan)}})
	require.NoError(t, err)
	_, err = b.Commit(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, 1, d.scans)
}

// TestNoDocument: a type without a template, and a licence whose seal is away, have no document and are issued; an error
// of whoever draws refuses the act and leaves nothing.
func TestNoDocument(t *testing.T) {
	w, d := newDrawingWorld(t)
	d.none = true
	w.issue("none", number(1))
	require.Empty(t, w.documents(number(1)))
	d.none, d.err = false, errSealAway
	before := content(t, w.engine)
	_, err := w.v.Issue(t.Context(), department(0), w.complete(food("away", number(2))))
	require.ErrorIs(t, err, errSealAway)
	require.Equal(t, before, content(t, w.engine))
	d.err = nil
	w.issue("away", number(2))
	require.Len(t, w.documents(number(2)), 1)
	_, err = w.redefine(foodType, func(def *catalogue.Type) { def.Version, def.Template = def.Version+1, "" })
	require.NoError(t, err, problemsOf(err))
	w.issue("plain", number(3))
	require.Empty(t, w.documents(number(3)))
	CheckVault(t, w.v)
}

// TestRemoteDocument_A72: a department that keeps its key has its document too if whoever draws can make it.
func TestRemoteDocument_A72(t *testing.T) {
	w, _ := newDrawingWorld(t)
	signer := w.remote()
	ticket := w.reserve("remote")
	sig, err := signer.Detached(t.Context(), ticket.ToSign)
	require.NoError(t, err)
	_, err = w.v.Confirm(t.Context(), department(0), vault.Confirmation{
		Key: "c", Identifier: ticket.Identifier, Paper: "纸远", Signature: sig,
	})
	require.NoError(t, err)
	require.Len(t, w.documents(ticket.Number), 1)
	CheckVault(t, w.v)
}

// fullStore is a store that takes nothing more.
type fullStore struct{ blob.Store }

var errFull = errors.New("store is full")

func (fullStore) PutAll(context.Context, [][]byte) ([]blob.Address, error) { return nil, errFull }

// TestDocumentsNotStored_A73: where the documents of a group cannot be stored, nothing of the group is committed; once
// they can, it is, and each document is what its event names.
func TestDocumentsNotStored_A73(t *testing.T) {
	w, _ := newDrawingWorld(t)
	whole := w.config.Blobs
	lt, err := w.v.Type(t.Context(), foodType)
	require.NoError(t, err)
	spec := vault.BatchSpec{
		Type: foodType, File: record.Sum([]byte("file")), Mapping: record.Sum([]byte("mapping")), FileName: "f.csv",
	}
	rows := func() []vault.BatchRow { return w.lines(lt, 1, line{number: 1, text: 1}, line{number: 2, text: 1}) }
	w.config.Blobs = fullStore{whole}
	w.v, err = vault.Open(t.Context(), w.config)
	require.NoError(t, err)
	b, err := w.v.OpenBatch(t.Context(), department(0), spec)
	require.NoError(t, err)
	before := content(t, w.engine)
	_, err = b.Prepare(t.Context(), 0, rows())
	require.ErrorIs(t, err, errFull)
	require.Equal(t, before, content(t, w.engine))
	w.config.Blobs = whole
	w.v, err = vault.Open(t.Context(), w.config)
	require.NoError(t, err)
	b, err = w.v.OpenBatch(t.Context(), department(0), spec)
	require.NoError(t, err)
	p, err := b.Prepare(t.Context(), 0, rows())
	require.NoError(t, err)
	_, err = b.Commit(t.Context(), p)
	require.NoError(t, err)
	CheckVault(t, w.v)
}

// judging is a Documenter that judges pages of types.
type judging struct {
	*drawings

	problems []vault.Problem
}

func (j *judging) CheckPage(catalogue.Type) []vault.Problem { return j.problems }

// TestPageOfType: a type brings a template of its own; without anybody who judges it, or judged bad, it is refused, and
// it is kept with the version that brought it.
func TestPageOfType(t *testing.T) {
	w, d := newDrawingWorld(t)
	withPage := func(page string) func(*catalogue.Type) {
		return func(def *catalogue.Type) { def.Version, def.Page = def.Version+1, page }
	}
	first, second := "format: elicense-template/1\n# 一\n", "format: elicense-template/1\n# 二\n"
	_, err := w.redefine(foodType, withPage(first))
	require.Equal(t, vault.CodePageUnchecked, vault.CodeOf(err), "nobody judges")
	j := &judging{drawings: d, problems: []vault.Problem{{Code: "overlap", Field: "page"}}}
	w.config.Documents = j
	w.v, err = vault.Open(t.Context(), w.config)
	require.NoError(t, err)
	before := content(t, w.engine)
	_, err = w.redefine(foodType, withPage(first))
	require.ErrorIs(t, err, vault.ErrInvalid)
	require.Equal(t, vault.Code("overlap"), vault.CodeOf(err))
	require.Equal(t, before, content(t, w.engine))
	j.problems = nil
	lt, err := w.redefine(foodType, withPage(first))
	require.NoError(t, err, problemsOf(err))
	require.Equal(t, first, lt.Definition.Page)
	version := lt.Definition.Version
	a := w.issueDrawnBy(t, "k", j)
	require.Equal(t, first, j.page)
	lt, err = w.redefine(foodType, withPage(second))
	require.NoError(t, err, problemsOf(err))
	require.Equal(t, version+1, lt.Definition.Version)
	drawable, err := w.v.Drawable(t.Context(), byLaw(), a.Identifier)
	require.NoError(t, err)
	require.Equal(t, first, drawable.Type.Page, "a licence keeps the page of its version")
	CheckVault(t, w.v)
}

// issueDrawnBy issues a licence whose page is only noted, not drawn.
func (w *world) issueDrawnBy(t *testing.T, key string, j *judging) *vault.Answer {
	t.Helper()
	j.none = true
	a := w.issue(key, number(1))
	j.none = false
	return a
}
