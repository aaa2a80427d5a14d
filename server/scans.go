package server

import (
	"context"
	"encoding/hex"
	"net/http"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// Scans of papers (扫描件) are the department's own: others see that there are some, never what is on them.

func (s *Server) registerScans() {
	add(s, operation{
		id: "listScans", method: http.MethodGet, path: "/licences/{identifier}/scans", tag: "documents",
		zh: "证照的扫描件", en: "scans of the papers behind a licence", may: identity.MayReadLicence,
	}, s.listScans)
	add(s, operation{
		id: "getScan", method: http.MethodGet, path: "/licences/{identifier}/scans/{digest}", tag: "documents",
		zh: "取扫描件（限颁发机构）", en: "a scan, for the department that issued", may: identity.MayReadLicence,
		produces: []string{mediaBytes},
	}, s.getScan)
	add(s, operation{
		id: "sampleConversion", method: http.MethodPost, path: "/conversions/{batch}/samples", tag: "conversions",
		zh: "抽样核对", en: "draw a sample to be held against the papers", may: identity.MayConvert,
	}, s.sample)
	add(s, operation{
		id: "getSampledScan", method: http.MethodGet, path: "/conversions/{batch}/scans/{digest}", tag: "conversions",
		zh: "取批次中的扫描件", en: "a scan of a conversion", may: identity.MayConvert, produces: []string{mediaBytes},
	}, s.sampledScan)
}

type scansInput struct{ Reading }

type scansOutput struct{ Body api.PaperScans }

func (s *Server) listScans(ctx context.Context, c *identity.Caller, in *scansInput) (*scansOutput, error) {
	a, err := s.reading(ctx, c, &in.Reading)
	if err != nil {
		return nil, err
	}
	list, err := s.cfg.Vault.PaperScans(ctx, a, in.Identifier)
	if err != nil {
		return nil, err
	}
	out := &scansOutput{Body: api.PaperScans{Scans: make([]api.PaperScan, len(list))}}
	for i, x := range list {
		out.Body.Scans[i] = api.PaperScan{Version: x.Version, Batch: x.Batch, Digest: hex.EncodeToString(x.Digest[:])}
	}
	return out, nil
}

type scanInput struct {
	Reading

	Digest string `path:"digest" pattern:"^[0-9a-f]{64}$" doc:"SM3 of the scan, as the list names it"`
}

func (s *Server) getScan(ctx context.Context, c *identity.Caller, in *scanInput) (*fileOutput, error) {
	a, err := s.reading(ctx, c, &in.Reading)
	if err != nil {
		return nil, err
	}
	list, err := s.cfg.Vault.PaperScans(ctx, a, in.Identifier)
	if err != nil {
		return nil, err
	}
	for _, x := range list {
		if hex.EncodeToString(x.Digest[:]) == in.Digest {
			return s.scan(ctx, a, x.Batch, x.Digest)
		}
	}
	return nil, codeProblem(CodeNoDocument)
}

func (s *Server) scan(ctx context.Context, a vault.Access, batch string, d record.Digest) (*fileOutput, error) {
	content, err := s.cfg.Vault.SampledScan(ctx, a, batch, d)
	if err != nil {
		return nil, err
	}
	return file(mediaBytes, "scan", content), nil
}

type sampleInput struct {
	BatchOf
	Body api.SampleRequest
}

type sampleOutput struct{ Body api.Sample }

func (s *Server) sample(ctx context.Context, c *identity.Caller, in *sampleInput) (*sampleOutput, error) {
	if _, err := s.conversion(ctx, c, &in.BatchOf); err != nil {
		return nil, err
	}
	list, err := s.cfg.Vault.Sample(ctx, batchAccess(c), in.Batch, in.Body.Number, in.Body.Seed)
	if err != nil {
		return nil, err
	}
	out := &sampleOutput{Body: api.Sample{Rows: make([]api.SampledRow, len(list))}}
	for i := range list {
		x := &list[i]
		row := api.SampledRow{
			Row: x.Row, Outcome: string(x.Outcome),
			Licence: s.licenceOf(ctx, &x.Found, []string{everything}, sights[c.Role].drawn),
		}
		for _, d := range x.Scans {
			row.Scans = append(row.Scans, hex.EncodeToString(d[:]))
		}
		out.Body.Rows[i] = row
	}
	return out, nil
}

type sampledScanInput struct {
	BatchOf
	Digest string `path:"digest" pattern:"^[0-9a-f]{64}$" doc:"SM3 of the scan, as the sample names it"`
}

func (s *Server) sampledScan(ctx context.Context, c *identity.Caller, in *sampledScanInput) (*fileOutput, error) {
	if _, err := s.conversion(ctx, c, &in.BatchOf); err != nil {
		return nil, err
	}
	raw, err := hex.DecodeString(in.Digest)
	if err != nil || len(raw) != len(record.Digest{}) {
		return nil, codeProblem(CodeNoDocument)
	}
	return s.scan(ctx, batchAccess(c), in.Batch, record.Digest(raw))
}
