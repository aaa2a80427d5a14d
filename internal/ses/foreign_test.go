package ses_test

import (
	"archive/zip"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/ses"
	"github.com/elicense/elicense/internal/sm2sig"
	"github.com/elicense/elicense/pki"
)

// foreign is what one file of another maker holds, worked out from its bytes by hand.
type foreign struct {
	file       string // below ELICENSE_TESTDATA; an entry of a package stands after "!"
	version    ses.Version
	vendor     string
	id         string
	kind       int
	signers    int
	picture    string
	widthMM    int
	created    string
	time       string // of the signature
	property   string // path
	tolerances string
}

const (
	taxTolerances    = "explicit-default,untagged-extensions"
	kinsecTolerances = "explicit-default,untagged-extensions,text-identifier,seal-id,property-form"
	dmsTolerances    = "time-text,certificate-list,seal-id"
)

const plain = "Doc_0/Signs/Sign_0/Signature.xml"

// foreignSeals are the seals that stand alone.
var foreignSeals = []foreign{
	{
		file:    "ofdsharp/src/UnitTests/Files/test.ofd!Doc_0/Signs/Sign_0/Seal.esl",
		version: ses.V4, vendor: "GOMAIN", id: "50011200000001", kind: 3, signers: 1, picture: "ofd", widthMM: 30,
		created: "2020-02-26T06:15:54Z",
	},
	{
		file:    "ofdsharp/src/UnitTests/Files/Doc_0/Signs/Sign_0/Seal.esl",
		version: ses.V4, vendor: "GOMAIN", id: "50011200000001", kind: 3, signers: 1, picture: "ofd", widthMM: 30,
		created: "2020-02-26T06:15:54Z",
	},
	{
		file:    "ofdrw/ofdrw-converter/src/test/resources/draw_param_ref.ofd!Doc_0/Signs/Sign_0/Seal.esl",
		version: ses.V4, vendor: "GOMAIN", id: "50011200000001", kind: 3, signers: 1, picture: "ofd", widthMM: 30,
		created: "2020-02-26T06:15:54Z",
	},
	ofdrw(ses.V5, "ofdrw/ofdrw-gm/src/test/resources/UserV5.esl"),
	ofdrw(ses.V5, "ofdrw/ofdrw-sign/src/test/resources/UserV5.esl"),
	ofdrw(ses.V1, "ofdrw/ofdrw-gm/src/test/resources/UserV1.esl"),
	ofdrw(ses.V1, "ofdrw/ofdrw-sign/src/test/resources/UserV1.esl"),
	ofdrw(ses.V4, "ofdrw/ofdrw-gm/src/test/resources/UserV4.esl"),
	ofdrw(ses.V4, "ofdrw/ofdrw-sign/src/test/resources/UserV4.esl"),
	ofdrw(ses.V4, "ofdrw/ofdrw-converter/src/test/resources/V4RideRight.ofd!Doc_0/Signs/Sign_0/Seal.esl"),
	ofdrw(ses.V4, "ofdrw/ofdrw-sign/src/test/resources/allprotected.ofd!Doc_0/Signs/Sign_0/Seal.esl"),
	{
		file:    "ofdrw/ofdrw-converter/src/test/resources/n.ofd!Doc_0/Signs/Sign_0/Seal.esl",
		version: ses.V1, vendor: "dms360.cn", id: "esID", kind: 1, picture: "PNG", widthMM: 33,
		created: "2019-12-18T12:53:46Z", tolerances: "certificate-list,seal-id",
	},
}

// ofdrw is one of the seals that come with ofdrw's tests.
func ofdrw(version ses.Version, file string) foreign {
	f := foreign{
		file: file, version: version, vendor: "OFDR&WTest", id: "51f044b76510434e9bc67a1185c2fba5", kind: 3, signers: 1,
		picture: "PNG", widthMM: 40, created: "2020-04-22T02:09:00Z", tolerances: "seal-id",
	}
	switch version {
	case ses.V1:
		f.id, f.kind, f.created = "40C8CDD24DEF43388B86E62CCE1D6832", 1, "2020-04-22T02:18:07Z"
	case ses.V5:
		f.vendor, f.id, f.created = "OFDR&WTestV5", "09aaf39291e049e4b3d716414590937e", "2026-04-24T08:53:23Z"
	case ses.V4:
	}
	return f
}

// signed is a seal with what its signature adds.
func (f foreign) signed(file, at string) foreign {
	f.file, f.time, f.property = file, at, plain
	return f
}

func tax(file, id, created, at string) foreign {
	return foreign{
		file: file, version: ses.V4, vendor: "GOMAIN", id: id, kind: 3, signers: 1, picture: "ofd", widthMM: 30,
		created: created, time: at, property: plain, tolerances: taxTolerances,
	}
}

func kinsec(file, at, property string) foreign {
	return foreign{
		file: file, version: ses.V4, vendor: "Kinsec", id: "d651b7b1-f8c1-4389-a1fc-bd8d935fc3ee", kind: 1, signers: 1,
		picture: "gif", widthMM: 39, created: "2022-05-10T02:05:10Z", time: at, property: property,
		tolerances: kinsecTolerances,
	}
}

// foreignSignatures are the signatures, each with its seal inside.
var foreignSignatures = []foreign{
	tax("ofdsharp/src/UnitTests/Files/test1.ofd!Doc_0/Signs/Sign_0/SignedValue.dat", "32010600000001",
		"2019-10-11T00:00:00Z", "2020-11-16T06:36:01Z"),
	foreignSeals[0].signed("ofdsharp/src/UnitTests/Files/test.ofd!Doc_0/Signs/Sign_0/SignedValue.dat",
		"2020-03-05T03:21:31Z"),
	foreignSeals[0].signed("ofdsharp/src/UnitTests/Files/Doc_0/Signs/Sign_0/SignedValue.dat", "2020-03-05T03:21:31Z"),
	foreignSeals[0].signed("ofdrw/ofdrw-converter/src/test/resources/draw_param_ref.ofd!Doc_0/Signs/Sign_0/SignedValue.dat",
		"2020-03-05T03:21:31Z"),
	func() foreign {
		f := ofdrw(ses.V5, "").signed("ofdrw/ofdrw-gm/src/test/resources/SignedValueV5.dat", "2026-04-24T08:53:26Z")
		f.id, f.created = "309093c121454e56955f3be47ff728a3", "2026-04-24T08:53:26Z"
		return f
	}(),
	ofdrw(ses.V4, "").signed("ofdrw/ofdrw-gm/src/test/resources/SignedValueV4.dat", "2020-10-12T11:14:03Z"),
	ofdrw(ses.V4, "").signed("ofdrw/ofdrw-converter/src/test/resources/V4RideRight.ofd!Doc_0/Signs/Sign_0/SignedValue.dat",
		"2021-05-19T12:53:44Z"),
	ofdrw(ses.V4, "").signed("ofdrw/ofdrw-sign/src/test/resources/allprotected.ofd!Doc_0/Signs/Sign_0/SignedValue.dat",
		"2020-10-23T11:45:37Z"),
	{
		file:    "ofdrw/ofdrw-converter/src/test/resources/n.ofd!Doc_0/Signs/Sign_0/SignedValue.dat",
		version: ses.V1, vendor: "dms360.cn", id: "esID", kind: 1, picture: "PNG", widthMM: 33,
		created: "2019-12-18T12:53:46Z", time: "2020-01-25T07:31:56.377Z", property: plain, tolerances: dmsTolerances,
	},
	tax("ofdrw/ofdrw-converter/src/test/resources/发票示例.ofd!Doc_0/Signs/Sign_0/SignedValue.dat", "50011200000399",
		"2020-10-07T16:00:50Z", "2020-10-10T07:11:20Z"),
	tax("ofdrw/ofdrw-sign/src/test/resources/v4signed.ofd!Doc_0/Signs/Sign_0/SignedValue.dat", "50011200000399",
		"2020-10-07T16:00:50Z", "2020-10-10T07:11:20Z"),
	tax("ofdrw/ofdrw-converter/src/test/resources/999.ofd!Doc_0/Signs/Sign_0/SignedValue.dat", "50011200000323",
		"2020-07-23T18:07:56Z", "2020-08-17T11:13:29Z"),
	kinsec("hbh-ofd/tests/files/test3.ofd!Doc_0/Signs/Sign_1/SignedValue.dat", "2022-08-19T08:44:13Z",
		"Doc_0/Signs/Sign_1/Signature.xml"),
	kinsec("hbh-ofd/tests/files/test3.ofd!Doc_0/Signs/Sign_0/SignedValue.dat", "2022-08-19T08:42:24Z", plain),
	tax("ofd-seal-kits/zhejiang-tax-1/Doc_0__Signs__Sign_0__SignedValue.dat", "33010600000001", "2019-10-24T00:00:00Z",
		"2020-07-23T13:09:07Z"),
	tax("ofd-seal-kits/jiangsu-tax-signedFile/Doc_0__Signs__Sign_0__SignedValue.dat", "32010600000001",
		"2019-10-11T00:00:00Z", "2020-10-04T07:28:55Z"),
}

// notSeals are the signed values that are no seal's: a bare SM2 value, and SignedData of GB/T 35275 from a bank.
var notSeals = []string{
	"ofdrw/ofdrw-sign/src/test/resources/DigitalSign.ofd!Doc_0/Signs/Sign_0/SignedValue.dat",
	"ofd-seal-kits/ccb-receipt-1/Doc_0__Signs__Sign_0__SignedValue.dat",
	"ofd-seal-kits/ccb-receipt-2/Doc_0__Signs__Sign_0__SignedValue.dat",
}

func testdata(t testing.TB) string {
	t.Helper()
	root := os.Getenv("ELICENSE_TESTDATA")
	if root == "" {
		t.Skip("ELICENSE_TESTDATA is not set: no foreign seals to read")
	}
	return root
}

// foreignFile is a file below the test data, or the entry of a package in it.
func foreignFile(t testing.TB, name string) []byte {
	t.Helper()
	path, entry, inside := strings.Cut(name, "!")
	path = filepath.Join(testdata(t), path)
	if !inside {
		der, err := os.ReadFile(path)
		require.NoError(t, err)
		return der
	}
	z, err := zip.OpenReader(path)
	require.NoError(t, err)
	defer z.Close()
	f, err := z.Open(entry)
	require.NoError(t, err)
	der, err := io.ReadAll(f)
	require.NoError(t, err)
	return der
}

// All of them verify, those of production, of test platforms and of the library alike: whatever else is wrong with a
// document, its seal is what its maker and its signer signed.

// Every file of the test data that may hold a seal or a signature is in the tables above.
func TestForeignFilesAreListed(t *testing.T) {
	root := testdata(t)
	listed := map[string]bool{}
	for _, f := range append(append([]foreign(nil), foreignSeals...), foreignSignatures...) {
		listed[f.file] = true
	}
	for _, name := range notSeals {
		listed[name] = true
	}
	found := 0
	for _, folder := range []string{"ofd-seal-kits", "ofdrw", "ofdsharp", "hbh-ofd", "ofdbox", "c5soft-ofdjs"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			name, err := filepath.Rel(root, path)
			require.NoError(t, err)
			for _, candidate := range candidates(t, path, filepath.ToSlash(name)) {
				require.True(t, listed[candidate], "%s is in no table", candidate)
				found++
			}
			return nil
		})
		require.NoError(t, err)
	}
	require.Equal(t, len(listed), found)
}

// candidates are the names of what may be a seal in a file.
func candidates(t *testing.T, path, name string) []string {
	t.Helper()
	if !strings.EqualFold(filepath.Ext(path), ".ofd") {
		if mayBeSeal(name) {
			return []string{name}
		}
		return nil
	}
	z, err := zip.OpenReader(path)
	require.NoError(t, err, name)
	defer z.Close()
	var out []string
	for _, f := range z.File {
		if mayBeSeal(f.Name) {
			out = append(out, name+"!"+f.Name)
		}
	}
	return out
}

func mayBeSeal(name string) bool {
	name = strings.ToLower(name)
	return strings.HasSuffix(name, ".esl") || strings.Contains(name, "signedvalue")
}

func (f foreign) check(t *testing.T, s *ses.Seal) {
	t.Helper()
	require.Equal(t, f.version, s.Version)
	require.Equal(t, f.vendor, s.Vendor)
	require.Equal(t, f.id, s.ID)
	require.Equal(t, f.kind, s.Type)
	require.NotEmpty(t, s.Name)
	require.Len(t, s.Certificates, f.signers)
	require.Empty(t, s.Digests)
	require.Equal(t, f.picture, s.Picture.Type)
	require.Equal(t, f.widthMM, s.Picture.WidthMM)
	require.Equal(t, f.created, s.Created.Format(time.RFC3339))
	require.True(t, s.ValidFrom.Before(s.ValidUntil))
	require.True(t, ses.IsSM2(s.Algorithm))
	verify(t, s.Maker, s.SignedBytes(), s.Signature)
}

// verify holds a signature value against the key of a certificate.
func verify(t *testing.T, certificate, message, value []byte) {
	t.Helper()
	c, err := pki.ParseTolerant(certificate)
	require.NoError(t, err)
	require.NoError(t, c.PublicKey.Verify(message, value))
	require.ErrorIs(t, c.PublicKey.Verify(message[1:], value), sm2sig.ErrSignature)
}

func TestForeignSealsParse(t *testing.T) {
	for _, f := range foreignSeals {
		t.Run(f.file, func(t *testing.T) {
			der := foreignFile(t, f.file)
			s, err := ses.ParseSeal(der)
			require.NoError(t, err)
			require.Equal(t, der, s.Raw)
			require.Equal(t, f.tolerances, s.Tolerances.String())
			f.check(t, s)
		})
	}
}

func TestForeignSignaturesParse(t *testing.T) {
	for _, f := range foreignSignatures {
		t.Run(f.file, func(t *testing.T) {
			der := foreignFile(t, f.file)
			s, err := ses.ParseSignature(der)
			require.NoError(t, err)
			require.Equal(t, der, s.Raw)
			require.Equal(t, f.version, s.Version)
			require.Equal(t, f.tolerances, s.Tolerances.String())
			require.Equal(t, f.time, s.Time.Format(time.RFC3339Nano))
			require.Len(t, s.DataHash, 32)
			path, ok := ses.PropertyPath(s.Property)
			require.True(t, ok)
			require.Equal(t, f.property, path)
			require.Nil(t, s.TimeStamp)
			require.Nil(t, s.TimeToken)
			f.check(t, s.Seal)
			verify(t, s.Certificate, s.SignedBytes(), s.Value)
			if f.signers > 0 {
				require.Contains(t, s.Seal.Certificates, s.Certificate)
			}
		})
	}
}

func TestOtherSignedValuesAreRefused(t *testing.T) {
	for _, name := range notSeals {
		der := foreignFile(t, name)
		s, err := ses.ParseSignature(der)
		require.ErrorIs(t, err, ses.ErrMalformed, name)
		require.Nil(t, s)
		seal, err := ses.ParseSeal(der)
		require.ErrorIs(t, err, ses.ErrMalformed, name)
		require.Nil(t, seal)
	}
}
