package server_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// notMet are the codes that no request of a test of this package brings about, with why none can or what it would take,
// and the test that proves them beside. A code that is met after all fails the run: see unmet.
var notMet = map[string]string{
	"SHEET_NEED_TEMP":        "the service always has temporary files",
	"SHEET_READ":             "the service's own trouble with its store, told as internal",
	"SHEET_TOO_LARGE":        "an upload of this test world is smaller than the limits of a sheet; internal/sheet: TestXLSXRefusals",
	"assertion-other-case":   "an applicant is vouched for in the case that the request names",
	"audit-unavailable":      "it takes an audit that cannot be written",
	"brackets":               "of comparing alone, which tells no notes",
	"checkpoint-refused":     "of restoring and of operators, by the command alone; vault: TestCaughtUp",
	"clerk-name":             "said as clerk-not-taken before the vault is asked; vault: TestClerk_A79",
	"conversion-differs":     "it takes a conversion that another release left unfinished",
	"credentials-differ":     "it takes a connection with a certificate; server/identity: TestMutualTLS",
	"credentials-expired":    "it takes a certificate or token past its end; server/identity: TestTokenRefuses",
	"credentials-unchecked":  "it takes revocation lists that are too old; server/identity: TestCertificateStatus",
	"date_serial":            "in the rows file of the command convert alone: package convert",
	"diff_other_type":        "the path and type_other_authority say it first",
	"diff_version":           "the vault counts the versions",
	"formula_value":          "in the rows file of the command convert alone: package convert",
	"ground-unknown":         "the description names the grounds: request-invalid; vault: TestGrounds_A77_A79",
	"import-batch":           "it takes two vaults with batches of one random name; vault: TestImportConverted",
	"import-reserved":        "a service sends nothing that is only reserved; vault: TestImportReserved",
	"kind_unknown":           "a definition names its kinds and is read before",
	"ledger-part-lost":       "it takes a ledger of which a restore has lost a part; vault: TestAcceptLoss_D1_4",
	"level-unknown":          "the description names the levels: request-invalid; vault: TestRegistrationRefused",
	"list-too-long":          "the description bounds every list: request-invalid; vault: TestRegistrationRefused",
	"login-certificate":      "it takes a certificate that names nobody by number; server/identity: TestLoginNobody",
	"mapping_dateorder":      "in the rows file of the command convert alone: package convert",
	"mapping_decimal":        "in the rows file of the command convert alone: package convert",
	"mapping_replaced":       "in the rows file of the command convert alone: package convert",
	"mapping_too_big":        "a request as large is refused as request-too-large",
	"mapping_unit":           "in the rows file of the command convert alone: package convert",
	"never-issued":           "no refusal: TestDeclareComplete wants it as the reason of an absence",
	"not-restored":           "of the command restore alone; vault: TestAcceptLossRefusals",
	"outcome-unknown":        "it takes a write whose end is not known",
	"page-unchecked":         "it takes a service that makes no documents, which the binary's never is; vault: TestPageOfType",
	"punctuation":            "of comparing alone, which tells no notes",
	"purpose-missing":        "the description wants a purpose: request-invalid; vault: TestGrounds_A77_A79",
	"restored-not-caught-up": "it takes a vault that was restored; vault: TestCaughtUp",
	"row_hidden":             "in the rows file of the command convert alone: package convert",
	"row_photo_missing":      "in the rows file of the command convert alone: package convert",
	"row_photo_several":      "in the rows file of the command convert alone: package convert",
	"row_too_large":          "too_long says it first of every element of the shipped types",
	"sandbox-credentials":    "it takes a service for production; server/identity: TestChain",
	"seal-away":              "it takes a documenter, which is the binary's",
	"several_names":          "of comparing alone, which tells no notes",
	"signature-authority":    "it takes a service of several names; server/identity: TestSignatureRefuses",
	"signature-memory-full":  "it takes a hundred thousand signatures within their time; server/identity: TestReplayMemory",
	"signer-changed":         "it takes a certificate that is replaced between two steps of one request: TestSignerChangedIsRetried",
	"too-many-at-once":       "it takes as many requests at one time as a test cannot send surely: TestTurnsWaiting",
	"type_too_big":           "a request as large is refused as request-too-large",
	"value_image_bytes":      "vault/catalogue: TestCheckImage",
	"value_image_pixels":     "vault/catalogue: TestCheckImage",
	"value_not_normal":       "values are normalised before they are checked",
	"value_today_unknown":    "the service has a clock",
	"value_unknown_field":    "said as field-unknown or heading_element before; vault/catalogue: TestCheckValues",
}

// byChance are those of them that a test may meet or not, as requests happen to come together.
var byChance = map[string]bool{"too-many-at-once": true}

// testNamed is where a reason names a test, of this package or of another.
var testNamed = regexp.MustCompile(`(?:([a-z/]+): )?(Test\w+)$`)

// TestReasonsOfNotMet: the tests that the exceptions name are there.
func TestReasonsOfNotMet(t *testing.T) {
	t.Parallel()
	for code, reason := range notMet {
		m := testNamed.FindStringSubmatch(reason)
		if m == nil {
			continue
		}
		dir := "."
		if m[1] == "vault" || regexp.MustCompile("^(vault|server|internal)/").MatchString(m[1]) {
			dir = filepath.Join("..", m[1])
		}
		files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
		require.NoError(t, err)
		found := false
		for _, path := range files {
			src, err := os.ReadFile(path)
			require.NoError(t, err)
			found = found || regexp.MustCompile(`(?m)^func `+m[2]+`\(`).Match(src)
		}
		require.True(t, found, "%s: %s", code, reason)
	}
}
