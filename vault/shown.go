package vault

import (
	"context"
	"slices"
	"strings"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/catalogue"
)

// Every read of a licence comes by here before it is answered, so that whoever watches over looks at persons sees all
// of them (Access.Shown).

// show tells about whom an answer is.
func (s *session) show(ctx context.Context, holders []string) error {
	if s.Shown == nil {
		return nil
	}
	slices.Sort(holders)
	holders = slices.Compact(holders)
	return s.Shown(ctx, slices.DeleteFunc(holders, func(number string) bool { return number == "" }))
}

// numbersOf are the numbers of the holders of licences that were found.
func numbersOf(found []Found) []string {
	var list []string
	for i := range found {
		list = append(list, found[i].numbers()...)
	}
	return list
}

// numbers are those of a version's holders.
func (v *Version) numbers() []string { return strings.Split(v.Value(catalogue.MetaHolderCode), "^") }

// numbersIn are the numbers of a licence's holders, where somebody wants to be told.
func numbersIn(r engine.Reader, s *session, id licenceID, h *head) ([]string, error) {
	if s.Shown == nil || h.version == 0 { // while it is only reserved it says nothing
		return nil, nil
	}
	ver, err := getVersion(r, id, h.version)
	if err != nil {
		return nil, err
	}
	return ver.numbers(), nil
}
