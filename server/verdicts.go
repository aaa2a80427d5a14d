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
	v := new(verdict)
	err := s.cfg.Engine.View(ctx, func(r engine.Reader) error {
		b, err := r.Get(verdictKey(id))
		if errors.Is(err, engine.ErrNotFound) {
			return codeProblem(CodeNoVerdict)
		}
		if err != nil {
			return err
		}
		*v = verdict{}
		if err := json.Unmarshal(b, v); err != nil {
			return fmt.Errorf("reading a verdict: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if v.Owner != owner || !v.Verification.Expires.After(s.cfg.Now()) {
		return nil, codeProblem(CodeNoVerdict)
	}
	return v, nil
}

// keepVerdict makes a verdict durable; its files are.
func (s *Server) keepVerdict(ctx context.Context, v *verdict) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("writing a verdict: %w", err)
	}
	return s.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		if err := w.Put(verdictEnd(v), nil); err != nil {
			return err
		}
		return w.Put(verdictKey(v.ID), b)
	})
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
			return errors.Join(w.Delete(k), w.Delete(verdictKey(string(k[at:]))))
		}))
	}
	return err
}

// reportWriter writes what is kept of a judgement.
type reportWriter struct {
	*verify.CaseReport

	lang string
	keep time.Duration
}

// keepReports writes the reports and the evidence.
func (s *Server) keepReports(ctx context.Context, v *verdict, r reportWriter) error {
	add := func(form, document string, write func(io.Writer) error) error {
		f, err := s.writeFile(ctx, files.Want{Owner: v.Owner, Limit: maxEvidence, Keep: r.keep}, write)
		if err != nil {
			return err
		}
		report := api.ReportFile{Form: form, Document: document, File: fileOf(f)}
		v.Verification.Reports = append(v.Verification.Reports, report)
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
		if err := add("html", r.Names[i], func(w io.Writer) error { return one.WriteHTML(w, r.lang) }); err != nil {
			return err
		}
	}
	if paper := s.cfg.Verifying.Paper; paper != nil {
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
	return s.keepEvidence(ctx, v, r)
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

// keepEvidence writes the evidence file. A case that holds one itself has none: that one is verified as it is.
func (s *Server) keepEvidence(ctx context.Context, v *verdict, r reportWriter) error {
	for _, one := range r.Reports {
		if one.Kind == verify.KindEvidence {
			return nil
		}
	}
	var closing *verify.Closing
	if by := s.cfg.Verifying.Closing; by != nil {
		var err error
		if closing, err = by(); err != nil {
			return fmt.Errorf("signing evidence: %w", err)
		}
	}
	f, err := s.writeFile(ctx, files.Want{Owner: v.Owner, Limit: maxEvidence, Keep: r.keep}, func(w io.Writer) error {
		return r.WriteEvidence(ctx, w, closing)
	})
	if err != nil {
		return err
	}
	evidence := fileOf(f)
	v.Verification.Evidence = &evidence
	return nil
}

func (s *Server) writeFile(ctx context.Context, want files.Want, write func(io.Writer) error) (*files.File, error) {
	w := s.files.Create(ctx, want)
	defer w.Close()
	if err := write(w); err != nil {
		return nil, err
	}
	return w.Commit()
}
