package server

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/elicense/elicense/server/identity"
)

// Described is an operation as the table of operations has it.
type Described struct {
	ID, Method, Path string
	May              identity.Permission
	Write            bool
}

// Described lists every operation.
func (s *Server) Described() []Described {
	var list []Described
	for path, item := range s.api.OpenAPI().Paths {
		for _, op := range []*huma.Operation{item.Get, item.Put, item.Post, item.Delete, item.Patch} {
			if op == nil {
				continue
			}
			may, _ := op.Metadata[permissionKey].(identity.Permission)
			write, _ := op.Metadata[writeKey].(bool)
			list = append(list, Described{op.OperationID, op.Method, path, may, write})
		}
	}
	return list
}
