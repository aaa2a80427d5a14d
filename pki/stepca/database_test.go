package stepca_test

import (
	"bytes"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/smallstep/nosql/database"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/internal/engine/enginetest"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/pki/stepca"
)

var engines = map[string]func(testing.TB) engine.Engine{
	"memory": func(testing.TB) engine.Engine { return memory.New() },
	"badger": openBadger,
}

func openBadger(t testing.TB) engine.Engine {
	t.Helper()
	e, err := badger.Open(badger.Config{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	return e
}

// eachEngine runs a test on a fresh database of every engine.
func eachEngine(t *testing.T, test func(*testing.T, database.DB)) {
	t.Helper()
	for name, open := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, stepca.NewDatabase(open(t), "x/"))
		})
	}
}

var (
	fruit = []byte("fruit")
	key   = []byte("k")
)

func b(s string) []byte { return []byte(s) }

func entries(t *testing.T, db database.DB, bucket string) map[string]string {
	t.Helper()
	list, err := db.List(b(bucket))
	require.NoError(t, err)
	out := map[string]string{}
	for _, e := range list {
		require.Equal(t, bucket, string(e.Bucket))
		out[string(e.Key)] = string(e.Value)
	}
	require.Len(t, out, len(list))
	return out
}

func TestDatabaseTables(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, db database.DB) {
		t.Helper()
		require.True(t, database.IsErrNotFound(db.DeleteTable(fruit)))
		_, err := db.List(fruit)
		require.True(t, database.IsErrNotFound(err))
		require.NoError(t, db.CreateTable(fruit))
		require.NoError(t, db.CreateTable(fruit), "again")
		require.Empty(t, entries(t, db, "fruit"))

		// Buckets whose names begin alike, and names and keys that put together are the same, stay apart.
		for _, bucket := range []string{"fruit", "fruits", "fruit\x00s", "f"} {
			require.NoError(t, db.CreateTable(b(bucket)))
			require.NoError(t, db.Set(b(bucket), b("s\x00k"), b(bucket)))
		}
		require.Equal(t, map[string]string{"s\x00k": "fruit"}, entries(t, db, "fruit"))
		require.NoError(t, db.DeleteTable(fruit))
		_, err = db.List(fruit)
		require.True(t, database.IsErrNotFound(err))
		_, err = db.Get(fruit, b("s\x00k"))
		require.True(t, database.IsErrNotFound(err), "what was in it is gone")
		require.Equal(t, map[string]string{"s\x00k": "fruits"}, entries(t, db, "fruits"))
		require.Equal(t, map[string]string{"s\x00k": "f"}, entries(t, db, "f"))
	})
}

func TestDatabasePairs(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, db database.DB) {
		t.Helper()
		require.NoError(t, db.CreateTable(fruit))
		_, err := db.Get(fruit, key)
		require.True(t, database.IsErrNotFound(err))
		require.NoError(t, db.Del(fruit, key), "what is not there")

		value := b("apple")
		require.NoError(t, db.Set(fruit, key, value))
		got, err := db.Get(fruit, key)
		require.NoError(t, err)
		require.Equal(t, "apple", string(got))
		got[0] = 'X'
		again, err := db.Get(fruit, key)
		require.NoError(t, err)
		require.Equal(t, "apple", string(again), "the caller owns what it got")

		require.NoError(t, db.Set(fruit, key, nil))
		got, err = db.Get(fruit, key)
		require.NoError(t, err, "an empty value is a value")
		require.Empty(t, got)
		require.NoError(t, db.Del(fruit, key))
		_, err = db.Get(fruit, key)
		require.True(t, database.IsErrNotFound(err))
	})
}

func TestDatabaseCompareAndSwap(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, db database.DB) {
		t.Helper()
		for _, step := range []struct {
			name, old, value string
			stands           string
			swapped          bool
		}{
			{"expected something, found nothing", "a", "b", "", false},
			{"nothing, as expected", "", "a", "a", true},
			{"expected nothing", "", "b", "a", false},
			{"expected another", "x", "b", "a", false},
			{"as expected", "a", "b", "b", true},
			{"to empty", "b", "", "", true},
			{"empty is like nothing", "", "c", "c", true},
		} {
			var old []byte
			if step.old != "" {
				old = b(step.old)
			}
			stands, swapped, err := db.CmpAndSwap(fruit, key, old, b(step.value))
			require.NoError(t, err, step.name)
			require.Equal(t, step.swapped, swapped, step.name)
			require.Equal(t, step.stands, string(stands), step.name)
		}
		got, err := db.Get(fruit, key)
		require.NoError(t, err)
		require.Equal(t, "c", string(got))
	})
}

func TestDatabaseUpdate(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, db database.DB) {
		t.Helper()
		require.NoError(t, db.Set(fruit, b("old"), b("1")))
		tx := new(database.Tx)
		tx.CreateTable(fruit)
		tx.Set(fruit, b("a"), b("apple"))
		tx.Get(fruit, b("a"))
		tx.Del(fruit, b("old"))
		tx.Operations = append(tx.Operations,
			&database.TxEntry{Bucket: fruit, Key: b("a"), CmpValue: b("apple"), Value: b("pear"), Cmd: database.CmpAndSwap},
			&database.TxEntry{Bucket: fruit, Key: b("a"), CmpValue: b("apple"), Value: b("plum"), Cmd: database.CmpAndSwap},
			&database.TxEntry{Bucket: fruit, Key: b("n"), Value: b("new"), Cmd: database.CmpAndSwap},
		)
		require.NoError(t, db.Update(tx))
		type result struct {
			Result  string
			Swapped bool
		}
		var got []result
		for _, q := range tx.Operations {
			got = append(got, result{string(q.Result), q.Swapped})
		}
		want := []result{{}, {}, {Result: "apple"}, {}, {"pear", true}, {"pear", false}, {"new", true}}
		require.Empty(t, cmp.Diff(want, got))
		require.Equal(t, map[string]string{"a": "pear", "n": "new"}, entries(t, db, "fruit"))

		tx = new(database.Tx)
		tx.DeleteTable(fruit)
		tx.CreateTable(fruit)
		tx.Set(fruit, b("z"), b("1"))
		require.NoError(t, db.Update(tx))
		require.Equal(t, map[string]string{"z": "1"}, entries(t, db, "fruit"), "each command sees those before it")
	})
}

// A transaction with a command that fails leaves nothing, whatever came before. ACME uses up its nonces so.
func TestDatabaseUpdateIsAllOrNothing(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, db database.DB) {
		t.Helper()
		require.NoError(t, db.CreateTable(fruit))
		for name, last := range map[string]*database.TxEntry{
			"not found":     {Bucket: fruit, Key: key, Cmd: database.Get},
			"not supported": {Bucket: fruit, Key: key, Cmd: database.CmpOrRollback},
			"unknown":       {Bucket: fruit, Key: key, Cmd: 99},
			"no key":        {Bucket: fruit, Cmd: database.Set},
			"no bucket":     {Key: key, Cmd: database.Set},
			"no table":      {Bucket: b("none"), Cmd: database.DeleteTable},
			"too large":     {Bucket: fruit, Key: key, Value: make([]byte, engine.MaxTxBytes), Cmd: database.Set},
		} {
			tx := new(database.Tx)
			tx.Set(fruit, b("first"), b("1"))
			tx.Operations = append(tx.Operations, last)
			require.Error(t, db.Update(tx), name)
			require.Empty(t, entries(t, db, "fruit"), name)
		}
		tx := new(database.Tx)
		tx.Get(fruit, key)
		require.True(t, database.IsErrNotFound(db.Update(tx)))
		tx = new(database.Tx)
		tx.Cmp(fruit, key, nil)
		require.True(t, database.IsErrOpNotSupported(db.Update(tx)))
	})
}

func TestDatabaseLimits(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, db database.DB) {
		t.Helper()
		long := bytes.Repeat([]byte{'k'}, engine.MaxKeyBytes)
		for name, err := range map[string]error{
			"empty key":       db.Set(fruit, nil, key),
			"empty bucket":    db.Set(nil, key, key),
			"create no name":  db.CreateTable(nil),
			"delete no name":  db.DeleteTable(nil),
			"delete no key":   db.Del(fruit, nil),
			"delete nowhere":  db.Del(nil, key),
			"get no key":      second(db.Get(fruit, nil)),
			"list no name":    second(db.List(nil)),
			"swap no key":     third(db.CmpAndSwap(fruit, nil, nil, key)),
			"swap no bucket":  third(db.CmpAndSwap(nil, key, nil, key)),
			"update no table": db.Update(&database.Tx{Operations: []*database.TxEntry{{Cmd: database.CreateTable}}}),
		} {
			require.ErrorIs(t, err, engine.ErrInvalidKey, name)
		}
		for name, err := range map[string]error{
			"long key":    db.Set(fruit, long, key),
			"long bucket": db.Set(long[:256], key, key),
			"long table":  db.CreateTable(long[:256]),
			"long value":  db.Set(fruit, key, make([]byte, stepca.MaxPartsBytes+1)),
			"long swap":   third(db.CmpAndSwap(fruit, key, nil, make([]byte, stepca.MaxPartsBytes+1))),
		} {
			require.ErrorIs(t, err, engine.ErrTooLarge, name)
		}
		_, err := db.Get(fruit, key)
		require.True(t, database.IsErrNotFound(err), "nothing of it stays")
	})
}

func second[T any](_ T, err error) error        { return err }
func third[T, U any](_ T, _ U, err error) error { return err }

// Smallstep keeps its CRL as one value, which can be longer than a value of the engine.
func TestDatabaseLongValues(t *testing.T) {
	t.Parallel()
	for name, open := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := open(t)
			db := stepca.NewDatabase(e, "x/")
			require.NoError(t, db.CreateTable(fruit))
			value := func(n int, seed byte) []byte {
				v := make([]byte, n)
				for i := range v {
					v[i] = byte(i>>8) ^ byte(i) ^ seed
				}
				return v
			}
			var last []byte
			for i, n := range []int{
				engine.MaxValueBytes - 1, engine.MaxValueBytes, engine.MaxValueBytes + 1, stepca.MaxPartsBytes, 3,
				2*engine.MaxValueBytes + 7, 0,
			} {
				v := value(n, byte(i))
				_, swapped, err := db.CmpAndSwap(fruit, key, last, v)
				require.NoError(t, err, n)
				require.True(t, swapped, n)
				got, err := db.Get(fruit, key)
				require.NoError(t, err)
				require.True(t, bytes.Equal(v, got), n)
				require.True(t, entries(t, db, "fruit")["k"] == string(v), n)
				last = v
			}
			require.Len(t, enginetest.Pairs(t, e, engine.Range{Prefix: b("x/")}), 2, "no part is left over")

			require.NoError(t, db.Set(fruit, key, value(stepca.MaxPartsBytes, 9)))
			require.NoError(t, db.Del(fruit, key))
			require.Len(t, enginetest.Pairs(t, e, engine.Range{Prefix: b("x/")}), 1)
			require.NoError(t, db.Set(fruit, key, value(stepca.MaxPartsBytes, 9)))
			require.NoError(t, db.DeleteTable(fruit))
			require.Empty(t, enginetest.Pairs(t, e, engine.Range{Prefix: b("x/")}))
		})
	}
}

// A value whose parts are damaged or missing is no value.
func TestDatabaseDamage(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(map[string]string){
		"part missing": func(pairs map[string]string) { delete(pairs, "x/p5:fruit1:k1") },
		"no form":      func(pairs map[string]string) { pairs["x/d5:fruitk"] = "" },
		"unknown form": func(pairs map[string]string) { pairs["x/d5:fruitk"] = "\x02a" },
		"no parts":     func(pairs map[string]string) { pairs["x/d5:fruitk"] = "\x01\x00" },
		"cut off":      func(pairs map[string]string) { pairs["x/d5:fruitk"] = "\x01" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := memory.New()
			db := stepca.NewDatabase(e, "x/")
			require.NoError(t, db.CreateTable(fruit))
			require.NoError(t, db.Set(fruit, key, make([]byte, engine.MaxValueBytes+1)))
			pairs := map[string]string{}
			for _, p := range enginetest.Pairs(t, e, engine.Range{}) {
				pairs[p.Key] = p.Value
			}
			require.Contains(t, pairs, "x/p5:fruit1:k1")
			require.Contains(t, pairs, "x/d5:fruitk")
			change(pairs)
			require.NoError(t, e.Update(t.Context(), func(w engine.Writer) error {
				for _, p := range []string{"x/p5:fruit1:k1", "x/d5:fruitk"} {
					if v, ok := pairs[p]; !ok {
						require.NoError(t, w.Delete(b(p)))
					} else {
						require.NoError(t, w.Put(b(p), b(v)))
					}
				}
				return nil
			}))
			_, err := db.Get(fruit, key)
			require.ErrorIs(t, err, engine.ErrCorrupt)
			_, err = db.List(fruit)
			require.ErrorIs(t, err, engine.ErrCorrupt)
			_, swapped, err := db.CmpAndSwap(fruit, key, nil, b("new"))
			require.ErrorIs(t, err, engine.ErrCorrupt)
			require.False(t, swapped)
		})
	}
}

func TestDatabaseOpensNothing(t *testing.T) {
	t.Parallel()
	e := memory.New()
	db := stepca.NewDatabase(e, "x/")
	require.True(t, database.IsErrOpNotSupported(db.Open("somewhere")))
	require.NoError(t, db.Close())
	require.NoError(t, db.Set(fruit, key, key), "the engine is not its to close")
	require.NoError(t, e.Close())
	require.ErrorIs(t, db.Set(fruit, key, key), engine.ErrClosed)
	_, err := db.Get(fruit, key)
	require.ErrorIs(t, err, engine.ErrClosed)
	require.False(t, database.IsErrNotFound(err), "not known is not absent")
}

// Of many who swap nothing for something, one does; this is what keeps a token from being used twice.
func TestSwapOnce_A55(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, db database.DB) {
		t.Helper()
		const rounds, rivals = 30, 32
		for round := range rounds {
			k := strconv.AppendInt(nil, int64(round), 10)
			var won atomic.Int32
			var winner atomic.Value
			var wg sync.WaitGroup
			seen := make([]string, rivals)
			for i := range rivals {
				wg.Go(func() {
					own := fmt.Sprintf("%d of %d", i, round)
					stands, swapped, err := db.CmpAndSwap(fruit, k, nil, b(own))
					if err != nil {
						t.Error(err)
					}
					if swapped {
						won.Add(1)
						winner.Store(own)
					}
					seen[i] = string(stands)
				})
			}
			wg.Wait()
			require.EqualValues(t, 1, won.Load())
			for _, s := range seen {
				require.Equal(t, winner.Load(), s, "everybody sees the value of the one who won")
			}
		}
	})
}

// Many count by compare-and-swap alone; each number comes out once and none is lost. Readers never see it fall.
func TestSwapIsLinearizable(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, db database.DB) {
		t.Helper()
		const goroutines, increments = 16, 20
		require.NoError(t, db.Set(fruit, key, b("0")))
		var taken sync.Map
		var wg, readers sync.WaitGroup
		stop := make(chan struct{})
		readers.Go(func() {
			for last := 0; ; {
				select {
				case <-stop:
					return
				default:
				}
				got, err := db.Get(fruit, key)
				n, bad := strconv.Atoi(string(got))
				if err != nil || bad != nil || n < last {
					t.Errorf("read %q after %d: %v", got, last, err)
					return
				}
				last = n
			}
		})
		for range goroutines {
			wg.Go(func() {
				for range increments {
					increment(t, db, &taken)
				}
			})
		}
		wg.Wait()
		close(stop)
		readers.Wait()
		got, err := db.Get(fruit, key)
		require.NoError(t, err)
		require.Equal(t, strconv.Itoa(goroutines*increments), string(got))
	})
}

func increment(t *testing.T, db database.DB, taken *sync.Map) {
	t.Helper()
	current, err := db.Get(fruit, key)
	for err == nil {
		var n int
		if n, err = strconv.Atoi(string(current)); err != nil {
			break
		}
		next := strconv.AppendInt(nil, int64(n)+1, 10)
		var swapped bool
		current, swapped, err = db.CmpAndSwap(fruit, key, current, next)
		if swapped {
			if _, twice := taken.LoadOrStore(string(next), true); twice {
				t.Errorf("%s was given out twice", next)
			}
			return
		}
	}
	t.Error(err)
}
