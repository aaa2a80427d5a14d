package document_test

import "github.com/elicense/elicense/internal/code"

func newIdentifier(typ string) (string, error) {
	id, err := code.NewIdentifier(typ, "11990000MB1E000137", "0123456789ABCDEFGHIJ", 1)
	return id.String(), err
}
