package ca

import (
	"encoding/binary"
	"time"

	"github.com/elicense/elicense/pki"
)

// Issued is a certificate as the register keeps it. It never changes; what changes is its Status.
type Issued struct {
	ID          CertificateID
	Place       uint64 // in the issuer's issuance log
	Profile     string
	Application ApplicationID
	IssuedAt    time.Time
	Twin        CertificateID // the other certificate of a pair; zero for none
	Renews      CertificateID // the one that this one follows; zero for none
	DER         []byte
}

// Shard is the shard whose CRL answers for the certificate.
func (i *Issued) Shard() uint32 { return ShardOf(i.Place) }

// Certificate reads the DER.
func (i *Issued) Certificate() (*pki.Certificate, error) { return pki.ParseCertificate(i.DER) }

func (i *Issued) append(b []byte) []byte {
	b = append(b, rowFormat)
	b = binary.AppendUvarint(b, i.Place)
	b = appendText(b, i.Profile)
	b = append(b, i.Application[:]...)
	b = appendTime(b, i.IssuedAt)
	b = appendID(b, i.Twin)
	b = appendID(b, i.Renews)
	return appendBytes(b, i.DER)
}

// parseIssued reads a row; its identifier stands in its key.
func parseIssued(id CertificateID, b []byte) (*Issued, error) {
	r := openRow(b)
	i := &Issued{ID: id, Place: r.number(), Profile: r.text()}
	r.fixed(i.Application[:])
	i.IssuedAt, i.Twin, i.Renews, i.DER = r.time(), readID(r), readID(r), r.bytes()
	if err := r.end("certificate"); err != nil {
		return nil, err
	}
	return i, nil
}
