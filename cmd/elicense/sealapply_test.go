package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/pki"
)

// makeOFDWorld is ofdworld: a seal with its key, and a document of three pages that says where it is to be sealed.
func makeOFDWorld(ts *testscript.TestScript, _ bool, _ []string) {
	p, err := fixtures.NewProvince(rand.Reader, func() time.Time { return scriptStart })
	ts.Check(err)
	seals, err := p.Seals(context.Background(), nil)
	ts.Check(err)
	for i, name := range []string{"seal", "other"} {
		key, err := pki.MarshalKey(seals[i].Key, []byte("pass"), rand.Reader)
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(name+".key"), key, 0o600))
		ts.Check(os.WriteFile(ts.MkAbs(name+".pem"), pki.AppendPEM(nil, seals[i].Chain...), 0o600))
		ts.Check(os.WriteFile(ts.MkAbs(name+".esl"), seals[i].DER, 0o600))
	}
	b, err := ofd.Marshal(threePages())
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("plain.ofd"), b, 0o600))
}

func threePages() []ofd.File {
	const head, space = `<?xml version="1.0" encoding="UTF-8"?>`, ` xmlns:ofd="http://www.ofdspec.org/2016"`
	list := ""
	var pages []ofd.File
	for i := range 3 {
		list += fmt.Sprintf(`<ofd:Page ID="%d" BaseLoc="Page_%d.xml"/>`, i+1, i)
		pages = append(pages, ofd.File{Name: fmt.Sprintf("Doc_0/Page_%d.xml", i), Data: []byte(head + `<ofd:Page` + space +
			`><ofd:Content><ofd:Layer ID="9"><ofd:TextObject ID="10" Boundary="20 100 60 8" Font="3" Size="5"><ofd:TextCode Y="5">` +
			`（盖章）</ofd:TextCode></ofd:TextObject></ofd:Layer></ofd:Content></ofd:Page>`)})
	}
	return append([]ofd.File{
		{Name: "OFD.xml", Data: []byte(head + `<ofd:OFD` + space + ` DocType="OFD" Version="1.1"><ofd:DocBody><ofd:DocInfo/>` +
			`<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>`)},
		{Name: "Doc_0/Document.xml", Data: []byte(head + `<ofd:Document` + space + `><ofd:CommonData><ofd:MaxUnitID>10</ofd:MaxUnitID>` +
			`<ofd:PageArea><ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea></ofd:CommonData><ofd:Pages>` + list +
			`</ofd:Pages></ofd:Document>`)},
	}, pages...)
}

// signaturesOf is signatures FILE STAMPS…: the file has one signature for each number, with so many stamps; every one
// holds what it lists, and nothing but the list of signatures is left out.
func signaturesOf(ts *testscript.TestScript, _ bool, args []string) {
	b := []byte(ts.ReadFile(args[0]))
	p, err := ofd.Open(bytes.NewReader(b), int64(len(b)))
	ts.Check(err)
	list, err := p.Signatures(p.Documents()[0])
	ts.Check(err)
	var stamps []string
	for i, ref := range list.Signatures {
		s, err := p.ReadSignature(ref)
		ts.Check(err)
		c, err := p.Coverage(list, i, s, nil)
		ts.Check(err)
		if !c.Complete() || len(c.Uncovered) > 1 {
			ts.Fatalf("signature %s: %+v", ref.ID, c)
		}
		stamps = append(stamps, strconv.Itoa(len(s.Stamps)))
	}
	if want := strings.Join(args[1:], " "); strings.Join(stamps, " ") != want {
		ts.Fatalf("stamps %v, not %v", stamps, want)
	}
}
