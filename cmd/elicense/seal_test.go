package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/signing/impression"
)

// makeSealWorld is sealworld: keys and certificates of a seal maker, of a seal and of a department, and what the seal
// signed.
func makeSealWorld(ts *testscript.TestScript, _ bool, _ []string) {
	p, err := fixtures.NewProvince(rand.Reader, func() time.Time { return scriptStart })
	ts.Check(err)
	for name, profile := range map[string]string{"maker": ca.ProfileSealMaker, "department": ca.ProfileDepartment} {
		key, chain, err := p.Enrol(profile, fixtures.Departments()[0])
		ts.Check(err)
		text, err := pki.MarshalKey(key, []byte("pass"), rand.Reader)
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(name+".key"), text, 0o600))
		ts.Check(os.WriteFile(ts.MkAbs(name+".pem"), pki.AppendPEM(nil, chain...), 0o600))
	}
	seals, err := p.Seals(context.Background(), nil)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("seal.pem"), pki.AppendPEM(nil, seals[0].Chain...), 0o600))
	sealer, err := p.Sealer(&seals[0], nil)
	ts.Check(err)
	value, err := sealer.Value(context.Background(), []byte("<x/>"), "/Doc_0/Signs/Sign_0/Signature.xml")
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("SignedValue.dat"), value, 0o600))
}

// damageSeal is damage FILE: changes a digit of the code in a seal.
func damageSeal(ts *testscript.TestScript, _ bool, args []string) {
	der := []byte(ts.ReadFile(args[0]))
	at := bytes.Index(der, []byte("35010000000009"))
	if at < 0 {
		ts.Fatalf("no code in %s", args[0])
	}
	der[at]++
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), der, 0o600))
}

// Every refusal has words in both languages.
func TestSealWords(t *testing.T) {
	for _, reason := range []signing.SealReason{
		signing.SealReasonConfig, signing.SealReasonMaker, signing.SealReasonUsage, signing.SealReasonPurpose,
		signing.SealReasonExpired, signing.SealReasonValidity, signing.SealReasonID, signing.SealReasonName,
		signing.SealReasonPicture, signing.SealReasonSigners, signing.SealReasonNotListed, signing.SealReasonSignature,
		signing.SealReasonForm, signing.SealReasonProperty, signing.SealReasonContent, signing.SealReasonTimestamp,
		signing.SealReasonAlgorithms,
	} {
		require.NotEmpty(t, sealWords[reason][0], reason)
		require.NotEmpty(t, sealWords[reason][1], reason)
	}
	for _, reason := range []impression.Reason{
		impression.ReasonNoFont, impression.ReasonFont, impression.ReasonGlyph, impression.ReasonLong,
		impression.ReasonDesign,
	} {
		require.NotEmpty(t, drawWords[reason][0], reason)
		require.NotEmpty(t, drawWords[reason][1], reason)
	}
}

// Every seal of other makers can be looked at.
func TestShowForeignSeals(t *testing.T) {
	root := os.Getenv("ELICENSE_TESTDATA")
	if root == "" {
		t.Skip("ELICENSE_TESTDATA is not set: no foreign seals to show")
	}
	shown := 0
	err := filepath.WalkDir(filepath.Join(root, "ofdrw"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".esl" {
			return err
		}
		der, err := os.ReadFile(path)
		require.NoError(t, err)
		seal, signature, err := parseSealFile(der)
		require.NoError(t, err)
		require.Nil(t, signature)
		v := viewOfSeal(seal)
		require.True(t, v.MakerOK, path)
		require.Len(t, v.Signers, 1)
		shown++
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, 6, shown)
	der, err := os.ReadFile(filepath.Join(root, "ofdsharp/src/UnitTests/Files/Doc_0/Signs/Sign_0/SignedValue.dat"))
	require.NoError(t, err)
	_, signature, err := parseSealFile(der)
	require.NoError(t, err)
	v := viewOfSignature(signature)
	require.True(t, v.SignerOK && v.Listed)
	require.True(t, strings.HasPrefix(v.Property, "/Doc_0/"))
}
