package identity

import (
	"context"
	"encoding/hex"
	"strconv"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/vault"
)

// Witness writes a change of registrations into the audit, before it counts: on an error nothing is changed. Nil is no
// witness, and without one nothing is changed either.
type Witness func(ctx context.Context, change vault.Witnessed) error

func (w Witness) of(ctx context.Context, change vault.Witnessed) error {
	if w == nil {
		return ErrConfig
	}
	return w(ctx, change)
}

// Acts on registrations, as the audit spells them.
const (
	actRegister          = "register-system"
	actRevoke            = "revoke-system"
	actRevokeCertificate = "revoke-certificate"
	actRead              = "registrations"
)

// Listed is what the audit says of a reading of registrations.
func Listed() vault.Witnessed { return vault.Witnessed{Act: actRead} }

// Shown is what it says of a reading of one.
func Shown(id string) vault.Witnessed {
	return vault.Witnessed{Act: actRead, Object: "registration " + id}
}

// registered is what the audit says of a registration that was put: whose rights it gives, to which certificates.
func (r *Registration) registered() vault.Witnessed {
	change := "caller " + r.Caller + "; role " + string(r.Role)
	if len(r.Types) > 0 {
		change += "; types " + strconv.Itoa(len(r.Types))
	}
	if r.Sharing != nil {
		change += "; sharing by " + r.Sharing.Ground
	}
	if r.UnsignedWritesUnsafe {
		change += "; unsigned writes"
	}
	for i := range r.Credentials {
		c := &r.Credentials[i]
		change += "; " + string(c.Kind) + " " + nameOf(c.Digest())
		if c.UncheckedUnsafe {
			change += " unchecked"
		}
		if !c.Revoked.IsZero() {
			change += " revoked"
		}
	}
	return r.witnessed(actRegister, change)
}

// revoked is what it says of one that was revoked, or of one of its certificates.
func (r *Registration) revoked(credential *[sm3.Size]byte) vault.Witnessed {
	change := "caller " + r.Caller
	if credential == nil {
		return r.witnessed(actRevoke, change)
	}
	return r.witnessed(actRevokeCertificate, change+"; certificate "+nameOf(*credential))
}

func (r *Registration) witnessed(act, change string) vault.Witnessed {
	return vault.Witnessed{Act: act, Object: "registration " + r.ID, Department: r.Department, Change: change}
}

func nameOf(digest [sm3.Size]byte) string { return hex.EncodeToString(digest[:]) }
