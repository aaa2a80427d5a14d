package server

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/verify"
)

// Receipts come with the answers that they are of, and belong to whoever asked; the service keeps none. Here one that
// lies in a case file is judged, as an inspection does years later.

func (s *Server) registerReceipts() {
	add(s, operation{
		id: "checkReceipt", method: http.MethodPost, path: "/receipts/checks", tag: "receipts", may: identity.MayVerify,
		zh: "核验回执", en: "is a receipt genuine, and what does it say",
	}, s.checkReceipt)
}

type receiptInput struct {
	At   time.Time `query:"at" doc:"deciding time; now if not given, of which an old receipt says nothing"`
	Body api.Receipt
}

type receiptOutput struct {
	Body api.CheckedReceipt
}

func (s *Server) checkReceipt(ctx context.Context, _ *identity.Caller, in *receiptInput) (*receiptOutput, error) {
	if s.cfg.Verifier == nil {
		return nil, codeProblem(CodeNoVerifier)
	}
	content, err := json.Marshal(&in.Body)
	if err != nil {
		return nil, err
	}
	r, err := s.cfg.Verifier.Verify(ctx, content, verify.Expect{At: in.At})
	if err != nil {
		return nil, err
	}
	out := &receiptOutput{Body: api.CheckedReceipt{PublicVerdict: verdictFor(r)}}
	out.Body.Facts = make([]api.ReceiptFact, 0, len(r.Facts))
	for _, f := range r.Facts {
		out.Body.Facts = append(out.Body.Facts, api.ReceiptFact{Name: f.ID, Value: f.Value, Proven: f.Proven})
	}
	return out, nil
}
