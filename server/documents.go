package server

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

// Refusals of Pages.
var (
	ErrNotDrawn = errors.New("server: the licence cannot be drawn")         // no template, no font, no such page
	ErrNoSeal   = errors.New("server: the issuer's seal is not in custody") // the issuer itself must seal
)

// Pages draws licences for people and makes purpose-bound copies (加注件). It is safe for concurrent use. Refusals wrap
// ErrNotDrawn or ErrNoSeal.
type Pages interface {
	// Picture draws one page, from 1, as SVG or as PNG in that resolution.
	Picture(ctx context.Context, d *vault.Drawable, p Picture) ([]byte, error)

	// Copy makes a sealed OFD with the note on it, closed by the vault's own signature.
	Copy(ctx context.Context, d *vault.Drawable, n CopyNote) ([]byte, error)
}

// Picture says how a page is drawn.
type Picture struct {
	Page int
	PNG  bool // else SVG
	DPI  int
}

// CopyNote is what a purpose-bound copy says on its face.
type CopyNote struct {
	For, Because string
	Until        time.Time // the last day
}

func (s *Server) registerDocuments() {
	add(s, operation{
		id: "getDocument", method: http.MethodGet, path: "/licences/{identifier}/documents/{digest}", tag: "documents",
		zh: "取证照文件（OFD）", en: "a document of a licence, as sealed", may: identity.MayReadLicence,
		produces: []string{mediaOFD, mediaBytes},
	}, s.document)
	add(s, operation{
		id: "attachDocument", method: http.MethodPost, path: "/licences/{identifier}/documents", tag: "documents",
		zh: "附加文件", en: "attach a document by an event of its own", may: identity.MayIssue,
		status: http.StatusCreated, write: true, maxBody: blob.MaxBytes, consumes: []string{mediaOFD, mediaBytes},
	}, s.attach)
	add(s, operation{
		id: "getPage", method: http.MethodGet, path: "/licences/{identifier}/pages/{page}", tag: "documents",
		zh: "证照页面图（SVG、PNG）", en: "a page as a picture, for people to look at", may: identity.MayReadLicence,
		produces: []string{mediaSVG, mediaPNG},
	}, s.page)
	add(s, operation{
		id: "makeCopy", method: http.MethodPost, path: "/licences/{identifier}/copies", tag: "documents",
		zh: "制作加注件", en: "make a purpose-bound copy", may: identity.MayReadLicence,
		produces: []string{mediaOFD},
	}, s.makeCopy)
}

// fileOutput is an answer that is a file.
type fileOutput struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

func file(contentType, name string, content []byte) *fileOutput {
	return &fileOutput{ContentType: contentType, Disposition: `attachment; filename="` + name + `"`, Body: content}
}

type documentInput struct {
	Reading

	Digest string `path:"digest" pattern:"^[0-9a-f]{64}$" doc:"SM3 of the document, as a look-up names it"`
}

func (s *Server) document(ctx context.Context, c *identity.Caller, in *documentInput) (*fileOutput, error) {
	a, err := s.reading(ctx, c, &in.Reading)
	if err != nil {
		return nil, err
	}
	found, err := s.one(ctx, a, in.Identifier)
	if err != nil {
		return nil, err
	}
	for _, d := range found.Documents {
		if hex.EncodeToString(d.Digest[:]) != in.Digest {
			continue
		}
		content, err := s.cfg.Vault.Content(ctx, a, in.Identifier, d)
		if err != nil {
			return nil, err
		}
		if d.Kind == vault.KindOFD {
			return file(mediaOFD, "licence.ofd", content), nil
		}
		return file(mediaBytes, "document", content), nil
	}
	return nil, codeProblem(CodeNoDocument)
}

type attachInput struct {
	Identifier string `path:"identifier" maxLength:"200"`
	Kind       string `query:"kind" required:"true" pattern:"^[a-z0-9-]{1,20}$" doc:"ofd, pdf, …"`
	Item       string `query:"item" maxLength:"200" doc:"事项 code"`
	Case       string `query:"case" maxLength:"200" doc:"case number"`
	RawBody    []byte `contentType:"application/octet-stream"`
}

type attachOutput struct {
	Body api.Attached
}

// attach needs no idempotency key: the same content bound to the same version once more changes nothing.
func (s *Server) attach(ctx context.Context, c *identity.Caller, in *attachInput) (*attachOutput, error) {
	if err := checkIdentifier(c, in.Identifier); err != nil {
		return nil, err
	}
	a := writeAccess(c, "附加文件", in.Item, in.Case)
	d, err := s.cfg.Vault.Attach(ctx, a, in.Identifier, in.Kind, in.RawBody)
	if err != nil {
		return nil, err
	}
	return &attachOutput{Body: api.Attached{
		Document: api.Document{Version: d.Version, Kind: d.Kind, Digest: hex.EncodeToString(d.Digest[:])},
		Bytes:    len(in.RawBody),
	}}, nil
}

type pageInput struct {
	Reading

	Page   int    `path:"page" minimum:"1" maximum:"999"`
	Format string `query:"format" enum:"svg,png" default:"svg"`
	DPI    int    `query:"dpi" minimum:"36" maximum:"300" default:"150" doc:"of a PNG"`
}

func (s *Server) page(ctx context.Context, c *identity.Caller, in *pageInput) (*fileOutput, error) {
	a, err := s.reading(ctx, c, &in.Reading)
	if err != nil {
		return nil, err
	}
	d, err := s.drawable(ctx, a, in.Identifier)
	if err != nil {
		return nil, err
	}
	p := Picture{Page: in.Page, PNG: in.Format == "png", DPI: in.DPI}
	content, err := s.cfg.Pages.Picture(ctx, d, p)
	if err != nil {
		return nil, err
	}
	out := file(mediaSVG, "licence-"+strconv.Itoa(in.Page)+".svg", content)
	if p.PNG {
		out = file(mediaPNG, "licence-"+strconv.Itoa(in.Page)+".png", content)
	}
	return out, nil
}

func (s *Server) drawable(ctx context.Context, a vault.Access, identifier string) (*vault.Drawable, error) {
	if s.cfg.Pages == nil {
		return nil, codeProblem(CodeNotDrawn)
	}
	return s.cfg.Vault.Drawable(ctx, a, identifier)
}

type copyInput struct {
	Identifier string `path:"identifier" maxLength:"200"`
	Body       api.CopyRequest
}

func (s *Server) makeCopy(ctx context.Context, c *identity.Caller, in *copyInput) (*fileOutput, error) {
	if err := checkIdentifier(c, in.Identifier); err != nil {
		return nil, err
	}
	until, err := time.Parse(time.DateOnly, in.Body.Until)
	if err != nil {
		return nil, badDate("until", in.Body.Until)
	}
	d, err := s.drawable(ctx, s.accessOf(ctx, c, in.Body.Asked), in.Identifier)
	if err != nil {
		return nil, err
	}
	content, err := s.cfg.Pages.Copy(ctx, d, CopyNote{For: in.Body.For, Because: in.Body.Because, Until: until})
	if err != nil {
		return nil, err
	}
	return file(mediaOFD, "copy.ofd", content), nil
}
