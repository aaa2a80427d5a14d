package ofd_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elicense/elicense/internal/ofd"
)

func TestDump(t *testing.T) {
	root := os.Getenv("ELICENSE_TESTDATA")
	filepath.WalkDir(root, func(p string, d os.DirEntry, err error) error {
		if d.IsDir() || !strings.HasSuffix(strings.ToLower(p), ".ofd") {
			return nil
		}
		f, _ := os.Open(p)
		defer f.Close()
		st, _ := f.Stat()
		fmt.Println("##", p[len(root)+1:])
		pk, err := ofd.Open(f, st.Size())
		if err != nil {
			fmt.Println("  OPEN", err)
			return nil
		}
		fmt.Println("  files", len(pk.Files()), "tol", pk.Tolerances())
		for _, d := range pk.Documents() {
			c, err := pk.Content(d.Root)
			if err != nil {
				fmt.Println("  CONTENT", err)
			} else {
				fmt.Println("  pages", len(c.Pages), c.Area, "tpl", len(c.Templates), "tol", c.Tolerances, d.Tolerances, "v", len(d.Versions), "custom", len(d.Info.Custom))
			}
			l, err := pk.Signatures(d)
			if err != nil {
				fmt.Println("  SIGS", err)
				continue
			}
			for i, r := range l.Signatures {
				s, err := pk.ReadSignature(r)
				if err != nil {
					fmt.Println("  SIG", err)
					continue
				}
				cov, err := pk.Coverage(l, i, s, nil)
				if err != nil {
					fmt.Println("  COV", err)
					continue
				}
				n := map[ofd.State]int{}
				for _, f := range cov.Files {
					n[f.State]++
				}
				fmt.Println("  sig", r.ID, r.Type, s.Provider, s.Method, s.DateTime, s.Time.Format("20060102T150405"), s.Digest, "tol", s.Tolerances, cov.Tolerances, l.Tolerances, n, "list", cov.CoversList, "unc", cov.Uncovered, "added", cov.Added, "seal", s.Seal, len(s.Stamps))
			}
		}
		return nil
	})
}
