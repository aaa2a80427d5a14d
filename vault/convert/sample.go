package convert

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// SampleJob is a sample to draw for inspection.
type SampleJob struct {
	Batch string
	N     int
	Seed  uint64    // the same seed draws the same licences
	Out   io.Writer // .xlsx

	// Scan receives each scan of the sample under the name that stands in the sheet; nil: scans are not read.
	Scan func(name string, content []byte) error
}

// Headings of the columns that the inspector fills in.
const (
	SampleVerdict = "核对结果"
	SampleRemark  = "差错说明"
)

// SampleSheet draws licences of a batch and writes them as a sheet: each element as the vault holds it, the names of
// the scans beside it, and empty columns for the inspector's findings. It returns how many were drawn;
// vault.SignOffBatch takes what the inspection found.
func SampleSheet(ctx context.Context, cfg Config, job SampleJob) (int, error) {
	if cfg.Vault == nil || job.Out == nil || job.N < 1 {
		return 0, ErrConfig
	}
	account, err := cfg.Vault.Batch(ctx, cfg.Access, job.Batch, func([]vault.RowResult) bool { return false })
	if err != nil {
		return 0, err
	}
	t, err := cfg.Vault.Type(ctx, account.Type)
	if err != nil {
		return 0, err
	}
	list, err := cfg.Vault.Sample(ctx, cfg.Access, job.Batch, job.N, job.Seed)
	if err != nil {
		return 0, err
	}
	w, err := sheet.NewWriter(job.Out, sheet.WriterOptions{Sheet: "抽样核对"})
	if err != nil {
		return 0, fmt.Errorf("convert: writing a sample: %w", err)
	}
	cols := t.Columns()
	head := []string{"行号", "电子证照标识", "结果"}
	for _, c := range cols {
		head = append(head, c.Label)
	}
	if err := w.Write(append(head, "扫描件", SampleVerdict, SampleRemark)); err != nil {
		return 0, err
	}
	for i := range list {
		s := &list[i]
		line := []string{strconv.Itoa(s.Row), s.Found.Identifier, stateNames[s.Outcome]}
		for _, c := range cols {
			line = append(line, s.Found.Value(c.Name))
		}
		scans, err := job.scans(ctx, cfg, s)
		if err != nil {
			return 0, err
		}
		if err := w.Write(append(line, strings.Join(scans, "\n"), "", "")); err != nil {
			return 0, err
		}
	}
	return len(list), w.Close()
}

// scans names the scans of one licence and hands their contents over.
func (job *SampleJob) scans(ctx context.Context, cfg Config, s *vault.Sampled) ([]string, error) {
	var out []string
	for i, d := range s.Scans {
		if job.Scan == nil {
			out = append(out, d.String())
			continue
		}
		content, err := cfg.Vault.SampledScan(ctx, cfg.Access, job.Batch, d)
		if err != nil {
			return nil, err
		}
		name := scanName(s.Row, i, d, content)
		out = append(out, name)
		if err := job.Scan(name, content); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// scanName is a name that sorts by row and page.
func scanName(row, page int, d record.Digest, content []byte) string {
	ext := ".bin"
	for magic, e := range map[string]string{
		"\xff\xd8\xff": ".jpg", "\x89PNG": ".png", "%PDF": ".pdf", "II*\x00": ".tif", "MM\x00*": ".tif", "GIF8": ".gif",
		"BM": ".bmp", "PK\x03\x04": ".ofd", "RIFF": ".webp",
	} {
		if strings.HasPrefix(string(content[:min(len(content), 8)]), magic) {
			ext = e
		}
	}
	return fmt.Sprintf("row%07d-%02d-%s%s", row, page+1, d.String()[:8], ext)
}
