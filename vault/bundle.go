package vault

import (
	"context"
	"fmt"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// Bundle gives a licence's version in force with everything that proves it offline: signature and certificates, the
// ledger proof of its event, and a fresh status statement. Only names the elements to disclose; empty: all.
func (v *Vault) Bundle(ctx context.Context, a Access, identifier string, only ...string) (*record.Bundle, error) {
	note := auditNote{act: "bundle"}.about(identifier)
	s, sc, err := v.admitRead(ctx, a, note)
	if err != nil {
		return nil, err
	}
	id, err := code.ParseIdentifier(identifier)
	if err != nil {
		return nil, v.denied(ctx, s, note, refuse(ErrInvalid, CodeIdentifier, "identifier"))
	}
	rd := reading{s, sc, id, note}
	err = v.viewOne(ctx, rd, func(engine.Reader, *session, licenceID, *head) error { return nil })
	if err == nil { // the right is decided: bring the licence's event under a checkpoint
		_, err = v.Checkpoint(ctx)
	}
	if isRefusal(err) {
		return nil, v.denied(ctx, s, note, err)
	}
	if err != nil {
		return nil, err
	}
	b := &record.Bundle{Format: record.BundleFormat}
	var st record.Status
	err = v.readOne(ctx, rd, func(r engine.Reader, _ *session, id licenceID, h *head) error {
		ver, err := v.fillBundle(r, b, id, h)
		if err != nil {
			return err
		}
		st = v.statusOf(ver, h)
		for i := range ver.Disclosures {
			if wanted(only, ver.Disclosures[i].Name) {
				b.Disclosures = append(b.Disclosures, ver.Disclosures[i])
			}
		}
		b.Certificates, err = v.cfg.Records.Certificates(ver.Record.Signer)
		return err
	})
	if err != nil {
		return nil, err
	}
	b.Status, b.StatusSig, err = v.signStatus(ctx, &st)
	return whole(b, err)
}

func wanted(only []string, name string) bool {
	if len(only) == 0 {
		return true
	}
	for _, o := range only {
		if o == name {
			return true
		}
	}
	return false
}

// fillBundle reads the visible version and the proof of the event that brought it.
func (v *Vault) fillBundle(r engine.Reader, b *record.Bundle, id licenceID, h *head) (*Version, error) {
	*b = record.Bundle{Format: record.BundleFormat}
	version, err := v.visible(r, h)
	if err != nil {
		return nil, err
	}
	if version == 0 {
		return nil, refuse(ErrNotFound, CodeLicenceUnknown, "identifier")
	}
	ver, err := v.answered(r, id, h, version)
	if err != nil {
		return nil, err
	}
	b.Record, b.Signature = ver.Raw, ver.Signature
	b.Proof, err = proofOfVersion(r, id, h, version)
	return ver, err
}

// proofOfVersion proves the event that brought a version.
func proofOfVersion(r engine.Reader, id licenceID, h *head, version int) ([]byte, error) {
	for n := h.events; n > 0; n-- {
		e, err := getStoredEvent(r, id, n)
		if err != nil {
			return nil, err
		}
		if e.event.Version == version && e.event.Kind.MakesVersion() {
			return proofOf(r, e)
		}
	}
	return nil, fmt.Errorf("%w: version without an event", ErrDamaged)
}

func (v *Vault) statusOf(ver *Version, h *head) record.Status {
	at := v.now()
	return record.Status{
		Vault: v.Name(), Identifier: ver.Record.Identifier, Version: versionOf(ver.Record.Identifier),
		Record: record.Sum(ver.Raw), Since: h.since, Time: at, NextUpdate: at.Add(v.cfg.StatusFor),
		State: string(h.state.on(v.today(at), ver.Record.ValidFrom, ver.Record.ValidUntil)),
	}
}

func (v *Vault) signStatus(ctx context.Context, st *record.Status) (raw, signature []byte, err error) {
	if raw, err = st.Append(nil); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if signature, err = v.cfg.Signer.SignStatement(ctx, raw); err != nil {
		return nil, nil, fmt.Errorf("vault: signing a status statement: %w", err)
	}
	return raw, signature, nil
}
