package pki

import (
	"strconv"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
)

// NameForm is one alternative of GeneralName.
type NameForm uint8

// Forms; the value is the number of the tag.
const (
	FormOther NameForm = iota
	FormMail
	FormDNS
	FormX400
	FormDirectory
	FormEDIParty
	FormURI
	FormIP
	FormRegistered

	FormUnknown NameForm = 0xff // alternative names that cannot be read at all
)

// GeneralName is a GeneralName of RFC 5280, 4.2.1.6.
type GeneralName struct {
	Form      NameForm
	Text      string // mail address, DNS name or URI as it stands; IP address or registered identifier as usual
	Directory Name   // FormDirectory
	IP        []byte // FormIP: 4 or 16 octets; in a name constraint address and mask
	OtherID   oid.ID // FormOther: the kind of name
	Raw       []byte // the whole element
	// Malformed tells that the name is not what its form demands and was let pass under a tolerance. It matches
	// nothing.
	Malformed bool
}

// generalNames reads the contents of a GeneralNames.
func (r *reader) generalNames(body cryptobyte.String, field string) ([]GeneralName, error) {
	if body.Empty() {
		return nil, r.allow(ToleranceEmptyExtension, field)
	}
	var names []GeneralName
	for !body.Empty() {
		n, err := r.generalName(&body, field)
		if err != nil {
			return nil, err
		}
		names = append(names, n)
	}
	return names, nil
}

func (r *reader) generalName(s *cryptobyte.String, field string) (GeneralName, error) {
	var element, body cryptobyte.String
	var tag casn1.Tag
	if !s.ReadAnyASN1Element(&element, &tag) {
		return GeneralName{}, malformed(field)
	}
	whole := element
	if tag&0xc0 != 0x80 || tag&0x1f > casn1.Tag(FormRegistered) || !whole.ReadASN1(&body, tag) {
		return GeneralName{}, malformed(field)
	}
	n := GeneralName{Form: NameForm(tag & 0x1f), Raw: element}
	if tag&0x20 == 0x20 != n.Form.constructed() {
		return GeneralName{}, malformed(field)
	}
	return n, r.fill(&n, body, field)
}

func (f NameForm) constructed() bool {
	return f == FormOther || f == FormX400 || f == FormDirectory || f == FormEDIParty
}

// fill reads the contents by the form.
func (r *reader) fill(n *GeneralName, body cryptobyte.String, field string) error {
	good := true
	switch n.Form {
	case FormMail, FormDNS, FormURI:
		n.Text = string(body)
		good = !strings.ContainsFunc(n.Text, func(c rune) bool { return c < ' ' || c >= 0x7f })
	case FormDirectory:
		var err error
		if n.Directory, err = r.name(&body, field); err != nil || !body.Empty() {
			return malformed(field)
		}
	case FormIP:
		n.IP = body
		n.Text = addressText(body)
	case FormRegistered:
		n.Text = oid.ID(body).String()
		good = n.Text != "invalid"
	case FormOther:
		if !oid.Read(&body, &n.OtherID) || !body.SkipASN1(constructedTag(0)) || !body.Empty() {
			return malformed(field)
		}
	case FormX400, FormEDIParty, FormUnknown:
	}
	if good {
		return nil
	}
	n.Malformed = true
	return r.allow(ToleranceGeneralName, field)
}

// checkAlternatives holds names that stand for a holder against their forms.
func (r *reader) checkAlternatives(names []GeneralName, field string) error {
	for i := range names {
		n := &names[i]
		good := true
		switch n.Form {
		case FormMail:
			_, good = mailHost(n.Text)
		case FormDNS:
			good = isHostPattern(n.Text)
		case FormURI:
			good = hasScheme(n.Text)
		case FormIP:
			good = len(n.IP) == 4 || len(n.IP) == 16
		case FormDirectory, FormOther, FormRegistered, FormX400, FormEDIParty, FormUnknown:
		}
		if good || n.Malformed {
			continue
		}
		n.Malformed = true
		if err := r.allow(ToleranceGeneralName, field); err != nil {
			return err
		}
	}
	return nil
}

// addressText writes an IPv4 address in dots and anything else in groups of hexadecimal digits.
func addressText(address []byte) string {
	var b strings.Builder
	if len(address) == 4 {
		for i, c := range address {
			if i > 0 {
				b.WriteByte('.')
			}
			b.WriteString(strconv.Itoa(int(c)))
		}
		return b.String()
	}
	for i := 0; i+1 < len(address); i += 2 {
		if i > 0 {
			b.WriteByte(':')
		}
		b.WriteString(strconv.FormatUint(uint64(address[i])<<8|uint64(address[i+1]), 16))
	}
	return b.String()
}
