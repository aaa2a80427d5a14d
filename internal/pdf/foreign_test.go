package pdf_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/pdf"
)

// class says in words what is found in a file: why it is refused, or for each signature what it covers and whether
// something was added since.
func class(t testing.TB, path string) string {
	t.Helper()
	r, err := os.Open(path)
	require.NoError(t, err)
	defer r.Close()
	info, err := r.Stat()
	require.NoError(t, err)
	f, err := pdf.Open(r, info.Size())
	if err != nil {
		require.NotEmpty(t, pdf.ReasonOf(err), "%v", err)
		require.Nil(t, f)
		return string(pdf.ReasonOf(err))
	}
	list, err := f.Signatures()
	if err != nil {
		require.NotEmpty(t, pdf.ReasonOf(err), "%v", err)
		require.Nil(t, list)
		return string(pdf.ReasonOf(err))
	}
	words := []string{}
	for _, s := range list {
		words = append(words, classOf(t, f, s))
	}
	if len(words) == 0 {
		return "unsigned"
	}
	return strings.Join(words, ", ")
}

func classOf(t testing.TB, f *pdf.File, s *pdf.Signature) string {
	t.Helper()
	if err := s.CheckRange(); err != nil {
		require.NotEmpty(t, pdf.ReasonOf(err), "%v", err)
		return string(pdf.ReasonOf(err))
	}
	changes, err := f.Changes(s)
	require.NoError(t, err)
	switch {
	case len(changes.Other) > 0:
		return "changed"
	case len(changes.Forbidden) > 0:
		return "forbidden"
	case changes.None():
		return "whole"
	default:
		return "added"
	}
}

// foreign are the PDFs of others that are not just unsigned.
//
// Some of what others allow counts as changed here: fields below a field, and appearances written over in their place. Files that only a repair could read are refused.
var foreign = map[string]string{
	"dss-pades/validation/PAdES-LT.pdf":                                                 "added, added, added, added",
	"dss-pades/validation/modified_after_signature.pdf":                                 "changed",
	"dss-pades/validation/pades-bes.pdf":                                                "whole",
	"dss-pades/validation/pades-ltv.pdf":                                                "added, added, whole",
	"dss-pades/validation/pdf-signed-original.pdf":                                      "whole",
	"dss-pades/validation/pkcs7.pdf":                                                    "whole",
	"pdfsign/testfiles/testfile30.pdf":                                                  "whole",
	"pyhanko/data/pdf/certified-with-indirect-refs-in-dir.pdf":                          "whole",
	"pyhanko/data/pdf/coverage-anomalies/base.pdf":                                      "changed",
	"pyhanko/data/pdf/coverage-anomalies/one-byterange.pdf":                             "range",
	"pyhanko/data/pdf/coverage-anomalies/signature-gap-too-big.pdf":                     "range",
	"pyhanko/data/pdf/coverage-anomalies/tail-uncovered.pdf":                            "range",
	"pyhanko/data/pdf/coverage-anomalies/weird-byterange.pdf":                           "range",
	"pyhanko/data/pdf/ed448-disallowed-hash.pdf":                                        "whole",
	"pyhanko/data/pdf/ed448-shake256-nolen.pdf":                                         "whole",
	"pyhanko/data/pdf/embedded-encrypted-nocf.pdf":                                      "encrypted",
	"pyhanko/data/pdf/extensions-direct.pdf":                                            "added, whole",
	"pyhanko/data/pdf/extensions-indirect-not-all-paths.pdf":                            "changed, whole",
	"pyhanko/data/pdf/extensions-indirect.pdf":                                          "added, whole",
	"pyhanko/data/pdf/extensions-update-direct.pdf":                                     "added, whole",
	"pyhanko/data/pdf/extensions-update-indirect.pdf":                                   "added, whole",
	"pyhanko/data/pdf/form-tree-circular-ref-input.pdf":                                 "structure",
	"pyhanko/data/pdf/form-update-ap-indirect-sneaky-trailer.pdf":                       "added, whole",
	"pyhanko/data/pdf/form-update-no-override-appearance-stream-ap-indirect-sneaky.pdf": "added, whole",
	"pyhanko/data/pdf/form-update-no-override-appearance-stream-ap-indirect.pdf":        "added, whole",
	"pyhanko/data/pdf/form-update-original-ap-type-wrong.pdf":                           "added, whole",
	"pyhanko/data/pdf/form-update-override-appearance-stream-ap-indirect-sneaky.pdf":    "changed, whole",
	"pyhanko/data/pdf/form-update-override-appearance-stream-ap-indirect.pdf":           "changed, whole",
	"pyhanko/data/pdf/form-update-override-appearance-stream-sneaky.pdf":                "changed, whole",
	"pyhanko/data/pdf/form-update-override-appearance-stream.pdf":                       "changed, whole",
	"pyhanko/data/pdf/malformed-encrypt-dict1.pdf":                                      "encrypted",
	"pyhanko/data/pdf/malformed-encrypt-dict2.pdf":                                      "encrypted",
	"pyhanko/data/pdf/minimal-aes256-empty-encrypted-string.pdf":                        "encrypted",
	"pyhanko/data/pdf/minimal-aes256-malformed-oe.pdf":                                  "encrypted",
	"pyhanko/data/pdf/minimal-aes256-malformed-perms.pdf":                               "encrypted",
	"pyhanko/data/pdf/minimal-aes256.pdf":                                               "encrypted",
	"pyhanko/data/pdf/minimal-pubkey-aes256.pdf":                                        "encrypted",
	"pyhanko/data/pdf/minimal-pubkey-rc4-envelope.pdf":                                  "encrypted",
	"pyhanko/data/pdf/minimal-pubkey-rc4.pdf":                                           "encrypted",
	"pyhanko/data/pdf/minimal-pubkey-unknown-envelope-alg.pdf":                          "encrypted",
	"pyhanko/data/pdf/minimal-rc4.pdf":                                                  "encrypted",
	"pyhanko/data/pdf/minimal-signed-twice-both-created.pdf":                            "added, whole",
	"pyhanko/data/pdf/minimal-signed-twice-no-sig-type.pdf":                             "added, whole",
	"pyhanko/data/pdf/minimal-signed-twice-second-created.pdf":                          "added, whole",
	"pyhanko/data/pdf/minimal-startxref-hopeless.pdf":                                   "xref",
	"pyhanko/data/pdf/minimal-startxref-hopeless2.pdf":                                  "xref",
	"pyhanko/data/pdf/minimal-startxref-hopeless3.pdf":                                  "syntax",
	"pyhanko/data/pdf/minimal-startxref-obo2.pdf":                                       "xref",
	"pyhanko/data/pdf/minimal-startxref-obo4.pdf":                                       "xref",
	"pyhanko/data/pdf/minimal-startxref-obo5.pdf":                                       "xref",
	"pyhanko/data/pdf/minimal-startxref-obo6.pdf":                                       "xref",
	"pyhanko/data/pdf/minimal-two-fields-aes256.pdf":                                    "encrypted",
	"pyhanko/data/pdf/minimal-two-fields-pubkey-aes256.pdf":                             "encrypted",
	"pyhanko/data/pdf/minimal-two-fields-pubkey-rc4.pdf":                                "encrypted",
	"pyhanko/data/pdf/minimal-two-fields-signed-twice.pdf":                              "added, whole",
	"pyhanko/data/pdf/minimal-with-field-aes256.pdf":                                    "encrypted",
	"pyhanko/data/pdf/minimal-with-field-pubkey-aes256.pdf":                             "encrypted",
	"pyhanko/data/pdf/minimal-with-field-pubkey-rc4.pdf":                                "encrypted",
	"pyhanko/data/pdf/minimal-with-field-rc4.pdf":                                       "encrypted",
	"pyhanko/data/pdf/pades-lta-dss-indirect-arrs-test-2.pdf":                           "added, added, added",
	"pyhanko/data/pdf/pades-lta-dss-indirect-arrs-test.pdf":                             "added, added",
	"pyhanko/data/pdf/pades-with-old-style-signing-cert-attr-issser.pdf":                "whole",
	"pyhanko/data/pdf/pades-with-old-style-signing-cert-attr.pdf":                       "whole",
	"pyhanko/data/pdf/pdf-sig-with-econtent.pdf":                                        "whole",
	"pyhanko/data/pdf/pubkey-3des-test.pdf":                                             "encrypted",
	"pyhanko/data/pdf/pubkey-ecc-test.pdf":                                              "encrypted",
	"pyhanko/data/pdf/pubkey-rc2-test.pdf":                                              "encrypted",
	"pyhanko/data/pdf/separate-annots-kids-indir.pdf":                                   "changed, whole",
	"pyhanko/data/pdf/sig-no-signed-attrs.pdf":                                          "whole",
	"pyhanko/data/pdf/sig-with-ski-sid.pdf":                                             "whole",
	"pyhanko/data/pdf/signed-encrypted-pubkey-with-catalog-ref.pdf":                     "encrypted",
}

func TestForeignPDFs(t *testing.T) {
	root := os.Getenv("ELICENSE_TESTDATA")
	if root == "" {
		t.Skip("ELICENSE_TESTDATA is not set: no files of others to read")
	}
	count, left := 0, len(foreign)
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.EqualFold(filepath.Ext(path), ".pdf") {
			return err
		}
		count++
		name, err := filepath.Rel(root, path)
		require.NoError(t, err)
		want, ok := foreign[filepath.ToSlash(name)]
		if !ok {
			want, left = "unsigned", left+1
		}
		left--
		if got := class(t, path); got != want {
			t.Errorf("%q: %q,", filepath.ToSlash(name), got)
		}
		return nil
	}))
	require.Greater(t, count, 100)
	require.Zero(t, left, "files of the table that are not there")
}
