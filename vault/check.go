package vault

import (
	"context"
	"fmt"

	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// Inspection is the report of Inspect: what was re-hashed and what did not agree.
type Inspection struct {
	Licences, Versions, Events, AuditEntries int
	Leaves                                   uint64 // in the ledger
	Void                                     int    // of those: in the place of lost ones
	Staged                                   int    // leaves that wait for their place
	Signatures                               int    // department signatures verified
	Root                                     record.Digest
	Blobs                                    int   // documents and scans re-hashed
	BlobBytes                                int64 // of them
	Findings                                 []Finding

	// Orphans are documents and scans that nothing names, as acts that were broken off leave them: no fault, Sweep
	// removes them. At most 1,000 are listed of OrphanCount.
	Orphans     []blob.Address
	OrphanCount int
}

// Finding is one thing that does not agree.
type Finding struct {
	Where string // licence, audit entry or ledger leaf
	What  string
}

// maxFindings bounds a report; a vault with more is beyond listing.
const maxFindings = 1000

func (in *Inspection) find(where, format string, args ...any) {
	if len(in.Findings) < maxFindings {
		in.Findings = append(in.Findings, Finding{where, fmt.Sprintf(format, args...)})
	}
}

// Inspect re-hashes the whole vault: every record against its event and signature, every event against its place in the
// ledger, every index against its licence, the ledger's tree from its leaves, the audit chain, and every document and
// scan against what names it. It reads one snapshot, and the documents one after the other afterwards, piece by piece;
// it changes nothing. progress may be nil; it gets the licences inspected so far.
func (v *Vault) Inspect(ctx context.Context, a Access, progress func(int)) (*Inspection, error) {
	s, err := v.admit(ctx, a)
	if err != nil {
		return nil, err
	}
	if err := s.mustOperate(); err != nil {
		return nil, v.denied(ctx, s, auditNote{act: "inspect"}, err)
	}
	if err := v.audit(ctx, s, auditNote{act: "inspect"}); err != nil {
		return nil, err
	}
	if progress == nil {
		progress = func(int) {}
	}
	in := &Inspection{}
	err = v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		*in = Inspection{}
		ip := &inspector{v: v, r: r, in: in, progress: progress}
		for _, step := range []func() error{ip.auditChain, ip.licences, ip.indexes, ip.ledger, ip.stored} {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return whole(in, v.inspectBlobs(ctx, s, in))
}

type inspector struct {
	v        *Vault
	r        engine.Reader
	in       *Inspection
	progress func(int)
	papers   int                 // events that name a paper
	numbers  int                 // numbers that licences have or had
	batches  map[string]struct{} // of the accounts
	losses   []Lost
	messages int // audit entries and events that bear the id of a message
}

// auditChain follows the chain from its first entry to the stored head.
func (ip *inspector) auditChain() error {
	number, previous := 0, record.Digest{}
	indexed, err := messagesTo(ip.r)
	if err != nil {
		return err
	}
	err = ip.r.Scan(engine.Range{Prefix: []byte{spaceAudit}}, func(_, raw []byte) (bool, error) {
		number++
		e, err := record.ParseAuditEntry(raw)
		if err != nil || e.Number != number || e.Previous != previous {
			ip.in.find(fmt.Sprintf("audit entry %d", number), "does not follow from the entry before")
		}
		previous = record.Sum(raw)
		if e != nil && e.Message != "" && number <= indexed {
			ip.messages++
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	ip.in.AuditEntries = number
	last, digest, err := auditHead(ip.r)
	if err != nil || last != number || digest != previous {
		ip.in.find("audit", "head names entry %d, the chain ends at %d", last, number)
	}
	return nil
}
