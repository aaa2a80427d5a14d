package server

// The texts that rules rest on.
const (
	basisPolicy   = "闽政办〔2016〕131号 二（四）"
	basisUSCC     = "GB 32100-2015"
	basisCitizen  = "GB 11643-1999"
	basisDivision = "GB/T 2260-2007"
	basisDate     = "GB/T 7408.1-2023"
	basisTypes    = "GB/T 36902-2018"
	basisElements = "GB/T 36903-2018"
	basisIdent    = "GB/T 36904-2018"
	basisSharing  = "GB/T 36906-2018"
	basisPerson   = "《个人信息保护法》"
	basisLicence  = "《行政许可法》"
	basisHTTP     = "RFC 9110"
	basisSigned   = "RFC 9421"
)

// bases are the rules behind codes, with their clause. A code without one rests on nothing but the way the program
// works, which its sentence says.
var bases = func() map[string]string {
	all := map[string]string{}
	for basis, codes := range basisCodes {
		for _, code := range codes {
			all[code] = basis
		}
	}
	return all
}()

var basisCodes = map[string][]string{
	basisPolicy + ": 电子证照与纸质证照同步签发": {"paper-missing", "paper-used"},
	basisPolicy + ": 除涉密或敏感事项外":     {"type-secret", "classification-reason"},
	basisPolicy + ": 以强身份认证登录的申报事项": {"level-too-low", "assertion-expired", "assertion-missing"},
	basisIdent:                       {"identifier-malformed", "identifier_malformed", "identifier-other-licence"},
	basisIdent + ", GB/T 17710-2008": {"identifier-check", "identifier_check"},
	basisUSCC: {
		"department-code", "uscc_alphabet", "uscc_check", "uscc_confusable", "uscc_division", "uscc_length",
		"uscc_old_number", "uscc_org_code", "uscc_organisation", "type_authority_code",
	},
	basisCitizen: {
		"citizen_15", "citizen_alphabet", "citizen_birthday", "citizen_check", "citizen_division", "citizen_length",
	},
	basisDivision: {
		"division_ambiguous", "division_long", "division_name", "division_retired", "division_split",
		"division_unknown", "division-missing",
	},
	basisDate: {
		"date-malformed", "date_style", "date_ambiguous", "date_incomplete", "date_impossible", "date_unreadable",
		"date_short_year",
	},
	basisElements: {
		"holder-code", "holder-kind", "holder-kind-missing", "holder-kind-told", "holder-missing", "value_holder_type",
		"value_holder_count", "number-missing", "date-missing", "field-unknown", "claim-unknown", "value_unknown_field",
		"value_missing",
	},
	basisTypes: {
		"type-code", "type_code", "type_missing", "type_no_basis", "type_holder_codes", "type_validity", "type_version",
		"type_other_authority", "type-other-owner", "type-not-granted",
	},
	basisSharing: {
		"member-missing", "several-licences", "never-issued", "not-converted", "file-type", "sharing-not-registered",
		"item-not-registered",
	},
	basisPerson + "第六条: 明确、合理的目的": {"purpose-missing"},
	basisPerson + "第十三条: 处理的依据": {
		"ground-unknown", "basis-missing", "basis-not-granted", "consent-unknown", "assertion-other-case",
		"assertion-other-holder", "guessing-limit",
	},
	basisLicence + "第四十九条、第五十条、第六十九条、第七十条": {"state-forbids", "reason-missing"},
	basisLicence + "第三十九条":                 {"issuer-unknown", "not-issuer"},
	"GB/T 35275-2017":                      {"signature-refused", "login-challenge", "login-certificate"},
	basisHTTP + " 13.1.1":                  {"if-match-malformed", "version-changed"},
	basisHTTP + " 15.5.2":                  {"credentials-missing", "credentials-unknown", "login-ended"},
	basisHTTP + " 15.5.4":                  {"role-forbids"},
	basisHTTP + " 15.5.6":                  {"method-not-allowed"},
	basisHTTP + " 15.5.14":                 {"request-too-large"},
	basisHTTP + " 15.5.16":                 {"media-type", "octets-expected"},
	"RFC 8259":                             {"request-malformed"},
	"RFC 6585 4":                           {"rate-limited"},
	"RFC 9530":                             {"content-digest"},
	"RFC 5280 6":                           {"credentials-expired", "credentials-revoked", "credentials-unchecked"},
	basisSigned: {
		"signature-authority", "signature-coverage", "signature-malformed", "signature-outdated", "signature-replayed",
		"signature-required", "repetition-unknown",
	},
}
