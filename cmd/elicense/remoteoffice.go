package main

import (
	"context"
	"encoding/hex"
	"errors"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client"
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// levelsIn are the levels by their names.
var levelsIn = map[string]vault.Level{
	vault.LevelNone.String(): vault.LevelNone, vault.LevelRegistered.String(): vault.LevelRegistered,
	vault.LevelRealName.String(): vault.LevelRealName, vault.LevelCertificate.String(): vault.LevelCertificate,
}

func (d *serviceDesk) codes(ctx context.Context, names []string) ([]string, error) {
	return typeCodes(ctx, d, names)
}

func (d *serviceDesk) callers(ctx context.Context) ([]vault.Caller, error) {
	var out []vault.Caller
	for x, err := range d.client.Callers(ctx) {
		if err != nil {
			return nil, err
		}
		out = append(out, vault.Caller{
			ID: x.ID, Department: x.Department, Name: x.Name, Issues: x.Issues, Bases: x.Bases,
			MaxLevel: levelsIn[x.MaxLevel], Operator: x.Operator, Auditor: x.Auditor,
		})
	}
	return out, nil
}

func (d *serviceDesk) putCaller(ctx context.Context, x vault.Caller) error {
	if x.Operator {
		return &cli.UsageError{
			Code: "operator-elsewhere", Zh: "管理员不经网络登记；请在服务所在的机器上用 -d 办理，服务不必停止",
			En: "an operator is not registered over the network: use -d on the machine of the service, which goes on answering",
		}
	}
	if x.MaxLevel < vault.LevelNone || x.MaxLevel > vault.LevelCertificate {
		return cli.Usage("--max-level 应为 0 到 3", "--max-level is 0 to 3")
	}
	_, err := d.client.PutCaller(ctx, x.ID, api.CallerRights{
		Department: x.Department, Name: x.Name, Issues: x.Issues, Bases: x.Bases, MaxLevel: x.MaxLevel.String(),
		Auditor: x.Auditor,
	})
	return err
}

func (d *serviceDesk) systems(ctx context.Context) ([]identity.Registration, error) {
	var out []identity.Registration
	for x, err := range d.client.Registrations(ctx) {
		if err != nil {
			return nil, err
		}
		out = append(out, registrationIn(x))
	}
	return out, nil
}

func registrationIn(x *api.RegistrationStanding) identity.Registration {
	r := identity.Registration{
		ID: x.ID, Caller: x.Caller, Role: identity.Role(x.Role), Department: x.Department, Types: x.Types,
		UnsignedWritesUnsafe: x.UnsignedWritesUnsafe,
	}
	if x.Revoked != nil {
		r.Revoked = *x.Revoked
	}
	for _, k := range x.Credentials {
		r.Credentials = append(r.Credentials, identity.Credential{
			Kind: identity.CredentialKind(k.Kind), Certificate: k.Certificate, UncheckedUnsafe: k.UncheckedUnsafe,
		})
	}
	return r
}

func (d *serviceDesk) putSystem(ctx context.Context, r identity.Registration) error {
	out := api.Registration{
		Caller: r.Caller, Role: string(r.Role), Department: r.Department, Types: r.Types, Credentials: []api.Credential{},
		UnsignedWritesUnsafe: r.UnsignedWritesUnsafe,
	}
	if r.Quota != (identity.Quota{}) {
		out.Quota = &api.Quota{PerSecond: r.Quota.PerSecond, Burst: r.Quota.Burst}
	}
	if r.Sharing != nil {
		sharing := api.Sharing(*r.Sharing)
		out.Sharing = &sharing
	}
	for _, k := range r.Credentials {
		out.Credentials = append(out.Credentials, api.Credential{
			Kind: string(k.Kind), Certificate: k.Certificate, UncheckedUnsafe: k.UncheckedUnsafe,
		})
	}
	_, err := d.client.PutRegistration(ctx, r.ID, out)
	return err
}

func (d *serviceDesk) revokeSystem(ctx context.Context, id string, certificate *[sm3.Size]byte) error {
	digest := ""
	if certificate != nil {
		digest = hex.EncodeToString(certificate[:])
	}
	_, err := d.client.RevokeRegistration(ctx, id, digest)
	return err
}

func (d *serviceDesk) auditTrail(ctx context.Context, first int, visit func(*record.AuditEntry) bool) error {
	for e, err := range d.client.AuditEntries(ctx, first) {
		if err != nil {
			return err
		}
		if !visit(auditEntryIn(e)) {
			return nil
		}
	}
	return nil
}

func auditEntryIn(e *api.AuditEntry) *record.AuditEntry {
	return &record.AuditEntry{
		Number: e.Number, Time: e.Time, Act: e.Act, Clerk: e.Clerk, Result: e.Result, Type: e.Type, Issuer: e.Issuer,
		Licence: e.Licence, Batch: e.Batch, Subject: e.Subject, Object: e.Object, Change: e.Change, Reason: e.Reason,
		Count: e.Count, Message: e.Message,
		Asked: record.Asked{
			Caller: e.Caller, Purpose: e.Purpose, Item: e.Item, Case: e.Case, Ground: e.Ground, Basis: e.Basis, Level: e.Level,
		},
	}
}

func (d *serviceDesk) signedBy(
	ctx context.Context, certificate [sm3.Size]byte, visit func(vault.SignedVersion) bool,
) error {
	for x, err := range d.client.SignedVersions(ctx, hex.EncodeToString(certificate[:])) {
		if err != nil {
			return err
		}
		issued, err1 := record.ParseDate(x.IssuedOn)
		digest, err2 := digestIn(x.Record)
		if err := errors.Join(err1, err2); err != nil {
			return errors.Join(errAnswer, err)
		}
		if !visit(vault.SignedVersion{
			Identifier: x.Identifier, Version: x.Version, Type: x.Type, Issuer: x.Issuer, IssuedOn: issued, Record: digest,
			InForce: x.InForce,
		}) {
			return nil
		}
	}
	return nil
}

// serviceTrust takes from the service what its vault's licences are verified with.
func (c *program) serviceTrust(ctx context.Context) (map[string][]byte, error) {
	cl, err := c.dial()
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	return trustAt(ctx, cl)
}

func trustAt(ctx context.Context, cl *client.Client) (map[string][]byte, error) {
	answer, err := cl.Trust(ctx)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, f := range answer.Files {
		files[f.Name] = f.Content
	}
	if files[anchorsFile] == nil || files[ledgerKeysFile] == nil {
		return nil, errAnswer
	}
	return files, nil
}
