package main

import (
	"cmp"
	"context"
	"sync"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
	"github.com/elicense/elicense/verify"
)

// askedStatus asks a service what its vault says of the states of licences now, each by the caller's right and with an entry in its audit.
// A nil one asks nobody.
type askedStatus struct {
	desk *serviceDesk

	mu  sync.Mutex
	err error // why a state was not told: the first
}

var _ verify.StatusSource = (*askedStatus)(nil)

// statusAtService asks the service for states if it is to; as of another time what it says now counts for nothing, and
// without credentials it would say nothing.
func (c *program) statusAtService(o *verifyOrder) (*askedStatus, error) {
	if c.service.url == "" || o.at != "" {
		return nil, nil //nolint:nilnil // nobody is asked
	}
	token, err := c.token(c.service.token)
	if err != nil || token == "" && c.service.credentials == "" {
		return nil, err
	}
	asked := c.access.Case
	if o.caseNumber != "" {
		c.access.Case = o.caseNumber
	}
	d, err := c.callService(byLaw("核验证照"))
	c.access.Case = asked
	if err != nil {
		return nil, err
	}
	return &askedStatus{desk: d}, nil
}

// source is what a verifier asks; nil: nobody.
func (s *askedStatus) source() verify.StatusSource {
	if s == nil {
		return nil
	}
	return s
}

// labels knows the types that the service declares; nil: nobody is asked.
func (s *askedStatus) labels() labeller {
	if s == nil {
		return nil
	}
	declared := declaredLabels(s.desk)
	return func(ctx context.Context, typeCode, element string) string {
		s.mu.Lock()
		defer s.mu.Unlock()
		return declared(ctx, typeCode, element)
	}
}

func (s *askedStatus) close() {
	if s != nil {
		s.desk.client.Close()
	}
}

// CurrentStatus implements verify.StatusSource. What the service does not tell leaves the report without a state.
func (s *askedStatus) CurrentStatus(ctx context.Context, identifier string) (verify.Status, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, err := s.ask(ctx, identifier)
	if err != nil && s.err == nil {
		s.err = err
	}
	return st, err
}

// ask has the service show the number of a licence and nothing else of it: with that comes what its vault signed of the
// state, and the ledger proof.
func (s *askedStatus) ask(ctx context.Context, identifier string) (verify.Status, error) {
	r, err := s.desk.reads()
	if err != nil {
		return verify.Status{}, err
	}
	raw, err := s.desk.client.Disclose(ctx, identifier, api.DisclosureRequest{
		Asked:  api.Asked{Purpose: r.Purpose, Item: r.Item, Case: r.Case, Ground: r.Ground, Basis: r.Basis},
		Fields: []string{catalogue.MetaNumber},
	})
	if client.CodeOf(err) == string(vault.CodeLicenceUnknown) { // a look-up tells whether it is the right that is missing
		_, err = s.desk.client.Licence(ctx, identifier, r, catalogue.MetaNumber)
		err = cmp.Or(err, errAnswer)
	}
	if err != nil {
		return verify.Status{}, err
	}
	b, err := record.ParseBundle(raw)
	if err != nil {
		return verify.Status{}, errAnswer
	}
	return verify.Status{Said: &verify.Said{Statement: b.Status, Signature: b.StatusSig, Proof: b.Proof}}, nil
}

// tellStatus says why the service told no state, which the report cannot know.
func (c *program) tellStatus(s *askedStatus, report *verify.CaseReport) {
	if s == nil {
		c.tellHowToAsk(report)
		return
	}
	if s.err == nil {
		return
	}
	c.Aside(c.Say("没有从服务得到证照状态：", "the service told no state of a licence: ") + c.Text(describe(s.err)) + "\n")
}

// tellHowToAsk says what to type next where nothing is missing but the state of a licence now.
func (c *program) tellHowToAsk(report *verify.CaseReport) {
	for _, r := range report.Reports {
		if r.Indication == verify.Indeterminate && r.Headline == "state.now" {
			c.Aside(c.Say("下一步：加 --server URL 和凭据，向证照库询问证照现在的状态，或用 --with 附上证照库导出的证据包"+
				"（elicense lookup 证照标识 --export 证照.json）\n", "next: ask the vault for the state now with --server URL and credentials, or name "+
				"the bundle that it exported with --with (elicense lookup IDENTIFIER --export licence.json)\n"))
			return
		}
	}
}
