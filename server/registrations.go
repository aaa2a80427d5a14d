package server

import (
	"context"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

// registerRegistrations lets the operator register systems while the service runs, if the service has a registry. A
// registration is put as a whole, so a repetition changes nothing.
func (s *Server) registerRegistrations() {
	if s.cfg.Registry == nil {
		return
	}
	add(s, operation{
		id: "listRegistrations", method: http.MethodGet, path: "/registrations", tag: "registrations",
		zh: "已登记的系统", en: "systems that are registered", may: identity.MayOperate,
	}, s.listRegistrations)
	add(s, operation{
		id: "getRegistration", method: http.MethodGet, path: "/registrations/{id}", tag: "registrations",
		zh: "一个系统的登记", en: "the registration of a system", may: identity.MayOperate,
	}, s.getRegistration)
	add(s, operation{
		id: "putRegistration", method: http.MethodPut, path: "/registrations/{id}", tag: "registrations",
		maxBody: 512 << 10, zh: "登记系统或更改登记", en: "register a system, or change its registration",
		write: true, may: identity.MayOperate,
	}, s.putRegistration)
	add(s, operation{
		id: "revokeRegistration", method: http.MethodPost, path: "/registrations/{id}/revocation", tag: "registrations",
		zh: "撤销登记或其中一张证书", en: "revoke a registration, or one certificate of it", write: true,
		may: identity.MayOperate,
	}, s.revokeRegistration)
}

const registrationPage = 100

type listRegistrationsInput struct {
	After string `query:"after" maxLength:"64" doc:"next of the page before"`
}

type listRegistrationsOutput struct{ Body api.RegistrationList }

func (s *Server) listRegistrations(
	ctx context.Context, c *identity.Caller, in *listRegistrationsInput,
) (*listRegistrationsOutput, error) {
	if err := s.registering(c, "查看调用系统")(ctx, identity.Listed()); err != nil {
		return nil, err
	}
	list := s.cfg.Registry.List(in.After, registrationPage)
	out := &listRegistrationsOutput{api.RegistrationList{Registrations: make([]api.RegistrationStanding, len(list))}}
	for i := range list {
		out.Body.Registrations[i] = standingOf(&list[i])
	}
	if len(list) == registrationPage {
		out.Body.Next = list[len(list)-1].ID
	}
	return out, nil
}

type registrationInput struct {
	ID string `path:"id" maxLength:"64"`
}

type registrationOutput struct{ Body api.RegistrationStanding }

func (s *Server) getRegistration(
	ctx context.Context, c *identity.Caller, in *registrationInput,
) (*registrationOutput, error) {
	out, err := s.registration(in.ID)
	if err != nil {
		return nil, err
	}
	if err := s.registering(c, "查看调用系统")(ctx, identity.Shown(in.ID)); err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Server) registration(id string) (*registrationOutput, error) {
	r, err := s.cfg.Registry.Get(id)
	if err != nil {
		return nil, err
	}
	return &registrationOutput{standingOf(&r)}, nil
}

type putRegistrationInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body api.Registration
}

func (s *Server) putRegistration(
	ctx context.Context, c *identity.Caller, in *putRegistrationInput,
) (*registrationOutput, error) {
	b := &in.Body
	r := identity.Registration{
		ID: in.ID, Caller: b.Caller, Role: identity.Role(b.Role), Department: b.Department, Types: b.Types,
		UnsignedWritesUnsafe: b.UnsignedWritesUnsafe,
	}
	if b.Quota != nil {
		r.Quota = identity.Quota{PerSecond: b.Quota.PerSecond, Burst: b.Quota.Burst}
	}
	if b.Sharing != nil {
		sharing := identity.Sharing(*b.Sharing)
		r.Sharing = &sharing
	}
	for _, x := range b.Credentials {
		r.Credentials = append(r.Credentials, identity.Credential{
			Kind: identity.CredentialKind(x.Kind), Certificate: x.Certificate, UncheckedUnsafe: x.UncheckedUnsafe,
		})
	}
	if err := s.cfg.Registry.Put(ctx, c.ID, r, s.registering(c, "登记调用系统")); err != nil {
		return nil, err
	}
	return s.registration(in.ID)
}

// registering has the vault audit what a caller changes or reads of registrations.
func (s *Server) registering(c *identity.Caller, purpose string) identity.Witness {
	return func(ctx context.Context, change vault.Witnessed) error {
		return s.cfg.Vault.Witness(ctx, oversight(c, purpose), change)
	}
}

type revokeRegistrationInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body api.RegistrationRevocation
}

func (s *Server) revokeRegistration(
	ctx context.Context, c *identity.Caller, in *revokeRegistrationInput,
) (*registrationOutput, error) {
	digest, err := digestIn(in.Body.Credential)
	if err != nil {
		return nil, err
	}
	if err := s.cfg.Registry.Revoke(ctx, c.ID, in.ID, digest, s.registering(c, "撤销调用系统")); err != nil {
		return nil, err
	}
	return s.registration(in.ID)
}

// digestIn reads the digest of a certificate; nil if there is none.
func digestIn(text string) (*[sm3.Size]byte, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // the whole registration
	}
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != sm3.Size {
		return nil, identity.Refuse(identity.CodeRegistrationUnknown)
	}
	return (*[sm3.Size]byte)(b), nil
}

func standingOf(r *identity.Registration) api.RegistrationStanding {
	out := api.RegistrationStanding{
		ID: r.ID, Changed: r.Changed, By: r.By, Revoked: pointerTo(r.Revoked), Certificates: []api.CredentialStanding{},
		Registration: api.Registration{
			Caller: r.Caller, Role: string(r.Role), Department: r.Department, Types: r.Types,
			Credentials: []api.Credential{}, UnsignedWritesUnsafe: r.UnsignedWritesUnsafe,
		},
	}
	if r.Quota != (identity.Quota{}) {
		out.Quota = &api.Quota{PerSecond: r.Quota.PerSecond, Burst: r.Quota.Burst}
	}
	if r.Sharing != nil {
		sharing := api.Sharing(*r.Sharing)
		out.Sharing = &sharing
	}
	for i := range r.Credentials {
		x := &r.Credentials[i]
		digest := x.Digest()
		out.Credentials = append(out.Credentials, api.Credential{
			Kind: string(x.Kind), Certificate: x.Certificate, UncheckedUnsafe: x.UncheckedUnsafe,
		})
		out.Certificates = append(out.Certificates, api.CredentialStanding{
			Digest: hex.EncodeToString(digest[:]), Revoked: pointerTo(x.Revoked),
		})
	}
	return out
}

// pointerTo is nil for no time.
func pointerTo(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
