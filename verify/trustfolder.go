package verify

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/vault/ledger"
)

// TrustFolder is whom a verifier trusts and what it knows, as files: certificates in PEM or DER, CRLs and OCSP
// answers in DER, and ledger keys as text.
//
//	*.pem *.crt *.cer   signed by themselves: trust anchors; others: intermediates, which are not trusted
//	makers/*            certificates of makers of seals that are known
//	*.crl *.ors         what is known of revocations
//	ledger-keys.txt     keys of the vaults that are believed
//	types/*.yaml        definitions of licence types, for the words of reports; nothing is believed by them
type TrustFolder struct {
	Anchors       *pki.Anchors // nil if there are none in it: New refuses that
	Intermediates *pki.Pool
	SealMakers    []*pki.Certificate
	Evidence      pki.Evidence
	LedgerKeys    []ledger.Verifier
	Types         [][]byte // definitions as they are, by the order of their names
}

// ParseTrustFolder reads the files of a folder by their names. A file that it does not know by its ending is refused,
// so that nobody believes he trusts what is passed over.
func ParseTrustFolder(files map[string][]byte) (*TrustFolder, error) {
	f := &TrustFolder{}
	var anchors []pki.Anchor
	var between []*pki.Certificate
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		list, err := f.read(name, files[name])
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrConfig, name, err)
		}
		for _, c := range list {
			switch {
			case strings.HasPrefix(name, "makers/"):
				f.SealMakers = append(f.SealMakers, c)
			case c.SelfIssued() && !linked(c):
				anchors = append(anchors, pki.Anchor{Certificate: c, Scope: scopeOf(c)})
			default:
				between = append(between, c)
			}
		}
	}
	if len(anchors) > 0 {
		var err error
		if f.Anchors, err = pki.NewScopedAnchors(anchors...); err != nil {
			return nil, fmt.Errorf("%w: trust anchors: %w", ErrConfig, err)
		}
	}
	f.Intermediates = pki.NewPool(between...)
	return f, nil
}

// linked tells a certificate that an authority gave its next key with its former one: it bears one name twice, and is
// no root for it was not signed by itself. A root whose own signature is only too weak is one: nothing rests on that.
func linked(c *pki.Certificate) bool {
	return pki.ReasonOf(c.CheckIssuedBy(c)) == pki.ReasonBadSignature
}

// read takes one file in and gives the certificates that it holds.
func (f *TrustFolder) read(name string, content []byte) ([]*pki.Certificate, error) {
	switch ending := strings.ToLower(path.Ext(name)); {
	case ending == ".pem" || ending == ".crt" || ending == ".cer":
		if len(content) > 0 && content[0] == derSequence {
			c, err := pki.ParseTolerant(content)
			return []*pki.Certificate{c}, err
		}
		return pki.ParseTolerantPEM(content)
	case ending == ".crl":
		c, err := pki.ParseCRL(content)
		if err == nil {
			f.Evidence.CRLs = append(f.Evidence.CRLs, c)
		}
		return nil, err
	case ending == ".ors":
		r, err := pki.ParseOCSPResponse(content)
		if err == nil {
			f.Evidence.Responses = append(f.Evidence.Responses, r)
		}
		return nil, err
	case path.Base(name) == "ledger-keys.txt":
		keys, err := ParseLedgerKeys(string(content))
		f.LedgerKeys = append(f.LedgerKeys, keys...)
		return nil, err
	case ending == ".yaml" && strings.HasPrefix(name, "types/"):
		f.Types = append(f.Types, content)
		return nil, nil
	default:
		return nil, fmt.Errorf("%w: no such ending is known", ErrConfig)
	}
}

// scopeOf is what a root in a folder may vouch for: signatures, time-stamps and the evidence about them. A root with an
// SM2 key vouches for SM2 alone; one with another key for those in use elsewhere.
func scopeOf(root *pki.Certificate) pki.Scope {
	s := pki.Scope{Purposes: []pki.Purpose{pki.PurposeAny}, Algorithms: []pki.KeyAlgorithm{pki.KeySM2}}
	if root.Key.Algorithm != pki.KeySM2 {
		s.Algorithms = []pki.KeyAlgorithm{pki.KeyRSA, pki.KeyRSAPSS, pki.KeyECDSA}
		s.Exceptions = []pki.Exception{pki.ExceptionNoKeyUsage}
	}
	return s
}
