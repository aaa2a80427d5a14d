package pki_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

func stampData(t *testing.T, parts ...string) string {
	t.Helper()
	root := os.Getenv("ELICENSE_TESTDATA")
	if root == "" {
		t.Skip("ELICENSE_TESTDATA is not set: no foreign time-stamps to judge")
	}
	return filepath.Join(append([]string{root}, parts...)...)
}

var stampFolders = []string{
	"bc-java-tsp", "dss-cades", "dss-pades", "dss-spi", "pdfsign", "pyhanko/data/pdf", "tongsuo/test/recipes",
}

// stampsIn gives the tokens inside the files of other makers, wherever they stand, by the start of their SHA-256.
func stampsIn(t *testing.T) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for _, folder := range stampFolders {
		err := filepath.WalkDir(stampData(t, folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			collectStamps(out, text)
			return err
		})
		require.NoError(t, err)
	}
	return out
}

var hexContents = regexp.MustCompile(`<([0-9A-Fa-f]{1000,})>`)

func collectStamps(out map[string][]byte, text []byte) {
	signedData := append([]byte{6, 9}, oid.SignedData...)
	for at := 4; at < len(text); at++ {
		next := bytes.Index(text[at:], signedData)
		if next < 0 {
			break
		}
		at += next
		s := cryptobyte.String(text[at-4:])
		var der cryptobyte.String
		if s.ReadASN1Element(&der, casn1.SEQUENCE) && bytes.Contains(der[:min(len(der), 160)], []byte(oid.TSTInfo)) {
			sum := sha256.Sum256(der)
			out[hex.EncodeToString(sum[:6])] = der
		}
	}
	for _, m := range hexContents.FindAllSubmatch(text, -1) {
		if der, err := hex.DecodeString(string(m[1][:len(m[1])/2*2])); err == nil {
			collectStamps(out, der)
		}
	}
}

// Verdicts on tokens of other makers. Anchors are the authorities that a token itself brings, which openssl ts does with
// -partial_chain; so the question is whether all else is in order. Where it judges otherwise, the row says why.
var foreignStamps = map[string]struct {
	file string
	want string // reason, and for chains the reason of the certificate; empty: good
}{
	"01cf5df9f54c": {"pades-ltv.pdf", ""},
	"02d911cd3bbd": {"minimal-two-fields-signed-twice.pdf", "chain/unknown-issuer"},
	"04151ea101c6": {"PAdES-LT.pdf", "chain/unknown-issuer"},
	"077b3b5fc958": {"cades-extended-a.pkcs7", ""},
	"095e825a3649": {"cades-dss1956.p7m", "weak-algorithm"}, // SHA-1; openssl: no issuer
	"0cb2ee9161a0": {"archive_timestamp.tst", ""},
	"15a3e46ee39d": {"minimal-signed-twice-second-created.pdf", "chain/unknown-issuer"},
	"1751030f2f57": {"cms-wrong-sign-cert-ref.p7m", "signer-binding"}, // made so; its signature is wrong too
	"1a18a35cd49e": {"pades-lta-dss-indirect-arrs-test.pdf", ""},
	"1f9f5b92b9df": {"d-trust.tsr", ""}, // RSA-PSS, names three certificates; openssl stops below the root and misses one
	"38ca979f0548": {"PAdES-LT.pdf", "chain/unknown-issuer"},
	"39148a4d09d1": {"PAdES-LT.pdf", "chain/unknown-issuer"},
	"395ee8f7b087": {"minimal-signed-twice-both-created.pdf", "chain/unknown-issuer"},
	"3bce14764ba2": {"sectigo-all-zero.tsr", ""},
	"3c4093e9e769": {"CAdESDoubleLTA.p7m", ""},
	"4603b76c38e1": {"testfile30.pdf", "weak-algorithm"}, // SHA-1 and RSA of 1024 bits; openssl says good
	"4a1794266f7c": {"cades-t-copied-sigtst.p7m", ""},    // copied, see TestForeignStampsOfSignatures
	"4a75fa643a31": {"CAdESDoubleLTA.p7m", ""},
	"4c3aa85238c9": {"cades-broken-sig-tst.p7m", "chain/unknown-issuer"},
	"4dcd4fcd7991": {"cades-dss1997.p7m", ""},
	"4f333f0c9545": {"cades_signeddata_extended_after_lta.p7m", ""},
	"57236c50c0db": {"minimal-signed-twice-second-created.pdf", "chain/unknown-issuer"},
	"5b3c2d1fcc45": {"CAdESDoubleLTA.p7m", ""},
	"65e52fca68bd": {"cades-dss1956.p7m", "weak-algorithm"},    // SHA-1; openssl: no issuer
	"67bd16ced5e1": {"counterSignedLTA.p7s", "weak-algorithm"}, // signed with SHA-1; openssl says good
	"6b03e97eaa8a": {"cades-dss1997.p7m", ""},
	"6e2efb363228": {"cades-lta-duplicated-atst.p7m", ""},
	"75ec9ad21b74": {"cades-dss1997.p7m", ""},
	"7b86272d98a0": {"cades-b-copied-cnttst.p7m", ""},
	"7b87de6f4846": {"cades-lta-copied-atst.p7m", ""},
	"7fe6cc2ceb2c": {"pades-lta-dss-indirect-arrs-test.pdf", ""},
	"90a61832814b": {"cades-invalid-ocsp-responses-encoding.p7s", "chain/unknown-issuer"},
	"9397cec8579d": {"cades-extended-a.pkcs7", ""},
	"986130dd3e0f": {"cades_signeddata_extended_after_lta.p7m", ""},
	"a0b691f16d88": {"cades-duplicated-signed-attrs.p7m", "chain/unknown-issuer"},
	"aab27e64c476": {"cades-ats-v3-rev-val-crl.p7s", "chain/unknown-issuer"},
	"b0b969b2c355": {"cades-t-duplicated-sigtst.p7m", ""},
	"b3ad31cc6e9c": {"cades-broken-sig-tst-and-ats-v3.cms", "chain/unknown-issuer"},
	"b8d72309d08a": {"minimal-signed-twice-both-created.pdf", "chain/unknown-issuer"},
	"ba60a233d6b3": {"cades-lta-duplicated-atst.p7m", ""},
	"ba610e6bf3d8": {"counterSig.p7m", "chain/weak-algorithm"}, // RSA of 1024 bits
	"ba845baf1960": {"minimal-two-fields-signed-twice.pdf", "chain/unknown-issuer"},
	"bab12ee13d0d": {"cades-ats-v3-wrong-crl.p7s", ""},
	"c30fa735c685": {"pkcs7.pdf", ""},
	"c5a098f34018": {"counterSig.p7m", "chain/weak-algorithm"}, // RSA of 1024 bits
	"cbb8df924cca": {"counterSignedLTA.p7s", "weak-algorithm"}, // signed with SHA-1; openssl says good
	"d13fc2b037d3": {"cades-ats-v3-wrong-cert.p7m", ""},
	"d8fdd95c6417": {"pades-lta-dss-indirect-arrs-test-2.pdf", ""},
	"d9fa3cc62513": {"cades_signeddata_extended_after_lta.p7m", ""},
	"dd1e9f3c7430": {"cades-two-sig-copied-tst.p7m", ""},
	"dde9dd5e1d77": {"cades-e-lt.p7m", ""},
	"e491a6e64b38": {"pades-ltv.pdf", ""},
	"e9d04e108d76": {"cades-ats-v3-rev-val-crl.p7s", ""},
	"efb16c8d9887": {"cades-ats-v3-wrong-cert.p7m", ""},
	"fbb58c9aaf27": {"cades-ats-v3-rev-val-crl.p7s", ""},
}

// Verdicts that change if SHA-1 counts until 2021 and the anchors let short RSA keys pass.
var lenientStamps = map[string]string{
	"095e825a3649": "chain/unknown-issuer", "65e52fca68bd": "chain/unknown-issuer",
	"ba610e6bf3d8": "chain/unknown-issuer", "c5a098f34018": "chain/unknown-issuer",
	"4603b76c38e1": "chain/purpose", // an authority above is for another purpose alone
	"67bd16ced5e1": "", "cbb8df924cca": "",
}

// judgeStamp judges with the authorities inside the token as anchors, and one more that has nothing to do with it.
func judgeStamp(t *testing.T, token *pki.Timestamp, sha1Until time.Time, exceptions ...pki.Exception) string {
	t.Helper()
	scope := pki.Scope{
		Purposes:   []pki.Purpose{pki.PurposeTimestamp},
		Algorithms: []pki.KeyAlgorithm{pki.KeySM2, pki.KeyRSA, pki.KeyRSAPSS, pki.KeyECDSA}, Exceptions: exceptions,
	}
	list := []pki.Anchor{{Certificate: forge(t, nil, "made-up root", isCA).Certificate, Scope: scope}}
	for _, c := range token.Certificates {
		if c.IsCA {
			list = append(list, pki.Anchor{Certificate: c, Scope: scope})
		}
	}
	trust, err := pki.NewScopedAnchors(list...)
	require.NoError(t, err)
	_, err = token.Verify(pki.TimestampOptions{
		Digest: token.Digest, At: now, Chain: pki.ChainOptions{Anchors: trust}, SHA1Until: sha1Until,
	})
	verdict := string(stampReason(err))
	if reason := pki.ReasonOf(err); reason != "" {
		verdict += "/" + string(reason)
	}
	return verdict
}

func TestForeignStamps(t *testing.T) {
	stamps := stampsIn(t)
	for id, der := range stamps {
		want, listed := foreignStamps[id]
		require.True(t, listed, "a token that is not in the table: %s", id)
		token, err := pki.ParseTimestamp(der)
		require.NoError(t, err, "%s of %s", id, want.file)
		require.Empty(t, token.Tolerances)
		require.Equal(t, want.want, judgeStamp(t, token, time.Time{}), "%s of %s", id, want.file)
		lenient, changes := lenientStamps[id]
		if !changes {
			lenient = want.want
		}
		until := time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC)
		require.Equal(t, lenient, judgeStamp(t, token, until, pki.ExceptionShortRSA, pki.ExceptionSHA1), "%s of %s", id, want.file)
	}
	require.Equal(t, len(foreignStamps), len(stamps))
}

// With the whole chain of its authority up to the root that the maker of the test data trusts.
func TestForeignStampWithItsRoot(t *testing.T) {
	folder := stampData(t, "tongsuo/test/recipes/80-test_tsa_data")
	reply, err := os.ReadFile(filepath.Join(folder, "sectigo-all-zero.tsr"))
	require.NoError(t, err)
	token, err := pki.ParseTimestampResponse(reply)
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(folder, "user-trust-ca.pem"))
	require.NoError(t, err)
	roots, err := pki.ParseCertificatesPEM(text)
	require.NoError(t, err)
	trust, err := pki.NewScopedAnchors(pki.Anchor{Certificate: roots[0], Scope: pki.Scope{
		Purposes: []pki.Purpose{pki.PurposeTimestamp}, Algorithms: []pki.KeyAlgorithm{pki.KeyRSA},
	}})
	require.NoError(t, err)
	o := pki.TimestampOptions{Digest: make([]byte, 32), At: now, Chain: pki.ChainOptions{Anchors: trust}}
	v, err := token.Verify(o)
	require.NoError(t, err)
	require.Len(t, v.Chain.Certificates, 3)
	o.Digest[0] = 1
	_, err = token.Verify(o)
	require.Equal(t, pki.TimestampImprint, stampReason(err))
}

// A signature's time-stamp covers the signature value. Files whose names say that a token was copied from elsewhere
// must show it: right is how many tokens of the file stamp the signature they stand in.
func TestForeignStampsOfSignatures(t *testing.T) {
	for file, want := range map[string]struct{ right, wrong int }{
		"cades-t-copied-sigtst.p7m":     {0, 1}, // the stamp of the content stands in for that of the signature
		"cades-t-duplicated-sigtst.p7m": {2, 0},
		"cades-broken-sig-tst.p7m":      {1, 0}, // what is broken is the signature
		"CAdESDoubleLTA.p7m":            {1, 0},
		"cades-lta-copied-atst.p7m":     {1, 0},
		"cades-extended-a.pkcs7":        {1, 0},
		"cades-ats-v3-wrong-cert.p7m":   {1, 0},
		"cms-wrong-sign-cert-ref.p7m":   {1, 0},
		"counterSignedLTA.p7s":          {1, 0},
	} {
		t.Run(file, func(t *testing.T) {
			der, err := os.ReadFile(stampData(t, "dss-cades", "validation", file))
			require.NoError(t, err)
			d, err := cms.Parse(der)
			require.NoError(t, err)
			right, wrong := 0, 0
			for i := range d.Signers {
				for _, raw := range d.Signers[i].SignatureTimestamps() {
					token, err := pki.ParseTimestamp(raw)
					require.NoError(t, err)
					digest, err := token.DigestOf(d.Signers[i].Signature)
					require.NoError(t, err)
					if bytes.Equal(digest, token.Digest) {
						right++
					} else {
						wrong++
					}
				}
			}
			require.Equal(t, want.right, right, "right")
			require.Equal(t, want.wrong, wrong, "wrong")
		})
	}
}

// Certificates whose names say how they differ from what RFC 3161 wants; openssl x509 -purpose says the same of each.
func TestForeignStampCertificates(t *testing.T) {
	for file, ok := range map[string]bool{
		"tongsuo/test/certs/ee-timestampsign-rfc3161.pem":                    true,
		"tongsuo/test/certs/ee-timestampsign-rfc3161-digsig.pem":             true,
		"tongsuo/test/certs/ee-timestampsign-rfc3161-noncritxku.pem":         false,
		"tongsuo/test/certs/ee-timestampsign-CABforum.pem":                   true,
		"tongsuo/test/certs/ee-timestampsign-CABforum-noncritxku.pem":        false,
		"tongsuo/test/certs/ee-timestampsign-CABforum-serverauth.pem":        false,
		"tongsuo/test/certs/ee-timestampsign-CABforum-anyextkeyusage.pem":    false,
		"tongsuo/test/certs/ee-timestampsign-CABforum-crlsign.pem":           false,
		"tongsuo/test/certs/ee-timestampsign-CABforum-keycertsign.pem":       false,
		"tongsuo/test/recipes/80-test_tsa_data/sectigo-signer.pem":           true,
		"tongsuo/test/recipes/80-test_tsa_data/sectigo-time-stamping-ca.pem": false,
		"pyhanko/data/crypto/tsa.cert.pem":                                   true,
		"pyhanko/data/crypto/real-qtst-cert.cer":                             true,
		"pyhanko/data/crypto/real-misissued-qtst-cert.cer":                   true, // its fault lies elsewhere
	} {
		t.Run(filepath.Base(file), func(t *testing.T) {
			der, err := os.ReadFile(stampData(t, file))
			require.NoError(t, err)
			if block, _ := pem.Decode(der); block != nil {
				der = block.Bytes
			}
			c, err := pki.ParseTolerant(der)
			require.NoError(t, err)
			err = pki.CheckTimestampCertificate(c)
			if ok {
				require.NoError(t, err)
			} else {
				require.Equal(t, pki.TimestampPurpose, stampReason(err))
			}
		})
	}
}
