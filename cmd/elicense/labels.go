package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/vault/catalogue"
)

// labeller gives what people call an element of a licence type, for reports; empty: not known.
type labeller func(ctx context.Context, typeCode, element string) string

// shippedLabels knows the types that come with the program: whoever verifies opens no database.
func shippedLabels() labeller {
	types := sync.OnceValue(func() map[string]*catalogue.Compiled {
		list := catalogue.Shipped()
		if own, err := catalogue.ParseType(fixtures.HealthType()); err == nil {
			list = append(list, own)
		}
		out := make(map[string]*catalogue.Compiled, len(list))
		for _, t := range list {
			if c, err := t.Compile(); err == nil {
				out[t.Code] = c
			}
		}
		return out
	})
	return func(_ context.Context, typeCode, element string) string {
		return labelIn(types()[typeCode], element)
	}
}

// folderLabels knows the definitions that lie in a folder of trust, and then those that come with the program.
func folderLabels(definitions [][]byte) (labeller, error) {
	types := make(map[string]*catalogue.Compiled, len(definitions))
	for _, text := range definitions {
		t, err := catalogue.ParseType(text)
		if err != nil {
			return nil, fmt.Errorf("reading types/ in the folder of trust: %w", err)
		}
		if types[t.Code], err = t.Compile(); err != nil {
			return nil, fmt.Errorf("reading types/ in the folder of trust: %w", err)
		}
	}
	shipped := shippedLabels()
	return func(ctx context.Context, typeCode, element string) string {
		if label := labelIn(types[typeCode], element); label != "" {
			return label
		}
		return shipped(ctx, typeCode, element)
	}, nil
}

// declaredLabels knows the types that a vault has, or a service.
func declaredLabels(s shelf) labeller {
	shipped := shippedLabels()
	return func(ctx context.Context, typeCode, element string) string {
		t, err := s.Type(ctx, typeCode)
		if err != nil {
			return shipped(ctx, typeCode, element)
		}
		return labelIn(t.Compiled, element)
	}
}

func labelIn(c *catalogue.Compiled, element string) string {
	if c == nil {
		return ""
	}
	if col, ok := c.Column(element); ok {
		return col.Label
	}
	return ""
}
