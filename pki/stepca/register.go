package stepca

import (
	"crypto/x509"
	"fmt"
	"sync/atomic"

	"github.com/smallstep/certificates/db"
	"github.com/smallstep/nosql/database"
)

// Buckets of smallstep that this package looks into.
var (
	bucketTokens = []byte("used_ott")
	bucketNonces = []byte("nonces")
	bucketCRL    = []byte("x509_crl")
)

// buckets are all that smallstep's own constructor would make for the acts offered here. It cannot be used: it opens
// databases of its own.
var buckets = [][]byte{
	bucketTokens, bucketCRL, []byte("x509_certs"), []byte("x509_certs_data"), []byte("revoked_x509_certs"),
}

// register is smallstep's view of what was issued, revoked and used up, with the checks that it does not make itself.
type register struct {
	*db.DB

	side    *side       // whose tokens are checked
	pending atomic.Bool // the CRL lacks a revocation, or may
}

var (
	_ db.AuthDB                      = (*register)(nil)
	_ db.CertificateRevocationListDB = (*register)(nil)
)

func newRegister(database *bucketed) (*register, error) {
	for _, bucket := range buckets {
		if err := database.CreateTable(bucket); err != nil {
			return nil, err
		}
	}
	r := &register{DB: &db.DB{DB: database}}
	r.pending.Store(true) // who knows what happened before this process
	return r, nil
}

// UseToken marks a token as used, once. Smallstep calls it before it has verified the token, so that anybody could use
// up the tokens of others, whose identifiers he has seen, and fill the database; so the token is verified here first.
// The mark is durable before the token does anything.
func (r *register) UseToken(_, token string) (bool, error) {
	c, err := r.side.verifyToken(token)
	if err != nil {
		return false, err
	}
	fresh, err := r.DB.UseToken(c.ID, token)
	if err != nil {
		return false, err // also if the outcome is unknown: then nobody gets anything for this token
	}
	if !fresh {
		return false, refuse(ReasonReplayed, "")
	}
	return true, nil
}

// Revoke records a revocation of a certificate that was issued here. Smallstep would record any number, and then deny
// that the certificate is good which once gets it; and it would let every provisioner revoke what others had issued.
func (r *register) Revoke(info *db.RevokedCertificateInfo) error {
	c, err := r.issued(info.Serial)
	if err != nil {
		return err
	}
	info.ExpiresAt = c.NotAfter // when it may leave the list
	if info.TokenID != "" {
		data, err := r.GetCertificateData(info.Serial)
		if err != nil || data.Provisioner == nil || data.Provisioner.ID != info.ProvisionerID {
			return refuse(ReasonConstraint, "issued for another provisioner")
		}
	}
	defer r.pending.Store(true) // also after an error: the outcome may be unknown
	return r.DB.Revoke(info)
}

// issued reads a certificate from the register, by its serial number in decimal digits.
func (r *register) issued(serial string) (*x509.Certificate, error) {
	c, err := r.GetCertificate(serial)
	if database.IsErrNotFound(err) {
		return nil, refuse(ReasonNotIssued, "")
	}
	if err != nil {
		return nil, fmt.Errorf("reading issued certificate: %w", err)
	}
	return c, nil
}

// checkIssued wants exactly this certificate in the register, not revoked.
func (r *register) checkIssued(c *x509.Certificate) error {
	serial := c.SerialNumber.String()
	stored, err := r.issued(serial)
	if err != nil {
		return err
	}
	if !stored.Equal(c) {
		return refuse(ReasonNotIssued, "another certificate has this serial number")
	}
	revoked, err := r.IsRevoked(serial)
	switch {
	case err != nil:
		return fmt.Errorf("reading revocation: %w", err)
	case revoked:
		return refuse(ReasonRevoked, "")
	}
	return nil
}
