package convert

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/elicense/elicense/internal/normal"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// Limits of scans.
const (
	MaxScanFiles = 1 << 20
	MaxScanBytes = catalogue.MaxImageBytes // of one file
	MaxScanPages = 50                      // of one row
	maxListed    = 1000                    // rows and files listed in a report
)

// ScanReport is how scans and rows went together.
type ScanReport struct {
	Files     int      `json:"files"`
	Paired    int      `json:"paired"`              // rows with at least one scan
	Unchanged int      `json:"unchanged,omitempty"` // of those: made no version, so what is stored stands
	Missing   []Place  `json:"missing,omitempty"`   // rows without
	MoreRows  int      `json:"more_rows,omitempty"` // that are not listed
	Extra     []string `json:"extra,omitempty"`     // files that belong to no row
	MoreFiles int      `json:"more_files,omitempty"`
	Shared    []string `json:"shared,omitempty"` // files that more than one row claims
}

// Place is a row of the file.
type Place struct {
	Row  int `json:"row"`
	Line int `json:"line,omitempty"` // of a text file
}

// scanIndex finds the scans of a number by their file names: NUMBER.jpg, NUMBER-2.pdf, NUMBER_1.png, NUMBER(3).tif.
type scanIndex struct {
	fsys   fs.FS
	files  []scanFile
	byKey  map[string][]int32
	byName map[string][]int32 // last element of the path, in lower case
}

type scanFile struct {
	path string
	page int
	used atomic.Int32
}

var scanTypes = []string{".jpg", ".jpeg", ".png", ".tif", ".tiff", ".pdf", ".ofd", ".bmp", ".gif", ".webp"}

// indexScans lists a source of scans. Folders do not matter, only the names of files.
func indexScans(fsys fs.FS) (*scanIndex, error) {
	x := &scanIndex{fsys: fsys, byKey: make(map[string][]int32), byName: make(map[string][]int32)}
	var paths []string
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		switch name := path.Base(p); {
		case err != nil:
			return err
		case d.IsDir() && name == "__MACOSX":
			return fs.SkipDir
		case !d.Type().IsRegular() || strings.HasPrefix(name, ".") || strings.EqualFold(name, "thumbs.db"):
			return nil
		case len(paths) == MaxScanFiles:
			return fmt.Errorf("%w: more than %d files", ErrScans, MaxScanFiles)
		}
		paths = append(paths, p)
		return nil
	})
	switch {
	case err == nil || errors.Is(err, ErrScans):
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("convert: listing scans: %w", err)
	default: // what was packed wrong, as two files of one name
		err = fmt.Errorf("%w: listing: %w", ErrScans, err)
	}
	if err != nil {
		return nil, err
	}
	x.files = make([]scanFile, len(paths))
	for i, p := range paths {
		x.files[i].path = p
		x.index(int32(i))
	}
	return x, nil
}

func (x *scanIndex) index(i int32) {
	f := &x.files[i]
	name := strings.ToLower(path.Base(f.path))
	x.byName[name] = append(x.byName[name], i)
	ext := path.Ext(f.path)
	if !slices.Contains(scanTypes, strings.ToLower(ext)) || !utf8.ValidString(f.path) {
		return
	}
	stem := strings.TrimSuffix(path.Base(f.path), ext)
	if k := scanKey(stem); k != "" {
		x.byKey[k] = append(x.byKey[k], i)
	}
	if front, page, ok := cutPage(stem); ok {
		f.page = page
		if k := scanKey(front); k != "" {
			x.byKey[k] = append(x.byKey[k], i)
		}
	}
}

// scanKey is the form in which numbers and names of files meet. What no file name can hold is a dash.
func scanKey(s string) string {
	k, err := normal.Key(normal.KindPlainCode, s)
	if err != nil {
		return ""
	}
	return strings.Map(func(c rune) rune {
		if strings.ContainsRune(`/\:*?"<>|_－／`, c) {
			return '-'
		}
		return c
	}, k)
}

// cutPage takes the number of a page off a name.
func cutPage(stem string) (front string, page int, ok bool) {
	s := strings.TrimRight(strings.TrimSpace(stem), ")）")
	s = strings.TrimSuffix(s, "页")
	end := len(s)
	for end > 0 && len(s)-end < 3 && s[end-1] >= '0' && s[end-1] <= '9' {
		end--
	}
	if end == len(s) {
		return "", 0, false
	}
	for _, c := range s[end:] {
		page = page*10 + int(c-'0')
	}
	front = s[:end]
	for _, mark := range []string{"第", "(", "（", "-", "_", " "} {
		if cut, found := strings.CutSuffix(front, mark); found {
			return strings.TrimRight(cut, "-_ "), page, true
		}
	}
	return "", 0, false
}

// of gives the scans of a number, page by page, and notes that they belong to a row.
func (x *scanIndex) of(number string) []*scanFile {
	var out []*scanFile
	for _, i := range x.byKey[scanKey(number)] {
		x.files[i].used.Add(1)
		out = append(out, &x.files[i])
	}
	slices.SortFunc(out, func(a, b *scanFile) int {
		if a.page != b.page {
			return a.page - b.page
		}
		return strings.Compare(a.path, b.path)
	})
	return slices.Compact(out)
}

// scanner reads the scans of rows.
type scanner struct {
	index *scanIndex
}

// scans pairs a row with its scans. What is wrong with a scan is wrong with its row.
func (w *worker) scans(raw *rawRow) error {
	number := w.row[w.l.at.number]
	if w.scanner == nil || number == "" {
		return nil
	}
	files := w.scanner.index.of(number)
	w.lacking = len(files) == 0
	if len(files) > MaxScanPages {
		w.own(finding{code: CodeScanRefused, element: catalogue.MetaNumber, found: fmt.Sprint(len(files))})
		return nil
	}
	for _, f := range files {
		if err := w.scan(raw, f); err != nil {
			return err
		}
	}
	return nil
}

func (w *worker) scan(raw *rawRow, f *scanFile) error {
	content, err := readScan(w.scanner.index.fsys, f.path)
	if err != nil {
		return fmt.Errorf("convert: reading scan %q: %w", f.path, err)
	}
	if len(content) == 0 || len(content) > MaxScanBytes {
		w.own(finding{code: CodeScanRefused, element: catalogue.MetaNumber, found: path.Base(f.path)})
		return nil
	}
	scan := vault.Scan{Digest: record.Sum(content)}
	if !slices.ContainsFunc(raw.scans, func(s vault.Scan) bool { return s.Digest == scan.Digest }) {
		raw.scans = append(raw.scans, scan)
		raw.brought = append(raw.brought, brought{content, len(raw.scans) - 1, false})
	}
	return nil
}

// readScan reads at most one byte more than a scan may have.
func readScan(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	return io.ReadAll(io.LimitReader(f, MaxScanBytes+1))
}

// report says what was not paired.
func (x *scanIndex) report(r *ScanReport) {
	r.Files = len(x.files)
	list := func(to *[]string, name string) {
		if len(*to) == maxListed {
			r.MoreFiles++
			return
		}
		*to = append(*to, name)
	}
	for i := range x.files {
		switch f := &x.files[i]; f.used.Load() {
		case 0:
			list(&r.Extra, f.path)
		case 1:
		default:
			list(&r.Shared, f.path)
		}
	}
}
