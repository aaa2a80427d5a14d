package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/verify"
)

// submitted are the files of one call of verify, open until close.
type submitted struct {
	docs   []verify.Named
	beside *besideDocuments
	open   []io.Closer
}

func (s *submitted) close() {
	for _, c := range s.open {
		_ = c.Close() // only read
	}
}

// submit opens the files that are to be judged, each with what lies beside it.
func (c *program) submit(o *verifyOrder, paths []string) (*submitted, error) {
	paths, beside, err := splitBeside(o.withoutContents(paths))
	if err != nil {
		return nil, err
	}
	if o.content != "" && len(paths) > 1 {
		return nil, cli.Usage("--content 只能与一个文件同用", "--content goes with one file")
	}
	s := &submitted{beside: beside}
	for _, p := range paths {
		if err := c.submitOne(s, o, p); err != nil {
			s.close()
			return nil, err
		}
		s.docs[len(s.docs)-1].Evidence = beside.evidence
	}
	if err := c.addLicences(s, o.with); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (c *program) submitOne(s *submitted, o *verifyOrder, p string) error {
	doc := verify.Named{Name: p}
	var err error
	if p == "-" {
		text, err := c.readLimited(p)
		if err != nil {
			return err
		}
		doc.Body, doc.Size = bytes.NewReader(text), int64(len(text))
	} else if doc.Body, doc.Size, err = s.file(p); err != nil {
		return err
	}
	if beside := o.contentOf(p); beside != "" {
		if doc.Content, doc.ContentSize, err = s.file(beside); err != nil {
			return err
		}
	}
	s.docs = append(s.docs, doc)
	return nil
}

func (s *submitted) file(p string) (io.ReaderAt, int64, error) {
	f, err := os.Open(p)
	if err != nil {
		return nil, 0, err
	}
	s.open = append(s.open, f)
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, cli.Usage("不是普通文件："+p, "not a regular file: "+p)
	}
	return f, info.Size(), nil
}

// detachedEndings are those of signatures that lie beside what they sign.
var detachedEndings = []string{".p7s", ".sig", ".p7", ".tsr", ".tst"}

// contentOf is the file that a detached signature is over: the one that was named, or the one of the same name without
// the signature's ending.
func (o *verifyOrder) contentOf(p string) string {
	if o.content != "" {
		return o.content
	}
	for _, ending := range detachedEndings {
		base, ok := strings.CutSuffix(p, ending)
		if !ok || base == "" {
			continue
		}
		if info, err := os.Stat(base); err == nil && info.Mode().IsRegular() {
			return base
		}
	}
	return ""
}

// withoutContents leaves out what another file is the detached signature of: it is judged with that.
func (o *verifyOrder) withoutContents(paths []string) []string {
	signed := map[string]bool{}
	for _, p := range paths {
		if beside := o.contentOf(p); beside != "" {
			signed[beside] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(paths), func(p string) bool { return signed[p] })
}

// judgeFiles judges one file, or several as a case.
func (c *program) judgeFiles(ctx context.Context, o *verifyOrder, paths []string) error {
	if err := cmp.Or(o.checkReport(), o.checkEvidence(), readExpectations(&o.expect, o.expects)); err != nil {
		return err
	}
	status, err := c.statusAtService(o)
	if err != nil {
		return err
	}
	defer status.close()
	o.labels = status.labels()
	v, err := c.verifierAsking(ctx, &o.trust, status.source())
	if err != nil {
		return err
	}
	s, err := c.submit(o, paths)
	if err != nil {
		return err
	}
	defer s.close()
	report, err := v.VerifyCase(ctx, s.docs, o.expect)
	if err != nil {
		return err
	}
	c.tellBeside(s.beside)
	c.tellStatus(status, report)
	report.Number = o.caseNumber
	if err := c.writeReports(ctx, o, report); err != nil {
		return err
	}
	if err := c.keepEvidence(ctx, o, report); err != nil {
		return err
	}
	if len(report.Reports) == 1 {
		return c.showJudgement(report.Reports[0])
	}
	var failed error
	err = c.Emit(report, func() { failed = report.WriteText(c.Output(), c.Lang) })
	return cmp.Or(errors.Join(err, failed), exitOf(report.Indication()))
}

// maxTrustFile is the largest file of a trust folder; CRLs can be long.
const maxTrustFile = 128 << 20

// readTrust reads a folder of trust.
func readTrust(dir string) (*verify.TrustFolder, error) {
	files := map[string][]byte{}
	if err := readFolder(files, dir); err != nil {
		return nil, err
	}
	return verify.ParseTrustFolder(files)
}

// readFolder reads the files of a folder of trust.
func readFolder(files map[string][]byte, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // only read
	folder := root.FS()
	return fs.WalkDir(folder, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Size() > maxTrustFile {
			return cli.Usage("文件过大（上限 128 MiB）："+p, "the file is too large (128 MiB at most): "+p)
		}
		files[p], err = fs.ReadFile(folder, p)
		return err
	})
}
