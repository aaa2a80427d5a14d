package server

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/files"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/server/stored"
)

const (
	maxUpload  = 256 << 20           // if the configuration does not say
	keepUpload = 7 * 24 * time.Hour  // an uploaded file
	keepResult = 30 * 24 * time.Hour // what a job made, as long as the job
)

func (s *Server) registerFiles() {
	s.registerUpload()
	s.registerStorage()
	add(s, operation{
		id: "getFile", method: http.MethodGet, path: "/files/{id}", tag: "files", may: identity.MayWork,
		zh: "取回文件", en: "the content of a file of one's own",
	}, s.file)
	add(s, operation{
		id: "deleteFile", method: http.MethodDelete, path: "/files/{id}", tag: "files", may: identity.MayWork,
		status: http.StatusNoContent, zh: "删除文件", en: "remove a file of one's own",
	}, s.deleteFile)
}

// registerUpload adds the one operation whose body is not read into memory.
func (s *Server) registerUpload() {
	op := &huma.Operation{
		OperationID: "uploadFile", Method: http.MethodPost, Path: api.Version + "/files", Tags: []string{"files"},
		Summary:  "上传文件 / upload a file, as application/octet-stream",
		Metadata: map[string]any{permissionKey: identity.MayWork, writeKey: true},
		Security: security(operation{may: identity.MayWork}),
		Parameters: append(fieldsOf(operation{may: identity.MayWork}), &huma.Param{
			Name: api.HeaderIdempotencyKey, In: "header", Required: true, Schema: &huma.Schema{Type: huma.TypeString},
			Description: "made by the caller for each new file",
		}),
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			octets: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
		}},
		Responses: map[string]*huma.Response{"201": {
			Description: "kept", Content: map[string]*huma.MediaType{"application/json": {
				Schema: s.api.OpenAPI().Components.Schemas.Schema(fileSchema, true, "File"),
			}},
		}},
	}
	s.api.OpenAPI().AddOperation(op)
	s.api.Adapter().Handle(op, s.api.Middlewares().Handler(s.upload))
}

const octets = "application/octet-stream"

// upload keeps a body piece by piece. One that says it is too large is refused before any of it is read, one that turns
// out to be as soon as it is.
func (s *Server) upload(ctx huma.Context) {
	c := humagin.Unwrap(ctx)
	f, err := s.keepUpload(ctx, c.Request)
	if err != nil {
		if errors.Is(err, files.ErrTooLarge) {
			err = tooLarge(s.cfg.MaxUpload)
			c.Header("Connection", "close") // what is left of the body is not waited for
		}
		if errors.Is(err, stored.ErrFull) {
			c.Header("Connection", "close")
			s.tellStored(c, s.ownerOf(identity.From(ctx.Context())))
		}
		s.writeProblem(c, s.problem(ctx.Context(), err))
		return
	}
	ctx.SetHeader("Content-Type", "application/json")
	ctx.SetHeader("Location", api.Version+"/files/"+f.ID)
	ctx.SetHeader(api.HeaderStored, s.storedText(ctx.Context(), f.Owner))
	ctx.SetStatus(http.StatusCreated)
	if err := strictJSON.Marshal(ctx.BodyWriter(), fileOf(f)); err != nil {
		s.cfg.Log.WarnContext(ctx.Context(), "answer not written", "trace", traceOf(ctx.Context()))
	}
}

// checkUpload tells everything that is wrong with the headers and the query of an upload.
func checkUpload(ctx huma.Context, r *http.Request) error {
	var found []error
	if ctx.Header("Content-Type") != octets {
		p := codeProblem(CodeOctets)
		p.Errors[0].Path = "header.Content-Type"
		found = append(found, p)
	}
	if key := ctx.Header(api.HeaderIdempotencyKey); key == "" || len(key) > maxKey {
		p := codeProblem(CodeKeyMissing)
		p.Errors[0].Path = keyHeader
		found = append(found, p)
	}
	if r.URL.RawQuery != "" { // as validate=only: what is not known is not passed over
		found = append(found, misfit(http.StatusUnprocessableEntity, []error{&huma.ErrorDetail{
			Location: "query", Message: "unknown query parameter",
		}}))
	}
	return together(found...)
}

func (s *Server) keepUpload(ctx huma.Context, r *http.Request) (*files.File, error) {
	if s.files == nil {
		return nil, codeProblem(CodeNotOffered)
	}
	if r.ContentLength > s.cfg.MaxUpload {
		return nil, files.ErrTooLarge
	}
	if err := checkUpload(ctx, r); err != nil {
		return nil, err
	}
	return s.files.Write(ctx.Context(), uploaded{r.Body}, files.Want{
		Owner: s.ownerOf(identity.From(ctx.Context())), Key: ctx.Header(api.HeaderIdempotencyKey),
		Limit: s.cfg.MaxUpload, Keep: keepUpload,
		Size: max(0, r.ContentLength),
	})
}

// maxKey bounds an idempotency key.
const maxKey = 128

// uploaded tells a caller that went away from trouble of our own.
type uploaded struct{ io.Reader }

// Read implements io.Reader.
func (u uploaded) Read(p []byte) (int, error) {
	n, err := u.Reader.Read(p)
	if err == nil || errors.Is(err, io.EOF) || identity.CodeOf(err) != "" {
		return n, err
	}
	return n, codeProblem(CodeCutOff)
}

type fileInput struct {
	ID string `path:"id" maxLength:"64"`
}

// ownFile finds a file of the caller; another's is as if there were none.
func (s *Server) ownFile(ctx context.Context, owner, id string) (*files.Reader, error) {
	if s.files == nil {
		return nil, codeProblem(CodeNotOffered)
	}
	r, err := s.files.Open(ctx, id)
	if err == nil && r.Owner != owner {
		return nil, files.ErrNotFound
	}
	return r, err
}

func (s *Server) file(ctx context.Context, c *identity.Caller, in *fileInput) (*huma.StreamResponse, error) {
	r, err := s.ownFile(ctx, s.ownerOf(c), in.ID)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(out huma.Context) {
		out.SetHeader("Content-Type", octets)
		out.SetHeader("Content-Disposition", "attachment")
		http.ServeContent(humagin.Unwrap(out).Writer, humagin.Unwrap(out).Request, "", r.Created,
			io.NewSectionReader(r, 0, r.Size))
	}}, nil
}

type fileWrite struct {
	Write
	ID string `path:"id" maxLength:"64"`
}

type noContent struct{}

type deletedOutput struct {
	Stored string `header:"X-Stored"`
}

func (s *Server) deleteFile(ctx context.Context, c *identity.Caller, in *fileWrite) (*deletedOutput, error) {
	r, err := s.ownFile(ctx, s.ownerOf(c), in.ID)
	if err != nil {
		return nil, err
	}
	if err := s.files.Delete(ctx, r.ID); err != nil {
		return nil, err
	}
	return &deletedOutput{s.storedText(ctx, r.Owner)}, nil
}

func fileOf(f *files.File) api.File {
	return api.File{ID: f.ID, Size: f.Size, Digest: hex.EncodeToString(f.Digest[:]), Expires: f.Expires}
}
