package server_test

import (
	"image/color"
	"image/png"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/server"
)

// seen is how many pixels of a phone's screen have a colour when a real browser (ELICENSE_BROWSER, a Chromium) shows a
// page. With ELICENSE_PICTURES the picture is kept there under the name.
func (w *world) seen(browser, name, token string, c color.RGBA) (pixels int) {
	w.t.Helper()
	folder := w.t.TempDir()
	if kept := os.Getenv("ELICENSE_PICTURES"); kept != "" {
		folder = kept
	}
	picture := filepath.Join(folder, name+".png")
	cmd := exec.CommandContext(w.t.Context(), browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
		"--user-data-dir="+w.t.TempDir(), "--window-size=420,760", "--screenshot="+picture,
		w.http.URL+server.PagePath+token)
	out, err := cmd.CombinedOutput()
	require.NoError(w.t, err, "%s", out)
	f, err := os.Open(picture)
	require.NoError(w.t, err)
	defer func() { require.NoError(w.t, f.Close()) }()
	img, err := png.Decode(f)
	require.NoError(w.t, err)
	for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y++ {
		for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x++ {
			if color.RGBAModel.Convert(img.At(x, y)) == c {
				pixels++
			}
		}
	}
	return pixels
}

// TestPublicPageInBrowser: a person with a phone sees green for a licence in force, red for one that is not, and neither
// for a code that nobody knows; the page's policy lets its own style pass.
func TestPublicPageInBrowser(t *testing.T) {
	browser := os.Getenv("ELICENSE_BROWSER")
	if browser == "" {
		t.Skip("ELICENSE_BROWSER names no browser; .ci/run browser installs one")
	}
	w := newWorld(t)
	const much = 20000 // pixels; the verdict takes a fifth of the screen
	green, red := color.RGBA{0x0b, 0x7a, 0x3b, 0xff}, color.RGBA{0xb4, 0x23, 0x18, 0xff}
	issued := w.issue("one")
	token := w.tokenOf(issued.Identifier)
	require.Greater(t, w.seen(browser, "in-force", token, green), much)
	s := w.call(fixtures.Caller(0), http.MethodPost, "/licences/"+issued.Identifier+"/suspensions",
		api.ActRequest{Basis: "某法第一条", Reason: "x"}, api.HeaderIdempotencyKey, "k")
	require.Equal(t, http.StatusOK, s.status, "%s", s.body)
	require.Zero(t, w.seen(browser, "suspended", token, green))
	require.Greater(t, w.seen(browser, "suspended", token, red), much)
	require.Zero(t, w.seen(browser, "unknown", "x", green))
}
