package main

import (
	"context"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/document"
	"github.com/elicense/elicense/vault/record"
)

// desk is where a command on data works: the data directory, which it opens, or a service, which has it open. Both give
// the same answers in the same types, so that a command shows the same either way.
type desk interface {
	shelf
	counter
	reading
	consents
	conversions
	office

	zone() *time.Location
	// present is the holder in whose own right is asked; nil: none is, or the service knows him by his login.
	present() *vault.Assertion
}

// shelf is the catalogue of licence types.
type shelf interface {
	TypeReport(ctx context.Context) ([]vault.TypeStatus, error)
	Type(ctx context.Context, code string) (*vault.LicenceType, error)
}

// office is what whoever runs or oversees the vault asks.
type office interface {
	registrar

	auditTrail(ctx context.Context, first int, visit func(*record.AuditEntry) bool) error
	signedBy(ctx context.Context, certificate [sm3.Size]byte, visit func(vault.SignedVersion) bool) error
}

// counter is where departments write.
type counter interface {
	putType(ctx context.Context, definition []byte) (*vault.LicenceType, error)
	complete(ctx context.Context, typeCode, issuer, series string) error
	validate(ctx context.Context, req vault.Request) ([]vault.Note, error)
	issue(ctx context.Context, req vault.Request) (*vault.Answer, error)
	reserve(ctx context.Context, req vault.Request) (*vault.Answer, error)
	confirm(ctx context.Context, cf vault.Confirmation) (*vault.Answer, error)
	void(ctx context.Context, key, identifier, reason string) (*vault.Answer, error)
	reconcile(ctx context.Context) ([]vault.Unsettled, error)
	numbers(ctx context.Context, typeCode string) ([]vault.NumberUse, error)
	perform(ctx context.Context, act vault.Act) (*vault.Answer, error)
	attach(ctx context.Context, identifier, kind string, content []byte) (*vault.Document, error)
}

// reading is what is asked about licences.
type reading interface {
	// fresh has receipts and proofs name a checkpoint that holds everything which they tell.
	fresh(ctx context.Context) error
	lookup(ctx context.Context, q vault.Query) (*vault.Result, error)
	compare(ctx context.Context, q vault.Query, claims map[string]string) (*vault.Comparison, error)
	history(ctx context.Context, identifier string) ([]vault.Entry, error)
	asOf(ctx context.Context, q asOf) (*vault.Moment, error)
	bundle(ctx context.Context, identifier string) ([]byte, error)
	attachments(ctx context.Context, identifier string) ([]attachment, error)
	content(ctx context.Context, identifier string, x *attachment) ([]byte, error)
	page(ctx context.Context, identifier string, o *drawOptions) (*drawnPage, error)
	// drawer draws specimens.
	drawer() (*document.Drawer, error)
	noted(ctx context.Context, o *copyOrder) (*notedCopy, error)
	proof(ctx context.Context, identifier string, number int) ([]byte, error)
	growth(ctx context.Context, since uint64) ([]byte, error)
	checkpoint(ctx context.Context) ([]byte, error)
	trace(ctx context.Context, message string) (*vault.Trail, error)
}

// consents are what holders let departments see.
type consents interface {
	grant(ctx context.Context, req vault.ConsentRequest) (*vault.Consent, error)
	granted(ctx context.Context) ([]vault.Consent, error)
	withdraw(ctx context.Context, id string) error
}

// conversions are the batches of a department that were converted.
type conversions interface {
	batches(ctx context.Context) ([]vault.BatchAccount, error)
	batch(ctx context.Context, id string) (*vault.BatchAccount, error)
	signOff(ctx context.Context, id string, so vault.SignOff) (*vault.BatchAccount, error)
	sample(ctx context.Context, id string, n int, seed uint64) ([]vault.Sampled, error)
	scan(ctx context.Context, batch string, d record.Digest) ([]byte, error)
}

// at works at the service that --server names, else at the data directory.
func (c *program) at(ctx context.Context, asker who, fn func(desk) error) error {
	if c.service.url == "" {
		return c.with(ctx, asker, func(h *house, a vault.Access) error { return fn(&ownDesk{c, h, a}) })
	}
	s, err := c.callService(asker)
	if err != nil {
		return err
	}
	defer s.client.Close()
	return fn(s)
}
