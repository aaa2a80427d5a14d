package pki_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/pki"
)

// maxForeignBytes is the largest file that is searched for certificates.
const maxForeignBytes = 2 << 20

// everyCertificate calls f with everything in the collection that begins like a certificate, each once.
func everyCertificate(t *testing.T, f func(file string, der []byte)) {
	t.Helper()
	root := testdata(t)
	seen := make(map[[32]byte]bool)
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if info, err := d.Info(); err != nil || info.Size() > maxForeignBytes {
			return err
		}
		b, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		for _, der := range derIn(b) {
			if sum := sha256.Sum256(der); !seen[sum] && len(der) > 100 && der[0] == 0x30 {
				seen[sum] = true
				f(strings.TrimPrefix(file, root+string(filepath.Separator)), der)
			}
		}
		return nil
	})
	require.NoError(t, err)
	require.NotEmpty(t, seen)
}

// readDifferences are the ways in which our readers and Go's differ, by what each of them says. A way that is not here
// fails the test.
var readDifferences = map[string]string{
	// We are stricter, and the tolerant reader names the rule.
	"strict bit-string-padding":              "DER has one encoding of a named bit list; Go takes all",
	"strict default-encoded":                 "DER leaves out what has its default value; Go takes it",
	"strict empty-issuer":                    "RFC 5280, 4.1.2.4: the issuer has a name",
	"strict long-serial":                     "RFC 5280, 4.1.2.2: 20 octets at most",
	"strict zero-serial":                     "RFC 5280, 4.1.2.2: positive",
	"strict other-identifier":                "an identifier that the standard does not have",
	"strict explicit-curve":                  "RFC 5480, 2.1.1: a curve is named",
	"strict general-name":                    "a DNS name with a blank or an asterisk in it, or no host",
	"strict key-parameters":                  "RFC 3279: NULL beside RSA; Go demands it beside keys only",
	"strict subtree-bounds":                  "RFC 5280, 4.2.1.10: no maximum; Go drops it without a word",
	"strict empty-extension":                 "an empty list of subtrees",
	"both nameConstraints.permittedSubtrees": "a subtree under a tag that no form of name has; Go skips it",
	"both subject":                           "more than 1024 RDNs",

	// We read what Go refuses, for it concerns nothing that we need or is supported here.
	"reads: invalid CRL distribution point":                 "names relative to the CRL's issuer",
	"reads: invalid DSA parameters":                         "a key of a kind that is not supported is no error",
	"reads: unsupported elliptic curve":                     "a key of a kind that is not supported is no error",
	"tolerates: negative serial number":                     "a tolerance",
	"tolerates: SAN rfc822Name is malformed":                "a tolerance",
	"tolerates: SAN uniformResourceIdentifier is malformed": "a tolerance",
	"tolerates: cannot parse URI":                           "a tolerance",
	"tolerates: RSA key missing NULL parameters":            "a tolerance",
	"tolerates: invalid certificate policies":               "a tolerance",
	"tolerates: failed to unmarshal elliptic curve point":   "a compressed point is not supported, and no error",
	"tolerates: unsupported elliptic curve":                 "a key of a kind that is not supported is no error",
}

// TestReadersAgree compares our two readers with the library's on everything in the collection.
func TestReadersAgree(t *testing.T) {
	counts := make(map[string]int)
	total, read := 0, 0
	everyCertificate(t, func(file string, der []byte) {
		total++
		_, theirs := smx509.ParseCertificate(der)
		_, strict := pki.ParseCertificate(der)
		_, tolerant := pki.ParseTolerant(der)
		if strict == nil {
			require.NoError(t, tolerant, "what is strictly right is tolerable: %s", file)
			read++
		}
		difference := readDifference(theirs, strict, tolerant)
		if difference == "" {
			return
		}
		counts[difference]++
		require.Contains(t, readDifferences, difference, "%s: theirs %v, strict %v, tolerant %v", file, theirs, strict, tolerant)
	})
	require.Greater(t, read, 900, "most of the certificates are read")
	logDifferences(t, counts, readDifferences)
	t.Logf("%d of %d read strictly", read, total)
}

// logDifferences writes what was seen, and refuses an explanation of what is not there.
func logDifferences(t *testing.T, counts map[string]int, explained map[string]string) {
	t.Helper()
	for _, difference := range slices.Sorted(maps.Keys(explained)) {
		require.Positive(t, counts[difference], "%s is explained and never seen", difference)
		t.Logf("%3d %s: %s", counts[difference], difference, explained[difference])
	}
}

// readDifference names how the readers differ; empty if they do not.
func readDifference(theirs, strict, tolerant error) string {
	var refused *pki.MalformedError
	switch {
	case theirs == nil && strict != nil && tolerant == nil:
		_ = errors.As(strict, &refused)
		return "strict " + string(refused.Tolerance)
	case theirs == nil && strict != nil:
		_ = errors.As(tolerant, &refused)
		return "both " + refused.Field
	case theirs != nil && strict == nil:
		return "reads: " + theirWords(theirs)
	case theirs != nil && tolerant == nil:
		return "tolerates: " + theirWords(theirs)
	default:
		return ""
	}
}

// theirWords is the constant part of the library's error.
func theirWords(err error) string {
	text := strings.TrimPrefix(err.Error(), "x509: ")
	for _, cut := range []string{" \"", ": "} {
		text, _, _ = strings.Cut(text, cut)
	}
	return text
}

// chainDifferences are the ways in which our judgement of chains and the library's differ.
var chainDifferences = map[string]string{
	`ours "", theirs "invalid (2)"`: "a mail or URI constraint without a dot in front is a host, and what is below it " +
		"another (RFC 5280, 4.2.1.10)",
	`ours "", theirs "invalid (3)"`:                  "what is self-issued does not count (RFC 5280, 4.2.1.9)",
	`ours "", theirs "invalid (8)"`:                  "four times as many comparisons of names are allowed here",
	`ours "", theirs "unhandled critical extension"`: "directory name constraints and policies are understood here",
	`ours "", theirs "unknown authority"`:            "names are compared without letter case, blanks and string types",
	`ours "algorithm", theirs ""`:                    "Ed25519, Ed448, DSA, ML-DSA, SLH-DSA and curves written out",
	`ours "loop", theirs ""`:                         "a second certificate of an anchor's own key and name, no CA",
	`ours "name-constraints", theirs ""`: "a mail or URI constraint with a dot in front, mail addresses in the subject, " +
		"and forms that are not understood",
}

// TestJudgesAgree has each certificate of the collection judged by us and by the library, with every self-signed CA
// trusted, every other certificate for help, in the middle of its validity.
func TestJudgesAgree(t *testing.T) {
	if testing.Short() {
		t.Skip("some thousand signature checks")
	}
	w := collectWorld(t)
	counts := make(map[string]int)
	both := 0
	for i, c := range w.ours {
		if w.isAnchor[i] {
			continue // to the library an anchor is a chain
		}
		at := c.NotBefore.Add(c.NotAfter.Sub(c.NotBefore) / 2)
		_, ours := pki.VerifyChain(c, pki.ChainOptions{
			Anchors: w.anchors, Pool: w.pool, At: at, Usage: anyUsage(c), MaxSignatures: 200,
		})
		_, theirs := w.theirs[i].Verify(smx509.VerifyOptions{
			Roots: w.roots, Intermediates: w.intermediates, CurrentTime: at, KeyUsages: []smx509.ExtKeyUsage{smx509.ExtKeyUsageAny},
		})
		if (ours == nil) == (theirs == nil) {
			if ours == nil {
				both++
			}
			continue
		}
		difference := fmt.Sprintf("ours %q, theirs %q", pki.ReasonOf(ours), theirClass(theirs))
		counts[difference]++
		if _, ok := chainDifferences[difference]; !ok {
			t.Errorf("%s: %s: %v / %v", w.files[i], difference, ours, theirs)
		}
	}
	require.Greater(t, both, 100, "many chains are found by both")
	logDifferences(t, counts, chainDifferences)
	t.Logf("%d of %d valid by both", both, len(w.ours))
}

// world is the whole collection, as trust and help, for both judges.
type world struct {
	files                []string
	isAnchor             []bool
	ours                 []*pki.Certificate
	theirs               []*smx509.Certificate
	anchors              *pki.Anchors
	pool                 *pki.Pool
	roots, intermediates *smx509.CertPool
}

func collectWorld(t *testing.T) world {
	t.Helper()
	w := world{roots: smx509.NewCertPool(), intermediates: smx509.NewCertPool()}
	var anchors []pki.Anchor
	var help []*pki.Certificate
	scope := generous(pki.ExceptionSHA1, pki.ExceptionShortRSA, pki.ExceptionNoKeyUsage, pki.ExceptionAnchorKeyUsage)
	scope.Tolerances = pki.AllTolerances
	everyCertificate(t, func(file string, der []byte) {
		if strings.HasPrefix(file, "tongsuo-fuzz") {
			return
		}
		theirs, err := smx509.ParseCertificate(der)
		if err != nil {
			return
		}
		ours, err := pki.ParseTolerant(der)
		if err != nil {
			return
		}
		isAnchor := ours.IsCA && ours.Key.Algorithm != "" && bytes.Equal(ours.RawSubject, ours.RawIssuer) &&
			(ours.CheckIssuedBy(ours) == nil || theirs.CheckSignatureFrom(theirs) == nil)
		w.isAnchor = append(w.isAnchor, isAnchor)
		w.files, w.ours, w.theirs = append(w.files, file), append(w.ours, ours), append(w.theirs, theirs)
		if isAnchor {
			w.roots.AddCert(theirs)
			anchors = append(anchors, pki.Anchor{Certificate: ours, Scope: scope})
			return
		}
		w.intermediates.AddCert(theirs)
		help = append(help, ours)
	})
	var err error
	w.anchors, err = pki.NewScopedAnchors(anchors...)
	require.NoError(t, err)
	w.pool = pki.NewPool(help...)
	return w
}

// theirClass is the kind of the library's error.
func theirClass(err error) string {
	if err == nil {
		return ""
	}
	var unknown smx509.UnknownAuthorityError
	var invalid smx509.CertificateInvalidError
	switch {
	case errors.As(err, &unknown):
		return "unknown authority"
	case errors.As(err, &invalid):
		return fmt.Sprintf("invalid (%d)", invalid.Reason)
	default:
		return theirWords(err)
	}
}
