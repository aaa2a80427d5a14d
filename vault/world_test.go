package vault_test

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
)

// foodType is the shipped type that most tests issue.
var foodType = shippedCode("food-business-licence")

func shippedCode(name string) string {
	data, err := catalogue.ShippedFile(name)
	if err != nil {
		panic(err)
	}
	t, err := catalogue.ParseType(data)
	if err != nil {
		panic(err)
	}
	return t.Code
}

// world is a vault of the made-up province with a clock that tests move.
type world struct {
	t        testing.TB
	v        *vault.Vault
	engine   engine.Engine
	keys     *sealed.Keyring
	province *fixtures.Province
	now      time.Time
	config   vault.Config
}

var zone = time.FixedZone("CST", 8*3600)

func newWorld(t testing.TB) *world { return newWorldOn(t, memory.New()) }

func newWorldOn(t testing.TB, inner engine.Engine) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 3, 2, 9, 30, 0, 0, zone)}
	clock := func() time.Time { return w.now }
	keys, err := sealed.CreateKeyring(t.Context(), memory.New(), sealed.Master{1}, rand.Reader)
	require.NoError(t, err)
	w.keys, w.engine = keys, inner
	blobs, err := blob.Open(blob.Config{Engine: memory.New(), Now: clock, Address: func(b []byte) blob.Address { return keys.Address(b) }})
	require.NoError(t, err)
	w.province, err = fixtures.NewProvince(rand.Reader, clock)
	require.NoError(t, err)
	w.config = vault.Config{
		Engine: inner, Blobs: blobs, Tokens: keys, Records: w.province.Custody, Signer: w.province.Vault,
		Now: clock, Rand: rand.Reader, Zone: zone, Workers: 2,
	}
	w.v, err = vault.Open(t.Context(), w.config)
	require.NoError(t, err)
	require.NoError(t, fixtures.Settle(t.Context(), w.v))
	return w
}

// department is the access of the i-th department to its own licences.
func department(i int) vault.Access {
	return vault.Access{Caller: fixtures.Caller(i), Purpose: "核发证照", Item: "350100-0001", Ground: vault.GroundIssuer}
}

func operator() vault.Access {
	return vault.Access{Caller: fixtures.Operator, Purpose: "运行维护", Ground: vault.GroundOperator}
}

// byLaw is the hall asking about anybody on its legal basis.
func byLaw() vault.Access {
	return vault.Access{
		Caller: fixtures.Hall, Purpose: "办理设立登记", Item: "350000-0102", Case: "2026-0001",
		Ground: vault.GroundLaw, Basis: fixtures.HallBasis,
	}
}

// asHolder is the hall asking for an applicant who is logged in.
func (w *world) asHolder(kind, code string, level vault.Level) vault.Access {
	a := byLaw()
	a.Ground, a.Basis = vault.GroundHolder, ""
	a.Holder = &vault.Assertion{
		Kind: kind, Code: code, Level: level, By: fixtures.Hall, Case: a.Case, Expires: w.now.Add(time.Hour),
	}
	return a
}

// food is a request for a food licence of a made-up firm.
func food(key, number string) vault.Request {
	return vault.Request{
		Key: key, Type: foodType, Paper: "纸" + number, Values: map[string]string{
			"ZZBH": number, "CZZT": "示例食品有限公司", "CZZTDM": firm(1), "CZZTDMLXDM": "001",
			"ZZBFRQ": "2026年3月1日", "ZZYXQQSRQ": "2026-03-01", "ZZYXQJZRQ": "2031-02-28",
		},
	}
}

func firm(i int) string { return fixtures.FirmAt(uint64(i)).Code }

// complete adds whatever else the type requires.
func (w *world) complete(req vault.Request) vault.Request {
	lt, err := w.v.Type(w.t.Context(), req.Type)
	require.NoError(w.t, err)
	for _, f := range lt.Definition.Fields {
		if !f.Rules.Required || req.Values[f.Name] != "" {
			continue
		}
		switch {
		case len(f.Rules.Enum) > 0:
			req.Values[f.Name] = f.Rules.Enum[0]
		case f.Kind == catalogue.KindDate:
			req.Values[f.Name] = "2020-01-01"
		case f.Kind == catalogue.KindDivision:
			req.Values[f.Name] = "350102"
		default:
			req.Values[f.Name] = "示例"
		}
	}
	return req
}

func (w *world) issue(key, number string) *vault.Answer {
	w.t.Helper()
	a, err := w.v.Issue(w.t.Context(), department(0), w.complete(food(key, number)))
	require.NoError(w.t, err, problemsOf(err))
	return a
}

func problemsOf(err error) string {
	var r *vault.Refusal
	if !errors.As(err, &r) {
		return ""
	}
	var b strings.Builder
	for _, p := range r.Problems {
		b.WriteString(string(p.Code) + " " + p.Field + " " + p.Found + " " + p.Zh + "\n")
	}
	return b.String()
}
