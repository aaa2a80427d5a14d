package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/document"
)

// documenter draws licences and seals them with the seal of their issuer. Fonts and seals are read when the first
// document is made: most commands make none.
type documenter struct {
	program *program
	h       *house

	once   sync.Once
	drawer *document.Drawer
	err    error

	mu      sync.Mutex
	sealers map[string]*signing.Sealer // guarded by mu; by issuer; nil: its seal is not in custody
	renewed int                        // guarded by mu; how often seals were made anew
}

var _ vault.Documenter = (*documenter)(nil)

func (c *program) newDocumenter(h *house) *documenter {
	return &documenter{program: c, h: h, sealers: make(map[string]*signing.Sealer)}
}

// documentFonts are where Debian's packages fonts-lxgw-wenkai and fonts-wqy-microhei put their fonts.
const (
	kaiFont   = "/usr/share/fonts/truetype/lxgw-wenkai/LXGWWenKai-Regular.ttf"
	blackFont = "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"
)

// findFonts reads the font that ELICENSE_FONT names, or those of the system that are there.
func (c *program) findFonts() (document.Fonts, error) {
	if named := c.Env("ELICENSE_FONT"); named != "" {
		f, err := readFont(named)
		return document.Fonts{Body: f}, err
	}
	var found []*document.Font
	for _, path := range []string{kaiFont, blackFont} {
		if _, err := os.Stat(path); err != nil {
			continue
		}
		f, err := readFont(path)
		if err != nil {
			return document.Fonts{}, err
		}
		found = append(found, f)
	}
	switch len(found) {
	case 0:
		return document.Fonts{}, nil
	case 1:
		return document.Fonts{Body: found[0]}, nil
	}
	return document.Fonts{Body: found[0], Fallback: found[1]}, nil
}

func readFont(path string) (*document.Font, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f, err := document.ParseFont(data, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// draws gives the drawer, made once.
func (d *documenter) draws() (*document.Drawer, error) {
	d.once.Do(func() {
		cfg := document.Config{Link: d.h.settings.codeLink()}
		if cfg.Fonts, d.err = d.program.findFonts(); d.err == nil {
			d.drawer, d.err = document.New(cfg)
		}
	})
	return d.drawer, d.err
}

// sealer opens an issuer's seal; nil if it is not in custody.
func (d *documenter) sealer(issuer string) (*signing.Sealer, error) {
	d.mu.Lock()
	s, known := d.sealers[issuer]
	renewed := d.renewed
	d.mu.Unlock()
	if known {
		return s, nil
	}
	s, err := d.program.openSeal(d.h, issuer) // waits while one is made
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.renewed == renewed {
		d.sealers[issuer] = s
	}
	return s, nil
}

// forget makes a seal that was made anew be read again.
func (d *documenter) forget(issuer string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.sealers, issuer)
	d.renewed++
}

// Document draws a version and seals it whole.
func (d *documenter) Document(ctx context.Context, v *vault.Drawable) ([]byte, error) {
	sealer, err := d.sealer(v.Issuer)
	if err != nil || sealer == nil {
		return nil, err
	}
	drawing, err := d.draw(v)
	if err != nil {
		return nil, err
	}
	return d.seal(ctx, drawing, sealer, false)
}

func (d *documenter) draw(v *vault.Drawable) (*document.Drawing, error) {
	drawer, err := d.draws()
	if err != nil {
		return nil, err
	}
	return drawer.Draw(&document.Licence{
		Type: v.Type, Record: v.Record, Signature: v.Signature, Certificates: v.Certificates, Values: v.Values,
		Token: v.Token, Scans: v.Scans, Images: v.Images, Created: d.program.Now().In(d.h.zone),
	})
}

// seal puts the issuer's seal on the places that the template has for it. With the root open a purpose-bound copy can
// be made of the document.
func (d *documenter) seal(
	ctx context.Context, drawing *document.Drawing, sealer *signing.Sealer, rootOpen bool,
) ([]byte, error) {
	raw, err := drawing.OFD()
	if err != nil {
		return nil, err
	}
	o, err := signing.OpenOFD(bytes.NewReader(raw), int64(len(raw)), signing.OFDConfig{Now: d.program.Now})
	if err != nil {
		return nil, err
	}
	order := signing.SealOrder{Value: sealer, LeaveRootOpen: rootOpen}
	for _, p := range drawing.Seals {
		order.Stamps = append(order.Stamps, signing.Stamp{Page: p.Page + 1, Box: stampBox(p.Box, sealer.Picture())})
	}
	if err := o.Seal(ctx, order); err != nil {
		return nil, err
	}
	return written(o, len(raw)+len(raw)/4)
}

// written is an OFD as its bytes, about so many of them.
func written(o *signing.OFD, about int) ([]byte, error) {
	var out bytes.Buffer
	out.Grow(about)
	if err := o.Write(&out); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// stampBox is the seal in its own size in the middle of its place, or as large as the place lets it be.
func stampBox(b document.Box, p signing.SealPicture) signing.Box {
	const micrometres = 1000
	place := signing.Box{
		X: float64(b.X) / micrometres, Y: float64(b.Y) / micrometres,
		W: float64(b.W) / micrometres, H: float64(b.H) / micrometres,
	}
	w, h := float64(p.WidthMM), float64(p.HeightMM)
	if w <= 0 || h <= 0 {
		return place
	}
	scale := min(1, place.W/w, place.H/h)
	w, h = w*scale, h*scale
	return signing.Box{X: place.X + (place.W-w)/2, Y: place.Y + (place.H-h)/2, W: w, H: h}
}

// Seals of departments lie beside their keys: USCC.pem holds key and certificates, USCC.esl the seal.
const (
	sealsDir       = "keys/seals"
	sealSuffix     = ".esl"
	sealsMakerFile = "keys/authority/sealmaker.pem"
)

// openSeal reads a department's seal; nil if it is not here.
func (c *program) openSeal(h *house, issuer string) (*signing.Sealer, error) {
	if strings.ContainsAny(issuer, `/\.`) {
		return nil, nil
	}
	h.secret.RLock()
	defer h.secret.RUnlock()
	der, err := os.ReadFile(filepath.Join(h.dir, sealsDir, issuer+sealSuffix))
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading a seal: %w", err)
	}
	config, err := c.readSigner(h, filepath.Join(sealsDir, issuer+".pem"))
	if err != nil {
		return nil, err
	}
	return signing.NewSealer(signing.SealerConfig{
		Key: config.Key, Chain: config.Chain, Rand: c.Rand, Now: c.Now, Seal: der,
	})
}
