package api

import "time"

// CertificateList says when the certificates of the vault and of the keys in its custody end.
type CertificateList struct {
	Certificates []CertificateEnd `json:"certificates"`
}

// CertificateEnd is one certificate.
type CertificateEnd struct {
	Whose     string    `json:"whose" doc:"root, issuing, vault, sealmaker, or a department's credit code"`
	NameZh    string    `json:"nameZh"`
	NameEn    string    `json:"nameEn"`
	Serial    string    `json:"serial" doc:"hexadecimal"`
	NotBefore time.Time `json:"notBefore"`
	NotAfter  time.Time `json:"notAfter"`
}

// Trust is what verifying the vault's licences rests on (信任目录), as the files of a folder of trust: root and
// intermediate certificates, revocation lists, keys of the ledger. Whoever takes it from a service believes that
// service.
type Trust struct {
	Files []TrustFile `json:"files"`
}

// TrustFile is one of them.
type TrustFile struct {
	Name    string `json:"name" doc:"its ending says what it is"`
	Content []byte `json:"content"`
}
