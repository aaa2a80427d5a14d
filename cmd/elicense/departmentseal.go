package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/signing/impression"
)

// sealDPI is the resolution of drawn seals. Each sealed document holds the picture.
const sealDPI = 200

// sealYears is how long a department's seal is valid.
const sealYears = 3

// engrave makes a department's seal for approvals (行政审批专用章): a key of its own, certified, and the seal that the
// vault's own seal maker signs; as files, by their places in the data directory.
func (c *program) engrave(ctx context.Context, h *house, authority *ca.Authority, d body) (map[string][]byte, error) {
	maker, err := c.ownSealMaker(h, authority)
	if err != nil {
		return nil, err
	}
	key, cert, err := c.certifiedKey(h, authority, ca.ProfileSeal, d)
	if err != nil {
		return nil, err
	}
	number := sealNumber(d.uscc)
	picture, err := drawSeal(d, number)
	if err != nil {
		return nil, err
	}
	from := cert.NotBefore
	der, err := maker.Make(ctx, signing.SealSpec{
		ID: number, Name: d.name + signing.ApprovalSeal, Usage: signing.ApprovalSeal, Signers: []*pki.Certificate{cert},
		ValidFrom: from, ValidUntil: from.AddDate(sealYears, 0, 0), Picture: picture,
	})
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		filepath.Join(sealsDir, d.uscc+".pem"): key, filepath.Join(sealsDir, d.uscc+sealSuffix): der,
	}, nil
}

// ownSealMaker opens the vault's seal maker, who is enrolled with the first seal.
func (c *program) ownSealMaker(h *house, authority *ca.Authority) (*signing.SealMaker, error) {
	if _, err := os.Stat(filepath.Join(h.dir, sealsMakerFile)); errors.Is(err, os.ErrNotExist) {
		if err := c.enrolSealMaker(h, authority); err != nil {
			return nil, err
		}
	}
	config, err := c.readSigner(h, sealsMakerFile)
	if err != nil {
		return nil, err
	}
	return signing.NewSealMaker(signing.SealMakerConfig{Key: config.Key, Chain: config.Chain, Rand: c.Rand, Now: c.Now})
}

// enrolSealMaker makes the seal maker's key and has it certified, in the name of whoever runs the vault.
func (c *program) enrolSealMaker(h *house, authority *ca.Authority) error {
	own, err := certificatesIn(filepath.Join(h.dir, vaultFile))
	if err != nil {
		return err
	}
	maker := body{own[0].Holder.Organization, own[0].Holder.USCC}
	return c.enrol(h, authority, enrolment{ca.ProfileSealMaker, maker, sealsMakerFile})
}

// renewSealMaker gives the seal maker a new key. Seals that were made with the former one carry its certificate.
func (c *program) renewSealMaker(h *house) error {
	authority, err := c.openAuthority(h)
	if err != nil {
		return err
	}
	return c.enrolSealMaker(h, authority)
}

// sealNumber is a department's seal code (印章编码): the division in its credit code and eight digits that follow from
// the whole of it, the same whenever its seal is made anew.
func sealNumber(uscc string) string {
	const division, most = 8, 100_000_000
	sum := sm3.Sum([]byte(uscc))
	return fmt.Sprintf("%s%08d", uscc[2:division], binary.BigEndian.Uint64(sum[:8])%most)
}

// drawSeal draws the round seal of a department. Where no font is at hand it is ring and star alone.
func drawSeal(d body, number string) (signing.SealPicture, error) {
	font, err := openFont("")
	if err != nil {
		return signing.SealPicture{}, err
	}
	drawn, err := impression.Draw(impression.Design{
		Name: d.name, Usage: signing.ApprovalSeal, Code: number, Font: font, Textless: font == nil,
	})
	if err != nil {
		return signing.SealPicture{}, err
	}
	data, err := drawn.PNG(sealDPI)
	size := drawn.SizeMM()
	return signing.SealPicture{Type: "png", Data: data, WidthMM: size, HeightMM: size}, err
}
