package impression

import (
	"archive/zip"
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/emmansun/gmsm/sm3"
)

const ofdNamespace = ` xmlns:ofd="http://www.ofdspec.org/2016"`

// ofdColour is colour as OFD writes it.
const ofdColour = "230 0 18"

// OFD is the picture as a document of one page and one path (GB/T 33190-2016, 9.1), the form in which the seals of tax
// bureaux hold theirs. It is sharp at any size and holds no character either.
func (i *Impression) OFD() ([]byte, error) {
	box := fmt.Sprintf("0 0 %d %d", i.sizeMM, i.sizeMM)
	data := i.abbreviated()
	digest := sm3.Sum([]byte(data))
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range []struct{ name, content string }{
		{"OFD.xml", `<ofd:OFD` + ofdNamespace + ` Version="1.0" DocType="OFD"><ofd:DocBody><ofd:DocInfo><ofd:DocID>` +
			hex.EncodeToString(digest[:16]) + `</ofd:DocID></ofd:DocInfo>` +
			`<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>`},
		{"Doc_0/Document.xml", `<ofd:Document` + ofdNamespace + `><ofd:CommonData><ofd:MaxUnitID>3</ofd:MaxUnitID>` +
			`<ofd:PageArea><ofd:PhysicalBox>` + box + `</ofd:PhysicalBox></ofd:PageArea></ofd:CommonData><ofd:Pages>` +
			`<ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages></ofd:Document>`},
		{"Doc_0/Pages/Page_0/Content.xml", `<ofd:Page` + ofdNamespace + `><ofd:Content><ofd:Layer ID="2">` +
			`<ofd:PathObject ID="3" Boundary="` + box + `" Stroke="false" Fill="true">` +
			`<ofd:FillColor Value="` + ofdColour + `"/><ofd:AbbreviatedData>` + data +
			`</ofd:AbbreviatedData></ofd:PathObject></ofd:Layer></ofd:Content></ofd:Page>`},
	} {
		w, err := z.Create(f.name)
		if err == nil {
			_, err = w.Write([]byte(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + f.content))
		}
		if err != nil {
			return nil, fmt.Errorf("writing an OFD: %w", err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("writing an OFD: %w", err)
	}
	return b.Bytes(), nil
}

// abbreviated is the outlines in the notation of OFD: B is a cubic curve, C closes.
func (i *Impression) abbreviated() string {
	var words []string
	for _, s := range i.outlines {
		op := s.op
		switch op {
		case 'C':
			op = 'B'
		case 'Z':
			op = 'C'
		}
		words = append(words, string(op))
		for _, p := range s.points[:s.count] {
			words = append(words, decimal(p.x), decimal(p.y))
		}
	}
	return strings.Join(words, " ")
}
