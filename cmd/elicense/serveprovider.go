package main

import (
	"context"
	"crypto/subtle"
	"fmt"
	"net/http"
	"strings"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/server"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/server/provider"
	"github.com/elicense/elicense/vault"
)

// Names in a sandbox: of the account that stands for its made-up people and firms among the keys, and of the client that
// a department's system uses to try logins.
const (
	sandboxAccount  = "accounts"
	sandboxClient   = "sandbox"
	sandboxRedirect = "http://127.0.0.1/callback" // with any port
	sandboxPeople   = 10
)

// sandboxProvider lets made-up people and firms log in for departments' systems, and takes the tokens itself. Outside of
// a sandbox the accounts are the hall's.
func (c *program) sandboxProvider(h *house, keys *provider.Keys, s *serveSettings) (
	http.Handler, []identity.Issuer, error,
) {
	password, err := c.sandboxKey(h, sandboxAccount)
	if err != nil {
		return nil, nil, err
	}
	scheme := "https"
	if s.Plain {
		scheme = "http"
	}
	issuer := scheme + "://" + s.authorities()[0] + server.ProviderPath
	p, err := provider.New(provider.Config{
		Issuer: issuer, Audience: issuer, Accounts: newSandboxAccounts(password), Keys: keys, Now: c.Now, Rand: c.Rand,
		Plain:   s.Plain,
		Clients: []provider.Client{{ID: sandboxClient, Redirects: []string{sandboxRedirect}, MayAsk: true}},
	})
	if err != nil {
		return nil, nil, err
	}
	return p, []identity.Issuer{{
		URL: issuer, Audience: issuer, Keys: keys, Caller: fixtures.Hall,
		MaxLevel: vault.LevelRealName,
	}}, nil
}

// tokenKeys are the keys of the tokens that the service gives as a provider.
func (c *program) tokenKeys(ctx context.Context, kept engine.Engine) (*provider.Keys, error) {
	return provider.OpenKeys(ctx, provider.KeysConfig{Engine: kept, Now: c.Now, Rand: c.Rand})
}

// sandboxAccounts are made-up people and firms, all with one password: person-1, firm-1 and so on; account-1 is known by
// nothing but its name.
type sandboxAccounts struct {
	password string
	byName   map[string]provider.Account
}

var _ provider.Accounts = (*sandboxAccounts)(nil)

func newSandboxAccounts(password string) *sandboxAccounts {
	s := &sandboxAccounts{password, map[string]provider.Account{
		"account-1": {ID: "account-1", Name: "account-1", Level: vault.LevelRegistered},
	}}
	for i := range uint64(sandboxPeople) {
		person, firm := fixtures.PersonAt(i), fixtures.FirmAt(i)
		for _, a := range []provider.Account{
			{ID: fmt.Sprintf("person-%d", i+1), Name: person.Name, Kind: code.HolderCodeCitizen, Code: person.Number},
			{ID: fmt.Sprintf("firm-%d", i+1), Name: firm.Name, Kind: code.HolderCodeUSCC, Code: firm.Code},
		} {
			a.Level = vault.LevelRealName
			s.byName[a.ID] = a
		}
	}
	return s
}

// Authenticate implements provider.Accounts.
func (s *sandboxAccounts) Authenticate(_ context.Context, name, password string) (*provider.Account, error) {
	a, ok := s.byName[strings.ToLower(name)]
	if subtle.ConstantTimeCompare([]byte(password), []byte(s.password)) != 1 || !ok {
		return nil, provider.ErrNoAccount
	}
	return &a, nil
}

// Account implements provider.Accounts.
func (s *sandboxAccounts) Account(_ context.Context, id string) (*provider.Account, error) {
	a, ok := s.byName[id]
	if !ok {
		return nil, provider.ErrNoAccount
	}
	return &a, nil
}
