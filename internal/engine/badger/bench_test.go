package badger_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/badger"
)

func openBench(b *testing.B) *badger.Engine {
	b.Helper()
	e, err := badger.Open(badger.Config{Dir: b.TempDir()})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, e.Close()) })
	return e
}

// scattered is a key of 32 bytes without order, as tokens are.
func scattered(n uint64) []byte {
	src := rand.New(rand.NewPCG(n, 7))
	key := make([]byte, 0, 32)
	for range 4 {
		key = binary.BigEndian.AppendUint64(key, src.Uint64())
	}
	return key
}

// BenchmarkUpdate is durable Updates of one value of 600 bytes each.
func BenchmarkUpdate(b *testing.B) {
	for _, callers := range []int{1, 64, 256} {
		b.Run(fmt.Sprint("callers=", callers), func(b *testing.B) {
			e := openBench(b)
			value := make([]byte, 600)
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			for range callers {
				wg.Go(func() {
					for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
						key := scattered(uint64(n))
						if err := e.Update(context.Background(),
							func(w engine.Writer) error { return w.Put(key, value) }); err != nil {
							b.Error(err)
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "updates/s")
		})
	}
}

// BenchmarkGroup is durable Updates of 256 records with 8 values of 600 bytes each, from two callers.
func BenchmarkGroup(b *testing.B) {
	e := openBench(b)
	value := make([]byte, 600)
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for range 2 {
		wg.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				err := e.Update(context.Background(), func(w engine.Writer) error {
					for i := range uint64(256 * 8) {
						if err := w.Put(scattered(uint64(n)<<16|i), value); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)*256/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(b.N)*256*8/b.Elapsed().Seconds(), "puts/s")
}

// BenchmarkGet reads one of 200,000 values of 600 bytes.
func BenchmarkGet(b *testing.B) {
	e := openBench(b)
	value := make([]byte, 600)
	const keys = 200_000
	for at := uint64(0); at < keys; at += 2000 {
		require.NoError(b, e.Update(b.Context(), func(w engine.Writer) error {
			for i := range uint64(2000) {
				if err := w.Put(scattered(at+i), value); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			key := scattered(rand.Uint64N(keys))
			err := e.View(context.Background(), func(r engine.Reader) error {
				_, err := r.Get(key)
				return err
			})
			if err != nil {
				b.Error(err)
			}
		}
	})
}
