package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/elicense/elicense/server"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/document"
)

// pages draws licences and makes copies for the service, as the commands do.
type pages struct{ d *documenter }

var _ server.Pages = pages{}

// Picture draws one page.
func (p pages) Picture(_ context.Context, v *vault.Drawable, w server.Picture) ([]byte, error) {
	drawing, err := p.d.stamped(v)
	if err != nil {
		return nil, notDrawn(err)
	}
	if w.Page > drawing.Pages() {
		return nil, server.ErrNotDrawn
	}
	draw := func() ([]byte, error) { return drawing.SVG(w.Page - 1) }
	if w.PNG {
		draw = func() ([]byte, error) { return drawing.PNG(w.Page-1, w.DPI) }
	}
	b, err := draw()
	return b, notDrawn(err)
}

// Copy makes a purpose-bound copy.
func (p pages) Copy(ctx context.Context, v *vault.Drawable, n server.CopyNote) ([]byte, error) {
	h := p.d.h
	day := time.Date(n.Until.Year(), n.Until.Month(), n.Until.Day(), 0, 0, 0, 0, h.zone)
	b, err := p.d.annotated(ctx, v, document.Note{
		Purpose: n.Because, For: n.For, Maker: h.vault.Name(), Made: p.d.program.Now().In(h.zone).Truncate(time.Second),
		Until: day.AddDate(0, 0, 1).Add(-time.Second),
	})
	if errors.Is(err, errNoSeal) {
		return nil, server.ErrNoSeal
	}
	return b, notDrawn(err)
}

// notDrawn says which errors of drawing the caller is told.
func notDrawn(err error) error {
	for _, known := range []error{
		document.ErrNoFont, document.ErrFont, document.ErrNote, document.ErrTemplate, document.ErrLicence,
	} {
		if errors.Is(err, known) {
			return fmt.Errorf("%w: %w", server.ErrNotDrawn, err)
		}
	}
	return err
}
