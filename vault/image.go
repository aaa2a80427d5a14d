package vault

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// An image of a licence (照片) is a blob. The licence's value is the SM3 of its content, which the record proves as it
// proves every other value; the blob is durable before the transaction that refers to it, and found by licence and
// digest, so that nobody who knows a digest can put another's image on a licence of his own.

// Image is a stored image of a converted licence; Draft takes it. Batch.PutScans stores one that its column takes
// (Column.CheckImage), as Image(scan).
type Image Scan

// imageValue is how a licence's value names an image.
func imageValue(d record.Digest) string { return hex.EncodeToString(d[:]) }

// Value is what stands in the row of a licence with this image.
func (m Image) Value() string { return imageValue(m.Digest) }

// withImages puts the digests of images in the place of their values, and refuses what the type's elements do not take.
func (t *LicenceType) withImages(raw map[string]string, images map[string][]byte) (map[string]string, []Problem) {
	if len(images) == 0 {
		return raw, nil
	}
	out := maps.Clone(raw)
	if out == nil {
		out = make(map[string]string, len(images))
	}
	var problems []Problem
	for _, name := range slices.Sorted(maps.Keys(images)) {
		content := images[name]
		col, known := t.Column(name)
		if !known {
			problems = append(problems, problem(CodeFieldUnknown, name, ""))
			continue
		}
		if bad := col.CheckImage(content); len(bad) > 0 {
			problems = append(problems, catalogueProblems(bad)...)
			continue
		}
		digest := imageValue(record.Sum(content))
		if was := out[name]; was != "" && was != digest {
			problems = append(problems, problem(CodeFieldTwice, name, ""))
			continue
		}
		out[name] = digest
	}
	return out, problems
}

// unknownImages refuses images that are neither given nor the licence's already.
func (c *Checked) unknownImages(given map[string][]byte, former *Version) (problems []Problem) {
	for _, col := range c.typ.images {
		value := c.row[col.Index]
		_, brought := given[col.Name]
		if value == "" || brought || former != nil && former.Value(col.Name) == value {
			continue
		}
		problems = append(problems, problem(CodeImageUnknown, col.Name, ""))
	}
	return problems
}

// checkImages refuses images of a converted licence that its draft does not bring.
func (c *Checked) checkImages(problems []Problem, brought []Image) []Problem {
	for _, col := range c.typ.images {
		value := c.row[col.Index]
		if value != "" && !slices.ContainsFunc(brought, func(m Image) bool { return m.Value() == value }) {
			problems = appendOnce(problems, problem(CodeImageUnknown, col.Name, ""))
		}
	}
	return problems
}

// Images are the type's elements of kind image.
func (t *LicenceType) Images() []*catalogue.Column { return slices.Clone(t.images) }

// putImages makes images durable that a draft has passed the rules with.
func (v *Vault) putImages(ctx context.Context, c *Checked, images map[string][]byte) error {
	for _, name := range slices.Sorted(maps.Keys(images)) {
		a, err := v.cfg.Blobs.Put(ctx, images[name])
		if err != nil {
			return fmt.Errorf("vault: storing an image: %w", err)
		}
		c.images = append(c.images, Image{record.Sum(images[name]), a})
	}
	return nil
}

func (v *Vault) imageKey(id licenceID, d record.Digest) []byte {
	t := v.token("image", id[:], d[:])
	return key(spaceImage, id[:], t[:])
}

// keepImages keeps images from being swept and lets the licence find them by their digests.
func (v *Vault) keepImages(w engine.Writer, id licenceID, images []Image) error {
	for i := range images {
		m := &images[i]
		if err := w.Put(blobKey(m.address), m.Digest[:]); err != nil {
			return err
		}
		if err := w.Put(v.imageKey(id, m.Digest), m.address[:]); err != nil {
			return err
		}
	}
	return nil
}

// imageAddress finds an image of a licence.
func (v *Vault) imageAddress(r engine.Reader, id licenceID, d record.Digest) (blob.Address, error) {
	b, err := r.Get(v.imageKey(id, d))
	if errors.Is(err, engine.ErrNotFound) || err == nil && len(b) != len(blob.Address{}) {
		return blob.Address{}, fmt.Errorf("%w: image", ErrDamaged)
	}
	if err != nil {
		return blob.Address{}, err
	}
	return blob.Address(b), nil
}

// imageDigests gives the images that values name, by element.
func (t *LicenceType) imageDigests(values []record.Disclosure) (map[string]record.Digest, error) {
	var out map[string]record.Digest
	for i := range values {
		col, ok := t.Column(values[i].Name)
		if !ok || col.Kind != catalogue.KindImage {
			continue
		}
		d, err := hex.DecodeString(values[i].Value)
		if err != nil || len(d) != len(record.Digest{}) {
			return nil, fmt.Errorf("%w: image", ErrDamaged)
		}
		if out == nil {
			out = make(map[string]record.Digest)
		}
		out[col.Name] = record.Digest(d)
	}
	return out, nil
}

// imagesOf is whose images are drawn.
type imagesOf struct {
	id    licenceID
	typ   *LicenceType
	fresh []Image // that the licence has not yet
}

// drawnImages reads the images of a version for its page: those that come with it, and those that the licence has.
func (v *Vault) drawnImages(ctx context.Context, of imagesOf, d *Drawable) error {
	digests, err := of.typ.imageDigests(d.Values)
	if err != nil || len(digests) == 0 {
		return err
	}
	d.Images = make(map[string][]byte, len(digests))
	for name, digest := range digests {
		var a blob.Address
		if i := slices.IndexFunc(of.fresh, func(m Image) bool { return m.Digest == digest }); i >= 0 {
			a = of.fresh[i].address
		} else if err := v.cfg.Engine.View(ctx, func(r engine.Reader) (err error) {
			a, err = v.imageAddress(r, of.id, digest)
			return err
		}); err != nil {
			return err
		}
		if d.Images[name], err = v.content(ctx, Document{Digest: digest, Address: a}); err != nil {
			return err
		}
	}
	return nil
}

// Image gives an image of a licence in the version that look-ups show, held against the digest in its record.
func (v *Vault) Image(ctx context.Context, a Access, identifier, element string) ([]byte, error) {
	var doc Document
	note := auditNote{act: "content", object: object("image", element)}
	err := v.withLicence(ctx, a, identifier, note, func(r engine.Reader, _ *session, id licenceID, h *head) error {
		ver, t, err := v.shown(r, id, h)
		if err != nil {
			return err
		}
		digests, err := t.imageDigests(ver.Disclosures)
		if err != nil {
			return err
		}
		digest, ok := digests[element]
		if !ok {
			return refuse(ErrNotFound, CodeImageUnknown, "element")
		}
		doc.Digest = digest
		doc.Address, err = v.imageAddress(r, id, digest)
		return err
	})
	if err != nil {
		return nil, err
	}
	return v.content(ctx, doc)
}
