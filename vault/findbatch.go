package vault

import "fmt"

// byBatch pages through what a batch brought, in the order of its rows.
func (f *finder) byBatch() error {
	if f.scope.bound {
		return refuse(ErrDenied, CodeQuery, "batch")
	}
	b, err := getBatch(f.r, f.q.Batch)
	if err != nil {
		return err
	}
	if f.scope.issuer != "" && f.scope.issuer != b.Issuer { // as if there were none
		return refuse(ErrNotFound, CodeBatchUnknown, "batch")
	}
	f.note.typ = b.Type
	if err := readableType(f.r, f.s, b.Type); err != nil {
		return err
	}
	prefix := key(spaceBatchGroup, word(b.ID))
	start, err := f.batchStart(prefix)
	if err != nil {
		return err
	}
	for g := start.group; g < b.Groups; g++ {
		raw, err := f.r.Get(groupKey(b.ID, g))
		if err != nil {
			return fmt.Errorf("%w: group of a batch is missing", ErrDamaged)
		}
		list, err := parseResults(raw)
		if err != nil {
			return err
		}
		full, err := f.addRows(list, g, start)
		if err != nil || full {
			return err
		}
	}
	return nil
}

// batchPlace is a row's place in a batch.
type batchPlace struct{ group, row int }

func (f *finder) batchStart(prefix []byte) (batchPlace, error) {
	start, err := f.start(prefix)
	if err != nil || start == nil {
		return batchPlace{}, err
	}
	rest := start[len(prefix):]
	return batchPlace{int(be(rest[:8])), int(be(rest[8:16]))}, nil //nolint:gosec // bound to the cursor's token
}

// addRows appends the licences of one group; true when the page is full.
func (f *finder) addRows(list []RowResult, group int, start batchPlace) (bool, error) {
	for i := range list {
		r := &list[i]
		if r.Outcome != RowCreated && r.Outcome != RowUpdated || group == start.group && r.Row < start.row {
			continue
		}
		if len(f.res.Found) == f.q.Limit {
			next := append(be64(uint64(group)), be64(uint64(r.Row))...) //nolint:gosec // never negative
			f.res.Next = f.cursor(key(spaceBatchGroup, word(f.q.Batch)), next)
			return true, nil
		}
		if err := f.add(r.id); err != nil {
			return false, err
		}
	}
	return false, nil
}
