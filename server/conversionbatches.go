package server

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/server/jobs"
	"github.com/elicense/elicense/vault"
)

func batchAccess(c *identity.Caller) vault.Access {
	return writeAccess(c, "转换批次", "", "")
}

type batchesInput struct {
	After string `query:"after" maxLength:"64" doc:"next of the page before"`
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"most conversions in an answer"`
}

type batchesOutput struct {
	Body api.Batches
}

// listConversions goes by when batches began, so that one which begins meanwhile stands on a page to come.
func (s *Server) listConversions(ctx context.Context, c *identity.Caller, in *batchesInput) (*batchesOutput, error) {
	a := batchAccess(c)
	if c.Role == identity.RoleOperator {
		a = oversight(c, a.Purpose)
	}
	list, err := s.cfg.Vault.Batches(ctx, a)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(b vault.BatchAccount) bool { return !c.Covers(b.Type) })
	if in.After != "" {
		last := slices.IndexFunc(list, func(b vault.BatchAccount) bool { return b.ID == in.After })
		if last < 0 {
			return nil, pageUnknown()
		}
		list = list[last+1:]
	}
	out := &batchesOutput{}
	if len(list) > in.Limit {
		list = list[:in.Limit]
		out.Body.Next = list[in.Limit-1].ID
	}
	out.Body.Items = make([]api.Batch, len(list))
	for i := range list {
		list[i].Certificate, list[i].CertificateSignature = nil, nil // getConversion gives them
		out.Body.Items[i] = batchOf(&list[i])
	}
	return out, nil
}

// BatchOf names a batch in the path.
type BatchOf struct {
	Batch string `path:"batch" maxLength:"64"`
}

type openedBatchOutput struct {
	Body api.Batch
}

func (s *Server) conversion(ctx context.Context, c *identity.Caller, in *BatchOf) (*openedBatchOutput, error) {
	account, err := s.cfg.Vault.Batch(ctx, batchAccess(c), in.Batch, func([]vault.RowResult) bool { return false })
	if err == nil {
		err = checkType(c, account.Type)
	}
	if err != nil {
		return nil, err
	}
	return &openedBatchOutput{Body: batchOf(account)}, nil
}

type signOffInput struct {
	Write
	BatchOf
	Body api.SignOff
}

// signOff may be sent again: a batch that is open stays as it was signed off.
func (s *Server) signOff(ctx context.Context, c *identity.Caller, in *signOffInput) (*openedBatchOutput, error) {
	former, err := s.conversion(ctx, c, &in.BatchOf)
	if err != nil || former.Body.State == string(vault.BatchOpen) {
		return former, err
	}
	account, err := s.cfg.Vault.SignOffBatch(ctx, writeAccess(c, "签核转换批次", in.Item, in.Case), in.Batch, vault.SignOff{
		By: in.Body.By, Sampled: in.Body.Sampled, Defects: in.Body.Defects, Remark: in.Body.Remark,
	})
	if err != nil {
		return nil, err
	}
	return &openedBatchOutput{Body: batchOf(account)}, nil
}

type undoInput struct {
	Write
	BatchOf
	Body api.UndoRequest
}

// undoWork takes a batch back; after a crash the library goes on.
type undoWork struct {
	Batch  string `json:"batch"`
	Reason string `json:"reason"`
	Item   string `json:"item,omitempty"`
	Case   string `json:"case,omitempty"`
}

func (undoWork) kind() string { return kindUndo }

func (s *Server) undoConversion(ctx context.Context, c *identity.Caller, in *undoInput) (*jobOutput, error) {
	batch, err := s.conversion(ctx, c, &in.BatchOf)
	if err != nil {
		return nil, err
	}
	of := jobs.Request{Key: in.Key, Type: batch.Body.Type}
	return s.accept(ctx, c, of, undoWork{in.Batch, in.Body.Reason, in.Item, in.Case})
}

// shownRefused is how many rows that stay are listed.
const shownRefused = 100

func (s *Server) workUndo(ctx context.Context, j *jobs.Job, tell func(jobs.Progress)) (any, error) {
	var w undoWork
	if err := json.Unmarshal(j.Spec, &w); err != nil {
		return nil, fmt.Errorf("reading a job: %w", err)
	}
	a := vault.Access{
		Caller: j.Owner, Purpose: "撤回转换批次", Item: w.Item, Case: w.Case, Ground: vault.GroundIssuer,
		Message: j.Message, Clerk: j.Clerk,
	}
	out := api.Undo{Counts: map[string]int{}}
	done := int64(0)
	account, err := s.cfg.Vault.UndoBatch(ctx, a, w.Batch, w.Reason, func(u vault.Undone) {
		done++
		tell(jobs.Progress{Done: done})
		out.Counts[u.Result]++
		if u.Code != "" && len(out.Refused) < shownRefused {
			zh, en := u.Code.Sentence()
			out.Refused = append(out.Refused, api.UndoRefused{Row: u.Row, Code: string(u.Code), Zh: zh, En: en})
		}
	})
	if err != nil {
		return nil, err
	}
	out.Batch = batchOf(account)
	return out, nil
}

func batchOf(a *vault.BatchAccount) api.Batch {
	out := api.Batch{
		ID: a.ID, Type: a.Type, Issuer: a.Issuer, FileName: a.FileName, State: string(a.State), Started: a.Started,
		Finished: a.Finished, Counts: a.Counts, Expected: a.Expected, By: a.By, File: hex.EncodeToString(a.File[:]),
		Mapping: hex.EncodeToString(a.Mapping[:]), Opened: a.Opened, GroupRows: a.GroupRows, Groups: a.Groups,
		FirstLeaf: a.FirstLeaf, Certificate: a.Certificate, CertificateSignature: a.CertificateSignature,
	}
	if so := a.SignOff; so != nil {
		out.SignOff = &api.SignedOff{Time: so.Time, SignOff: api.SignOff{
			By: so.By, Sampled: so.Sampled, Defects: so.Defects, Remark: so.Remark,
		}}
	}
	return out
}
