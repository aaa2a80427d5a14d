package paper_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/verify"
	"github.com/elicense/elicense/verify/paper"
)

// TestLook writes a report on signed files of other products for people to look at.
func TestLook(t *testing.T) {
	root := os.Getenv("ELICENSE_TESTDATA")
	if root == "" {
		t.Skip("ELICENSE_TESTDATA is not set: nothing signed by other software to report on")
	}
	p, err := newProvince()
	require.NoError(t, err)
	docs := []verify.Named{file("根证书.cer", p.good)}
	paths, err := filepath.Glob(filepath.Join(root, "ofdrw", "*", "src", "test", "resources", "*.ofd"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths[:min(19, len(paths))] {
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		docs = append(docs, file(filepath.Base(path), b))
	}
	dir := os.Getenv("ELICENSE_LOOK") // a folder for those who want to see them
	if dir == "" {
		dir = t.TempDir()
	}
	c := judge(t, docs...)
	c.Number = "示行审〔2026〕第000123号"
	one := judge(t, docs[0])
	for name, d := range map[string]*paper.Drawing{
		"case": draw(t, c, paper.Config{Fonts: fonts(t), Seal: true}), "one": draw(t, one, paper.Config{Fonts: fonts(t)}),
		"english": draw(t, one, paper.Config{Fonts: fonts(t), Lang: "en"}),
	} {
		for i := range min(d.Pages(), 6) {
			png, err := d.PNG(i, 80)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d.png", name, i)), png, 0o600))
		}
		b, err := d.OFD()
		require.NoError(t, err)
		t.Log(name, d.Pages(), len(b))
	}
}
