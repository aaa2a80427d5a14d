package server

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/server/files"
	"github.com/elicense/elicense/verify"
)

// Keys of verdicts: 'v' 'v' id -> verdict; 'v' 'x' end of its time in seconds, id -> nothing.
const spaceVerdicts = 'v'

// verdict is what is kept of a verification. Documents, reports and evidence are files.
type verdict struct {
	ID    string `json:"id"`
	Owner string `json:"owner"`
	Asked string `json:"asked"` // SM3 of the request

	Verification api.Verification `json:"verification"`

	Counted bool `json:"counted,omitempty"` // to what its owner keeps
}

const verdictIDBytes = 16

func digestOf(b []byte) string {
	sum := sm3.Sum(b)
	return hex.EncodeToString(sum[:])
}

// verdictID is that of a request, so that it is judged once.
func verdictID(owner, key string) string {
	return digestOf([]byte("verdict\x00" + owner + "\x00" + key))[:2*verdictIDBytes]
}

func verdictKey(id string) []byte { return append([]byte{spaceVerdicts, 'v'}, id...) }

func verdictEnd(v *verdict) []byte {
	end := uint64(v.Verification.Expires.Unix()) //nolint:gosec // after 1970
	return append(binary.BigEndian.AppendUint64([]byte{spaceVerdicts, 'x'}, end), v.ID...)
}

func (s *Server) verdict(ctx context.Context, owner, id string) (*verdict, error) {
	if len(id) != 2*verdictIDBytes {
		return nil, codeProblem(CodeNoVerdict)
	}
	var v *verdict
	err := s.cfg.Engine.View(ctx, func(r engine.Reader) (err error) {
		v, err = getVerdict(r, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	if v.Owner != owner || !v.stands(s.cfg.Now()) {
		return nil, codeProblem(CodeNoVerdict)
	}
	return v, nil
}

func getVerdict(r engine.Reader, id string) (*verdict, error) {
	b, err := r.Get(verdictKey(id))
	if errors.Is(err, engine.ErrNotFound) {
		return nil, codeProblem(CodeNoVerdict)
	}
	if err != nil {
		return nil, err
	}
	v := new(verdict)
	if err := json.Unmarshal(b, v); err != nil {
		return nil, fmt.Errorf("reading a verdict: %w", err)
	}
	return v, nil
}

// stands reports whether the time of a verdict is not over.
func (v *verdict) stands(now time.Time) bool { return v.Verification.Expires.After(now) }

// errJudged tells that the same request was judged meanwhile: what it was told then stands.
var errJudged = errors.New("server: judged meanwhile")

// keepVerdict makes a verdict durable together with its files, unless one came to be under its key meanwhile.
func (s *Server) keepVerdict(ctx context.Context, v *verdict, reports *reportFiles) error {
	v.Counted = true
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("writing a verdict: %w", err)
	}
	_, err = s.files.Commit(ctx, reports.writers, func(w engine.Writer) error {
		if err := s.makeWay(w, v); err != nil {
			return err
		}
		if err := w.Put(verdictEnd(v), nil); err != nil {
			return err
		}
		if err := s.stored.Add(w, v.Owner, int64(len(b))); err != nil {
			return err
		}
		return w.Put(verdictKey(v.ID), b)
	})
	return err
}

// makeWay removes the verdict of the same key whose time is over: with its end, by which the new one would be swept.
// One that stands stays, and is the answer.
func (s *Server) makeWay(w engine.Writer, v *verdict) error {
	former, err := getVerdict(w, v.ID)
	switch {
	case isCode(err, CodeNoVerdict):
		return nil
	case err != nil:
		return err
	case former.stands(s.cfg.Now()):
		return errJudged
	}
	return errors.Join(w.Delete(verdictEnd(former)), s.removeVerdict(w, v.ID))
}

// sweepVerdicts removes those whose time is over; their files go by themselves.
func (s *Server) sweepVerdicts(ctx context.Context) error {
	now := s.cfg.Now().Unix()
	const at = 2 + 8
	var ends [][]byte
	err := s.cfg.Engine.View(ctx, func(r engine.Reader) error {
		ends = nil
		all := engine.Range{Prefix: []byte{spaceVerdicts, 'x'}, KeysOnly: true}
		return r.Scan(all, func(k, _ []byte) (bool, error) {
			if len(k) < at || int64(binary.BigEndian.Uint64(k[2:])) > now { //nolint:gosec // written by verdictEnd
				return false, nil
			}
			ends = append(ends, bytes.Clone(k))
			return true, nil
		})
	})
	for _, k := range ends {
		err = errors.Join(err, s.cfg.Engine.Update(ctx, func(w engine.Writer) error {
			return errors.Join(w.Delete(k), s.removeVerdict(w, string(k[at:])))
		}))
	}
	return err
}

func (s *Server) removeVerdict(w engine.Writer, id string) error {
	b, err := w.Get(verdictKey(id))
	if errors.Is(err, engine.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	var v verdict
	if err := json.Unmarshal(b, &v); err != nil {
		return fmt.Errorf("reading a verdict: %w", err)
	}
	if v.Counted {
		if err := s.stored.Add(w, v.Owner, -int64(len(b))); err != nil {
			return err
		}
	}
	return w.Delete(verdictKey(id))
}

// reportWriter writes what is kept of a judgement.
type reportWriter struct {
	*verify.CaseReport

	lang string
}

// reportFiles are the files of a judgement, which are there when its verdict is.
type reportFiles struct {
	s       *Server
	want    files.Want
	writers []*files.Writer
}

func (p *reportFiles) close() {
	for _, w := range p.writers {
		w.Close()
	}
}

// add writes one more file.
func (p *reportFiles) add(ctx context.Context, write func(io.Writer) error) (api.File, error) {
	w := p.s.files.Create(ctx, p.want)
	p.writers = append(p.writers, w)
	if err := write(w); err != nil {
		return api.File{}, err
	}
	f, err := w.Finish()
	if err != nil {
		return api.File{}, err
	}
	return fileOf(f), nil
}

// What of room is taken for a case beside its documents, which are in its evidence.
const (
	roomOfCase     = 256 << 10
	roomOfDocument = 128 << 10
)

// roomFor is the room that a judgement takes: that of its documents, of reports on them, and of the verdict.
func roomFor(docs []verify.Named) int64 {
	room := int64(roomOfCase)
	for i := range docs {
		room += docs[i].Size + docs[i].ContentSize + roomOfDocument
	}
	return room
}

// writeReports writes the reports and the evidence.
func (p *reportFiles) writeReports(ctx context.Context, v *verdict, r reportWriter) error {
	add := func(form, document string, write func(io.Writer) error) error {
		f, err := p.add(ctx, write)
		if err != nil {
			return err
		}
		v.Verification.Reports = append(v.Verification.Reports, api.ReportFile{Form: form, Document: document, File: f})
		return nil
	}
	err := add("json", "", func(w io.Writer) error { return json.NewEncoder(w).Encode(r.CaseReport) })
	if err != nil {
		return err
	}
	if err := add("text", "", r.text); err != nil {
		return err
	}
	for i, one := range r.Reports {
		page := func(w io.Writer) error { return one.WriteHTML(w, r.Names[i], r.lang) }
		if err := add("html", r.Names[i], page); err != nil {
			return err
		}
	}
	if paper := p.s.cfg.Verifying.Paper; paper != nil {
		err := add("ofd", "", func(w io.Writer) error {
			b, err := paper(ctx, r.CaseReport, r.lang)
			if err != nil {
				return err
			}
			_, err = w.Write(b)
			return err
		})
		if err != nil {
			return err
		}
	}
	return p.writeEvidence(ctx, v, r)
}

// text is the case, and behind it each document.
func (r reportWriter) text(w io.Writer) error {
	if err := r.WriteText(w, r.lang); err != nil || len(r.Reports) == 1 {
		return err
	}
	for i, one := range r.Reports {
		if _, err := io.WriteString(w, "\n["+strconv.Itoa(i+1)+"] "+r.Names[i]+"\n"); err != nil {
			return err
		}
		if err := one.WriteText(w, r.lang); err != nil {
			return err
		}
	}
	return nil
}

// writeEvidence writes the evidence file. A case that holds one itself has none: that one is verified as it is.
func (p *reportFiles) writeEvidence(ctx context.Context, v *verdict, r reportWriter) error {
	for _, one := range r.Reports {
		if one.Kind == verify.KindEvidence {
			return nil
		}
	}
	closing, err := p.s.closedBy()
	if err != nil {
		return fmt.Errorf("signing evidence: %w", err)
	}
	evidence, err := p.add(ctx, func(w io.Writer) error { return r.WriteEvidence(ctx, w, closing) })
	if err != nil {
		return err
	}
	v.Verification.Evidence = &evidence
	return nil
}

// closedBy is who closes evidence now, or nil where nobody does.
func (s *Server) closedBy() (*verify.Closing, error) {
	if s.cfg.Verifying.Closing == nil {
		return nil, nil //nolint:nilnil // evidence without a closing is open, and says so
	}
	return s.cfg.Verifying.Closing()
}
