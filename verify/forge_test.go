package verify_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/sm2note"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
	"github.com/elicense/elicense/verify"
)

var (
	zone   = time.FixedZone("CST", 8*3600)
	now    = time.Date(2026, 3, 2, 9, 30, 0, 0, zone)
	issued = record.Date{Year: 2026, Month: 3, Day: 1}
)

// body is a key with its certificates.
type body struct {
	code   string
	key    crypto.Signer
	chain  []*pki.Certificate
	signer *signing.Signer
	vault  *signing.VaultSigner
}

// forge is a made-up province in which anybody signs anything.
type forge struct {
	t          testing.TB
	province   *fixtures.Province
	department body
	other      body
	vault      body
}

func newForge(t testing.TB) *forge {
	t.Helper()
	f := &forge{t: t}
	var err error
	f.province, err = fixtures.NewProvince(rand.Reader, func() time.Time { return now })
	require.NoError(t, err)
	f.department = f.enrol(ca.ProfileDepartment, fixtures.Departments()[0], fixtures.Origin)
	f.other = f.enrol(ca.ProfileDepartment, fixtures.Departments()[1], fixtures.Origin)
	f.vault = f.enrol(ca.ProfileVault, fixtures.Authority(), fixtures.Origin)
	return f
}

func (f *forge) enrol(profile string, d fixtures.Department, origin string) body {
	key, chain, err := f.province.Enrol(profile, d)
	require.NoError(f.t, err)
	b := body{code: d.Code, key: key, chain: chain}
	config := signing.Config{Key: key, Chain: chain, Rand: rand.Reader}
	b.signer, err = signing.NewSigner(config)
	require.NoError(f.t, err)
	b.vault, err = signing.NewVaultSigner(origin, config)
	require.NoError(f.t, err)
	return b
}

func noteKey(t testing.TB, text string) ledger.Verifier {
	t.Helper()
	k, err := sm2note.ParseVerifier(text)
	require.NoError(t, err)
	return k
}

func (f *forge) config() verify.Config {
	return verify.Config{
		Trust: f.province.Anchors, LedgerKeys: []ledger.Verifier{noteKey(f.t, f.vault.vault.NoteKey())},
		Now: func() time.Time { return now },
	}
}

// parts are the pieces of a bundle before they are signed, and who signs.
type parts struct {
	record    record.Record
	event     record.Event
	status    record.Status
	opens     []record.Disclosure
	recordBy  body
	statusBy  body
	logBy     body
	late      func(*record.Bundle) // changes the signed bundle
	keepEvent bool                 // the event names what edit says, not the record's digest
	keepState bool                 // likewise the status
}

func (f *forge) parts() *parts {
	typ, err := code.NewLicenceType(fixtures.Authority().Code, 1)
	require.NoError(f.t, err)
	id, err := code.NewIdentifier(typ, f.department.code, "AB12CD34EF56GH78JK90", 1)
	require.NoError(f.t, err)
	opens := []record.Disclosure{
		{Name: "ZZBH", Salt: record.Salt{1}, Value: "示许字第990100号"}, {Name: "CZZT", Salt: record.Salt{2},
			Value: "示例（福建）食品有限公司"},
		{Name: "CZZTDM", Salt: record.Salt{3}, Value: fixtures.FirmAt(1).Code}, {Name: "KZ_JYFW",
			Salt: record.Salt{4}, Value: "热食"},
	}
	r := record.Record{
		Identifier: id.String(), TypeCode: typ, TypeVersion: 1, TypeName: "食品经营许可证", IssuerCode: f.department.code,
		IssuerName: "示例市市场监督管理局", HolderKind: "001", IssuedOn: issued, ValidFrom: issued,
		ValidUntil: record.Date{Year: 2031, Month: 2, Day: 28}, Mode: record.Custody,
		Signer: f.department.chain[0].Digest, Origin: record.Issued,
	}
	for i := range opens {
		r.Fields = append(r.Fields, record.Field{Name: opens[i].Name, Digest: opens[i].Digest()})
	}
	return &parts{
		record: r, opens: opens, recordBy: f.department, statusBy: f.vault, logBy: f.vault,
		event: record.Event{
			Identifier: r.Identifier, Number: 1, Kind: record.EventIssued, Version: 1,
			Recorded: now.Add(-30 * time.Minute), Effective: issued, Actor: "示例市",
		},
		status: record.Status{
			Vault: fixtures.Origin, Identifier: r.Identifier, Version: 1, State: "valid", Since: issued,
			Time: now.Add(-10 * time.Minute), NextUpdate: now.Add(23 * time.Hour),
		},
	}
}

// bundle signs the parts as edit left them.
func (f *forge) bundle(edit func(*parts)) *record.Bundle {
	f.t.Helper()
	p := f.parts()
	if edit != nil {
		edit(p)
	}
	raw, err := p.record.Append(nil)
	require.NoError(f.t, err)
	if !p.keepEvent {
		p.event.Record = record.Sum(raw)
	}
	if !p.keepState {
		p.status.Record = record.Sum(raw)
	}
	b := &record.Bundle{Format: record.BundleFormat, Record: raw, Disclosures: p.opens}
	b.Signature, err = p.recordBy.signer.Detached(f.t.Context(), raw)
	require.NoError(f.t, err)
	for _, c := range p.recordBy.chain {
		b.Certificates = append(b.Certificates, bytes.Clone(c.Raw))
	}
	event, err := p.event.Append(nil)
	require.NoError(f.t, err)
	b.Proof = f.proof(p.logBy, event)
	b.Status, err = p.status.Append(nil)
	require.NoError(f.t, err)
	b.StatusSig, err = p.statusBy.vault.SignStatement(f.t.Context(), b.Status)
	require.NoError(f.t, err)
	if p.late != nil {
		p.late(b)
	}
	return b
}

// proof puts an event into a small ledger and proves it.
func (f *forge) proof(by body, event []byte) []byte {
	f.t.Helper()
	salt := [ledger.SaltBytes]byte{7}
	tiles := map[ledger.TileID][]byte{}
	read := func(id ledger.TileID) ([]byte, error) {
		if data, ok := tiles[id]; ok {
			return data, nil
		}
		return nil, errors.New("no tile")
	}
	writes, root, size, err := ledger.Append(0, read, []ledger.Hash{{1}, {2}, ledger.Commit(salt, event), {4}, {5}})
	require.NoError(f.t, err)
	for _, w := range writes {
		tiles[w.ID] = w.Data
	}
	p := ledger.Proof{Index: 2, Salt: salt[:], Event: event}
	p.Hashes, err = ledger.InclusionProof(2, size, read)
	require.NoError(f.t, err)
	p.Checkpoint, err = ledger.SignCheckpoint(ledger.Checkpoint{Origin: fixtures.Origin, Size: size, Root: root},
		by.vault)
	require.NoError(f.t, err)
	out, err := ledger.AppendProof(nil, p)
	require.NoError(f.t, err)
	return out
}

func encode(t testing.TB, b *record.Bundle) []byte {
	t.Helper()
	doc, err := b.Encode()
	require.NoError(t, err)
	return doc
}

// judge judges with a config that edit changed.
func (f *forge) judge(doc []byte, expect verify.Expect, edit ...func(*verify.Config)) *verify.Report {
	f.t.Helper()
	config := f.config()
	for _, e := range edit {
		e(&config)
	}
	v, err := verify.New(config)
	require.NoError(f.t, err)
	r, err := v.Verify(f.t.Context(), doc, expect)
	require.NoError(f.t, err)
	return r
}

// source answers what it holds.
type source struct {
	status verify.Status
	err    error
}

func (s source) CurrentStatus(context.Context, string) (verify.Status, error) { return s.status, s.err }
