package server

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/identity"
)

// Limits of bodies, in bytes.
const (
	smallBody = 64 << 10 // a request about one licence
	largeBody = 32 << 20 // a request about many
)

// operation is what the table of operations says of one.
type operation struct {
	id      string // stable name, camelCase
	method  string
	path    string // below api.Version
	zh, en  string
	tag     string
	may     identity.Permission
	status  int   // of success; 0: 200
	maxBody int64 // 0: smallBody
}

// Where an operation keeps its permission, and whether it is a write that answers a repetition with the first answer.
const (
	permissionKey = "permission"
	writeKey      = "write"
)

// write is what the input of every write has, by Write.
type write interface{ idempotencyKey() string }

// add registers an operation. An operation without a permission cannot be registered.
func add[I, O any](s *Server, op operation, handle func(context.Context, *identity.Caller, *I) (*O, error)) {
	if op.may == "" {
		panic("server: operation without a permission: " + op.id)
	}
	if op.maxBody == 0 {
		op.maxBody = smallBody
	}
	if op.status == 0 {
		op.status = http.StatusOK
	}
	_, isWrite := any(new(I)).(write)
	huma.Register(s.api, huma.Operation{
		OperationID: op.id, Method: op.method, Path: api.Version + op.path, Summary: op.zh + " / " + op.en,
		Tags: []string{op.tag}, MaxBodyBytes: op.maxBody, DefaultStatus: op.status, SkipValidateParams: false,
		Metadata: map[string]any{permissionKey: op.may, writeKey: isWrite},
	}, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, identity.From(ctx), in)
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		return out, nil
	})
}
