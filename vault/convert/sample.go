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

// Sample is what was drawn from a batch (vault.Sample), to be written as a sheet.
type Sample struct {
	Type  *vault.LicenceType
	Drawn []vault.Sampled

	// Scan reads a scan; nil: scans are not read, and stand in the sheet by their digests.
	Scan func(ctx context.Context, d record.Digest) ([]byte, error)
	// Save receives each scan under the name that stands in the sheet.
	Save func(name string, content []byte) error
}

// Headings of the columns that the inspector fills in.
const (
	SampleVerdict = "核对结果"
	SampleRemark  = "差错说明"
)

// WriteSheet writes the sample as .xlsx: each element as the vault holds it, the names of the scans beside it, and
// empty columns for the inspector's findings. vault.SignOffBatch takes what the inspection found.
func (s *Sample) WriteSheet(ctx context.Context, out io.Writer) error {
	if s.Type == nil || out == nil || s.Scan != nil && s.Save == nil {
		return ErrConfig
	}
	w, err := sheet.NewWriter(out, sheet.WriterOptions{Sheet: "抽样核对"})
	if err != nil {
		return fmt.Errorf("convert: writing a sample: %w", err)
	}
	cols := s.Type.Columns()
	head := []string{"行号", "电子证照标识", "结果"}
	for _, c := range cols {
		head = append(head, c.Label)
	}
	if err := w.Write(append(head, "扫描件", SampleVerdict, SampleRemark)); err != nil {
		return err
	}
	for i := range s.Drawn {
		x := &s.Drawn[i]
		line := []string{strconv.Itoa(x.Row), x.Found.Identifier, stateNames[x.Outcome]}
		for _, c := range cols {
			line = append(line, x.Found.Value(c.Name))
		}
		scans, err := s.scans(ctx, x)
		if err != nil {
			return err
		}
		if err := w.Write(append(line, strings.Join(scans, "\n"), "", "")); err != nil {
			return err
		}
	}
	return w.Close()
}

// scans names the scans of one licence and hands their contents over.
func (s *Sample) scans(ctx context.Context, x *vault.Sampled) ([]string, error) {
	var out []string
	for i, d := range x.Scans {
		if s.Scan == nil {
			out = append(out, d.String())
			continue
		}
		content, err := s.Scan(ctx, d)
		if err != nil {
			return nil, err
		}
		name := scanName(x.Row, i, d, content)
		out = append(out, name)
		if err := s.Save(name, content); err != nil {
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
