package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client"
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/moment"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/document"
)

// serviceDesk works at a service.
type serviceDesk struct {
	client *client.Client
	asked  api.Asked
	holder *vault.Assertion // who is present
	local  *time.Location
	types  map[string]*vault.LicenceType
	fonts  func() (document.Fonts, error)
}

var _ desk = (*serviceDesk)(nil)

// callService completes the flags to what a service is told. Who calls it knows by itself.
func (c *program) callService(asker who) (*serviceDesk, error) {
	if c.access.Caller != "" {
		return nil, cli.Usage("--as 只用于数据目录：服务凭密钥或令牌认得调用方", "--as is for data directories: a service knows "+
			"its callers by their keys and tokens")
	}
	// A service in China tells its times, which carry their zone; the days of the command line are days there.
	var err error
	d := &serviceDesk{
		local: moment.China(), types: map[string]*vault.LicenceType{}, fonts: c.findFonts,
	}
	a := c.access
	switch a.Ground = asker.ground; {
	case c.ground != "":
		a.Ground = vault.Ground(c.ground)
	case a.Ground == vault.GroundLaw && a.Basis == "": // as the defaults of a data directory
		a.Ground = api.GroundRegistered
	}
	if a.Purpose == "" {
		a.Purpose = asker.purpose
	}
	if c.present != "" {
		a.Ground = vault.GroundHolder
		if d.holder, err = c.assertion(a); err != nil {
			return nil, err
		}
	}
	d.asked = api.Asked{Purpose: a.Purpose, Item: a.Item, Case: a.Case, Ground: string(a.Ground), Basis: a.Basis}
	if h := d.holder; h != nil {
		d.asked.Applicant = &api.Applicant{Kind: h.Kind, Code: h.Code, Level: h.Level.String(), Expires: h.Expires}
	}
	d.client, err = c.dial()
	return d, err
}

func (d *serviceDesk) zone() *time.Location { return d.local }

func (d *serviceDesk) present() *vault.Assertion { return d.holder }

// reads is what a read of one licence says. It names no holder, since it travels in an address.
func (d *serviceDesk) reads() (client.Reading, error) {
	if d.holder != nil {
		return client.Reading{}, cli.Usage("持证主体在场时，服务只受理查询和加注件：lookup、document copy",
			"for a holder who is present a service looks licences up and makes copies: lookup, document copy")
	}
	a := &d.asked
	return client.Reading{
		Purpose: a.Purpose, Item: a.Item, Case: a.Case, Ground: readingGround(a.Ground), Basis: a.Basis,
	}, nil
}

// readingGround leaves out the ground of a holder who calls by himself.
func readingGround(ground string) string {
	if ground == string(vault.GroundHolder) {
		return ""
	}
	return ground
}

// TypeReport lists the types.
func (d *serviceDesk) TypeReport(ctx context.Context) ([]vault.TypeStatus, error) {
	list, err := d.client.LicenceTypes(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]vault.TypeStatus, len(list.Types))
	for i, t := range list.Types {
		out[i] = vault.TypeStatus{
			Code: t.Code, Name: t.Name, Version: t.Version, Owner: t.Owner, Classification: catalogue.Level(t.Classification),
			Declared: t.Declared, Live: t.Live, Missing: t.Missing,
		}
	}
	return out, nil
}

// Type gives one type, which is asked for once.
func (d *serviceDesk) Type(ctx context.Context, code string) (*vault.LicenceType, error) {
	if t := d.types[code]; t != nil {
		return t, nil
	}
	answer, err := d.client.LicenceType(ctx, code)
	if client.CodeOf(err) == string(vault.CodeTypeUnknown) {
		return nil, fmt.Errorf("%w: %w", vault.ErrUnknownType, err)
	}
	if err != nil {
		return nil, err
	}
	t, err := typeOf(answer)
	if err == nil {
		d.types[code] = t
	}
	return t, err
}

func typeOf(answer *api.LicenceType) (*vault.LicenceType, error) {
	def, err := catalogue.ParseType(answer.Definition)
	if err != nil {
		return nil, errors.Join(errAnswer, err)
	}
	return vault.NewLicenceType(def, answer.Owner)
}

// errAnswer is an answer of a service that cannot be used.
var errAnswer = errors.New("the service's answer cannot be used")

func (d *serviceDesk) complete(ctx context.Context, typeCode, issuer, series string) error {
	return d.client.DeclareComplete(ctx, typeCode, api.Completion{Issuer: issuer, Series: series})
}

func (d *serviceDesk) putType(ctx context.Context, definition []byte) (*vault.LicenceType, error) {
	def, err := catalogue.ParseType(definition)
	if err != nil {
		return nil, err
	}
	answer, err := d.client.PutLicenceType(ctx, def.Code, definition)
	if err != nil {
		return nil, err
	}
	return typeOf(answer)
}
