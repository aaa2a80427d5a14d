package main

import (
	"archive/zip"
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// makePicture is picture FILE WIDTH HEIGHT: a made-up photo or scan, PNG or JPEG by the name of the file.
func makePicture(ts *testscript.TestScript, _ bool, args []string) {
	w, err := strconv.Atoi(args[1])
	ts.Check(err)
	h, err := strconv.Atoi(args[2])
	ts.Check(err)
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, color.RGBA{uint8(x % 251), uint8(y % 241), uint8(w % 239), 255})
		}
	}
	var b bytes.Buffer
	if strings.HasSuffix(args[0], ".png") {
		ts.Check(png.Encode(&b, m))
	} else {
		ts.Check(jpeg.Encode(&b, m, nil))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes(), 0o600))
}

// pagesOf is pages FILE: lists the pages of an OFD with how many pictures each shows, then its attachments.
func pagesOf(ts *testscript.TestScript, _ bool, args []string) {
	b := []byte(ts.ReadFile(args[0]))
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	ts.Check(err)
	part := func(name string) (text string, there bool) {
		f, err := z.Open(name)
		if err != nil {
			return "", false
		}
		content, err := io.ReadAll(f)
		ts.Check(err)
		return string(content), true
	}
	var out strings.Builder
	for i := 0; ; i++ {
		page, there := part("Doc_0/Pages/Page_" + strconv.Itoa(i) + "/Content.xml")
		if !there {
			break
		}
		out.WriteString("page " + strconv.Itoa(i+1) + " pictures " +
			strconv.Itoa(strings.Count(page, "<ofd:ImageObject")) + "\n")
	}
	for _, f := range z.File {
		if name, attached := strings.CutPrefix(f.Name, "Doc_0/Attachs/"); attached {
			out.WriteString("attached " + name + "\n")
		}
	}
	_, err = io.WriteString(ts.Stdout(), out.String())
	ts.Check(err)
}
