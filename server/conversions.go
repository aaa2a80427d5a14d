package server

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/server/files"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/server/jobs"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/convert"
)

// Converting is what conversions need of the machine.
type Converting struct {
	// Temp makes a temporary file that is gone when it is closed.
	Temp func() (convert.TempFile, error)
	// Scratch makes an empty engine for one dry run; the function removes it.
	Scratch func(ctx context.Context) (engine.Engine, func() error, error)
	Workers int // groups at once; 0: 1
}

func (s *Server) registerConversions() {
	add(s, operation{
		id: "convert", method: http.MethodPost, path: "/conversions", tag: "conversions", status: http.StatusAccepted,
		may: identity.MayConvert, maxBody: 128 << 10, again: true,
		zh: "存量证照台账转换（先上传台账）", en: "convert a ledger of paper licences that was uploaded before",
	}, s.convert)
	add(s, operation{
		id: "listConversions", method: http.MethodGet, path: "/conversions", tag: "conversions",
		may: identity.MaySeeBatches,
		zh:  "转换批次", en: "the department's conversions, the first begun first; for the operator all",
	}, s.listConversions)
	add(s, operation{
		id: "getConversion", method: http.MethodGet, path: "/conversions/{batch}", tag: "conversions",
		may: identity.MayConvert, zh: "一个转换批次", en: "the account of one conversion, with its certificate",
	}, s.conversion)
	add(s, operation{
		id: "signOffConversion", method: http.MethodPost, path: "/conversions/{batch}/sign-off", tag: "conversions",
		may: identity.MayConvert, zh: "签核：抽样核对后开放查询", en: "sign off: open a batch to look-ups after sampling",
	}, s.signOff)
	add(s, operation{
		id: "undoConversion", method: http.MethodPost, path: "/conversions/{batch}/undo", tag: "conversions",
		status: http.StatusAccepted, may: identity.MayConvert, again: true, zh: "撤回批次", en: "take a batch back",
	}, s.undoConversion)
}

type convertInput struct {
	Write
	Body api.ConversionRequest
}

// conversionWork is what a conversion job has to do; the right to it is asked for again when it begins.
type conversionWork struct {
	Request api.ConversionRequest `json:"request"`
	Item    string                `json:"item,omitempty"`
	Case    string                `json:"case,omitempty"`
}

func (conversionWork) kind() string { return kindConversion }

// convert refuses at once what can be seen at once.
func (s *Server) convert(ctx context.Context, c *identity.Caller, in *convertInput) (*jobOutput, error) {
	if s.cfg.Converting == nil {
		return nil, codeProblem(CodeNotOffered)
	}
	if err := checkType(c, in.Body.Type); err != nil {
		return nil, err
	}
	ledger, err := s.checkConversion(ctx, c, &in.Body)
	if err != nil {
		return nil, err
	}
	of := jobs.Request{Key: in.Key, Type: in.Body.Type, Makes: makesOfLedger * ledger}
	return s.accept(ctx, c, of, conversionWork{Request: in.Body, Item: in.Item, Case: in.Case})
}

// checkConversion tells everything that is wrong with a request; otherwise how large its ledger is.
func (s *Server) checkConversion(ctx context.Context, c *identity.Caller, q *api.ConversionRequest) (int64, error) {
	_, noType := s.cfg.Vault.Type(ctx, q.Type)
	_, noMapping := mappingOf(q.Mapping)
	found := []error{noType, noMapping, checkEncoding(q.Encoding)}
	ledger := int64(0)
	for _, named := range []struct{ path, id string }{
		{"/file", q.File}, {"/scans", q.Scans}, {"/photos", q.Photos},
	} {
		if named.id == "" {
			continue
		}
		f, err := s.ownFile(ctx, s.ownerOf(c), named.id)
		if err == nil && named.path == "/file" {
			ledger = f.Size
		}
		found = append(found, at(named.path, err))
	}
	return ledger, together(found...)
}

func checkEncoding(name string) error {
	if _, ok := sheet.ParseEncoding(name); ok || name == "" {
		return nil
	}
	p := codeProblem(CodeEncoding)
	p.Errors[0].Path, p.Errors[0].Found = "/encoding", name
	return p
}

// at names the member of the request whose file is absent or cannot be taken.
func at(path string, err error) error {
	var a *answer
	switch {
	case errors.Is(err, files.ErrNotFound):
		a = codeProblem(CodeFileUnknown)
	case !errors.As(err, &a) || a.Code == string(CodeNotOffered):
		return err
	}
	a.Errors[0].Path = path
	return a
}

func mappingOf(text string) (*convert.Mapping, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // by the headings
	}
	return convert.ParseMapping([]byte(text))
}

// workConversion converts. After a crash the library goes on with the batch where it was.
func (s *Server) workConversion(ctx context.Context, j *jobs.Job, tell func(jobs.Progress)) (any, error) {
	var w conversionWork
	if err := json.Unmarshal(j.Spec, &w); err != nil {
		return nil, fmt.Errorf("reading a job: %w", err)
	}
	if s.cfg.Converting == nil {
		return nil, codeProblem(CodeNotOffered)
	}
	access := vault.Access{
		Caller: j.Owner, Purpose: "存量证照电子化转换", Item: w.Item, Case: w.Case, Ground: vault.GroundIssuer,
		Message: j.Message, Clerk: j.Clerk,
	}
	job, err := s.conversionJob(ctx, j.Owner, &w.Request)
	if err != nil {
		return nil, err
	}
	job.Progress = func(p convert.Progress) {
		tell(progressIn(&p))
	}
	out := &conversionOutputs{s: s, owner: j.Owner}
	out.begin(ctx, job)
	var scratch []func() error
	defer out.close()
	defer func() {
		for _, remove := range scratch {
			_ = remove() // the next start removes what is left
		}
	}()
	report, err := convert.Run(ctx, convert.Config{
		Vault: s.cfg.Vault, Access: access, Now: s.cfg.Now,
		Temp: s.cfg.Converting.Temp, Workers: s.cfg.Converting.Workers,
		OpenDryRun: func(ctx context.Context, spec vault.BatchSpec) (*vault.DryRun, error) {
			e, remove, err := s.cfg.Converting.Scratch(ctx)
			if err != nil {
				return nil, err
			}
			scratch = append(scratch, remove)
			return s.cfg.Vault.OpenDryRun(ctx, access, spec, e)
		},
	}, *job)
	if err != nil && !(errors.Is(err, convert.ErrThreshold) && report != nil) {
		return nil, err
	}
	return conversionOf(report, out), nil
}

// conversionJob opens what the request names.
func (s *Server) conversionJob(ctx context.Context, owner string, q *api.ConversionRequest) (*convert.Job, error) {
	mapping, err := mappingOf(q.Mapping)
	if err != nil {
		return nil, err
	}
	f, err := s.ownFile(ctx, owner, q.File)
	if err != nil {
		return nil, at("/file", err)
	}
	job := &convert.Job{
		Type: q.Type, Mapping: mapping, DryRun: q.DryRun, Expected: q.Expected,
		File:      convert.File{Reader: f, SizeBytes: f.Size, Name: q.FileName, Encoding: q.Encoding, Sheet: q.Sheet},
		MaxReject: convert.Threshold{Share: q.MaxShare, Count: q.MaxCount},
	}
	for _, z := range []struct {
		path, id string
		to       *fs.FS
	}{{"/scans", q.Scans, &job.Scans}, {"/photos", q.Photos, &job.Photos}} {
		if *z.to, err = s.zipOf(ctx, owner, z.path, z.id); err != nil {
			return nil, err
		}
	}
	return job, nil
}

func (s *Server) zipOf(ctx context.Context, owner, path, id string) (fs.FS, error) {
	if id == "" {
		return nil, nil //nolint:nilnil // there is none
	}
	f, err := s.ownFile(ctx, owner, id)
	if err != nil {
		return nil, at(path, err)
	}
	z, err := zip.NewReader(f, f.Size)
	if err != nil {
		p := codeProblem(CodeZIP)
		p.Errors[0].Path = path
		return nil, p
	}
	return z, nil
}

// conversionOutputs are the files that a conversion makes; they exist once it delivers.
type conversionOutputs struct {
	s              *Server
	owner          string
	result, errors *files.File
	writers        [2]*files.Writer
}

func (o *conversionOutputs) close() {
	for _, w := range o.writers {
		w.Close()
	}
}

func (o *conversionOutputs) begin(ctx context.Context, job *convert.Job) {
	want := files.Want{Owner: o.owner, Limit: maxResult, Keep: keepResult, Promised: true}
	result, listing := o.s.files.Create(ctx, want), o.s.files.Create(ctx, want)
	o.writers = [2]*files.Writer{result, listing}
	job.Result, job.Errors = result, listing
	job.Deliver = func() error {
		both, err := o.s.files.Commit(ctx, o.writers[:], func(engine.Writer) error { return nil })
		if err != nil {
			return err
		}
		o.result, o.errors = both[0], both[1]
		return nil
	}
}

// makesOfLedger is how many times the size of its ledger a conversion may make, for which room is taken while it lasts.
const makesOfLedger = 3

// maxResult bounds what a conversion writes; a result is as large as its ledger and three columns.
const maxResult = 4 << 30
