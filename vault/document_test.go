package vault_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/vault"
)

// TestAttachRefusals: a document is bound to a licence that is issued, and nothing of a refused one is kept.
func TestAttachRefusals(t *testing.T) {
	c := newStocked(t, memory.New())
	voided, err := c.v.Reserve(t.Context(), department(0), c.request("to be voided", ""))
	require.NoError(t, err)
	_, err = c.v.Void(t.Context(), department(0), "void", voided.Identifier, "理由")
	require.NoError(t, err)
	never, err := code.NewIdentifier(foodType, fixtures.Departments()[0].Code, "NEVER", 1)
	require.NoError(t, err)
	blobs := keysOf(t, c.blobs)
	before := content(t, c.engine)
	for name, r := range map[string]struct {
		identifier, kind string
		is               error
	}{
		"no kind":             {c.identifier, "", vault.ErrInvalid},
		"a bad kind":          {c.identifier, "o\nfd", vault.ErrInvalid},
		"an endless kind":     {c.identifier, strings.Repeat("o", 21), vault.ErrInvalid},
		"no identifier":       {"x", "ofd", vault.ErrInvalid},
		"unknown":             {never.String(), "ofd", vault.ErrNotFound},
		"reserved only":       {c.ticket, "ofd", vault.ErrNotFound},
		"voided, never given": {voided.Identifier, "ofd", vault.ErrNotFound},
	} {
		doc, err := c.v.Attach(t.Context(), department(0), r.identifier, r.kind, []byte("another document"))
		require.ErrorIs(t, err, r.is, name)
		require.Nil(t, doc)
		require.Equal(t, before, content(t, c.engine), name)
		require.Equal(t, blobs, keysOf(t, c.blobs), name)
	}
}

// TestContentOfAnother: a document is given out by the licence that it is bound to, and by what its event names.
func TestContentOfAnother(t *testing.T) {
	c := newStocked(t, memory.New())
	other := c.issue("other", "JY13501020000977")
	b, err := c.v.Content(t.Context(), byLaw(), c.identifier, c.document)
	require.NoError(t, err)
	require.Equal(t, "the document", string(b))
	_, err = c.v.Content(t.Context(), byLaw(), other.Identifier, c.document)
	require.ErrorIs(t, err, vault.ErrNotFound)
	for name, change := range map[string]func(*vault.Document){
		"version": func(d *vault.Document) { d.Version++ }, "kind": func(d *vault.Document) { d.Kind = "scan" },
		"digest": func(d *vault.Document) { d.Digest[0] ^= 1 }, "address": func(d *vault.Document) { d.Address[0] ^= 1 },
	} {
		doc := c.document
		change(&doc)
		_, err = c.v.Content(t.Context(), byLaw(), c.identifier, doc)
		require.ErrorIs(t, err, vault.ErrNotFound, name)
	}
}

// TestDocumentOfWaitingVersion_A73: a document of a version that waits for its sign-off is not shown with the one
// before.
func TestDocumentOfWaitingVersion_A73(t *testing.T) {
	w := newWorld(t)
	_, first := w.work(t, "first", []line{{number: 1}})
	w.signOff(first.ID)
	_, second := w.work(t, "second", []line{{number: 1, text: 1}})
	id, err := w.v.IdentifierOf(t.Context(), foodType, fixtures.Departments()[0].Code, number(1))
	require.NoError(t, err)
	doc, err := w.v.Attach(t.Context(), department(0), id, "ofd", []byte("of the second version"))
	require.NoError(t, err)
	require.Equal(t, 2, doc.Version)
	look := func() []vault.Document {
		res, err := w.v.Lookup(t.Context(), byLaw(), vault.Query{Type: foodType, Number: number(1)})
		require.NoError(t, err)
		require.Len(t, res.Found, 1)
		return res.Found[0].Documents
	}
	require.Empty(t, look())
	_, err = w.v.Content(t.Context(), byLaw(), id, *doc)
	require.ErrorIs(t, err, vault.ErrNotFound)
	w.signOff(second.ID)
	require.Equal(t, []vault.Document{*doc}, look())
	b, err := w.v.Content(t.Context(), byLaw(), id, *doc)
	require.NoError(t, err)
	require.Equal(t, "of the second version", string(b))
}

// altering is a blob store that gives back something else.
type altering struct{ blob.Store }

func (a altering) Get(ctx context.Context, address blob.Address) ([]byte, error) {
	b, err := a.Store.Get(ctx, address)
	return append(b, '!'), err
}

// TestAlteredDocument: what a store gives back is given out only if it is what the event names.
func TestAlteredDocument(t *testing.T) {
	c := newStocked(t, memory.New())
	cfg := c.config
	cfg.Blobs = altering{cfg.Blobs}
	v, err := vault.Open(t.Context(), cfg)
	require.NoError(t, err)
	b, err := v.Content(t.Context(), byLaw(), c.identifier, c.document)
	require.ErrorIs(t, err, vault.ErrDamaged)
	require.Nil(t, b)
}
