package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/elicense/elicense/api"
)

// SharingError is what a service of GB/T 36906 refused, in its envelope.
type SharingError struct{ api.SharingOutcome }

// Error names status, code and trace, and nothing that was submitted.
func (e *SharingError) Error() string {
	return fmt.Sprintf("client: sharing service refused with %s %s (trace %s)", e.Status, e.Code, e.Trace)
}

// Share calls a service of GB/T 36906 (GetCertificateDataByHolder and so on) and reads its data into into. A refusal in
// the envelope comes back as *SharingError.
func (c *Client) Share(ctx context.Context, service string, head api.SharingHead, data, into any) error {
	var answer struct {
		Head api.SharingOutcome `json:"head"`
		Data json.RawMessage    `json:"data"`
	}
	err := c.Do(ctx, Request{
		Method: http.MethodPost, Path: "/" + service, root: api.SharingPath,
		Body: api.SharingRequest[any]{Head: head, Data: data}, Into: &answer,
	})
	if err != nil {
		return err
	}
	if answer.Head.Status != api.SharingDone {
		return &SharingError{answer.Head}
	}
	if err := json.Unmarshal(answer.Data, into); err != nil {
		return fmt.Errorf("%w: %v", ErrAnswer, err)
	}
	return nil
}
