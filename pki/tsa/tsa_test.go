package tsa_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io"
	"math/big"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine/enginetest"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/tsp"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/tsa"
)

var document = []byte("一份虚构的文件")

func TestToken(t *testing.T) {
	w := newWorld(t)
	a := w.open(t)
	v := w.judge(t, a.Answer(t.Context(), query(t, document)), document)
	require.Equal(t, noon, v.GenTime)
	require.True(t, v.AccuracyStated)
	require.Equal(t, time.Second, v.Accuracy)
	require.True(t, v.Ordering)
	require.Equal(t, policy, v.Policy.String())
	require.Equal(t, []byte{0x11, 0x22}, v.Nonce)
	require.Empty(t, v.Tolerances)
	require.Len(t, v.Certificates, 2)
	require.Equal(t, w.signer.Raw, v.Signer.Raw)
	require.Equal(t, a.Certificate(), v.Signer)
	require.LessOrEqual(t, v.Serial.BitLen(), 160)

	bare := w.judge(t, a.Answer(t.Context(), query(t, document, func(r *tsp.Request) { r.CertReq = false })), document)
	require.Empty(t, bare.Certificates, "nobody asked for them")
}

func TestTokenByConfiguration(t *testing.T) {
	w := newWorld(t)
	w.config.GMArc, w.config.OtherSM3 = true, true
	w.config.Hashes = []pki.Hash{pki.HashSM3, pki.HashSHA256}
	w.config.OtherPolicies = []string{"1.2.3.4.2"}
	w.config.SkipSignatureCheckUnsafe = true
	a := w.open(t)
	v := w.judge(t, a.Answer(t.Context(), query(t, document)), document)
	require.Equal(t, []string{"gm-arc"}, v.Tolerances)

	sum := sha256.Sum256(document)
	v = w.judge(t, a.Answer(t.Context(), query(t, document, func(r *tsp.Request) {
		r.Imprint, r.Policy = tsp.Imprint{Algorithm: oid.SHA256, Null: true, Digest: sum[:]}, "\x2a\x03\x04\x02"
	})), document)
	require.Equal(t, pki.HashSHA256, v.Imprint)
	require.Equal(t, "1.2.3.4.2", v.Policy.String())

	v = w.judge(t, a.Answer(t.Context(), query(t, document, func(r *tsp.Request) {
		r.Imprint.Algorithm = oid.GMContent
	})), document)
	require.Equal(t, []string{"imprint-algorithm", "gm-arc"}, v.Tolerances, "the imprint comes back as it was sent")
}

func TestRequestsAreRefused(t *testing.T) {
	w := newWorld(t)
	a := w.open(t)
	digest := make([]byte, 64)
	imprint := func(id oid.ID, size int) func(*tsp.Request) {
		return func(r *tsp.Request) { r.Imprint = tsp.Imprint{Algorithm: id, Digest: digest[:size]} }
	}
	version2 := query(t, document)
	version2[4] = 2
	for name, test := range map[string]struct {
		request []byte
		want    tsp.Failure
	}{
		"nothing":       {nil, tsp.BadDataFormat},
		"no request":    {[]byte("GET / HTTP/1.1"), tsp.BadDataFormat},
		"bytes after":   {append(query(t, document), 0), tsp.BadDataFormat},
		"version 2":     {version2, tsp.BadRequest},
		"too large":     {make([]byte, tsp.MaxRequestBytes+1), tsp.BadRequest},
		"SHA-256":       {query(t, nil, imprint(oid.SHA256, 32)), tsp.BadAlg},
		"SHA-1":         {query(t, nil, imprint(oid.SHA1, 20)), tsp.BadAlg},
		"MD5":           {query(t, nil, imprint(oid.MD5, 16)), tsp.BadAlg},
		"unknown":       {query(t, nil, imprint("\x2a\x03", 32)), tsp.BadAlg},
		"SM3 otherwise": {query(t, nil, imprint(oid.GMContent, 32)), tsp.BadAlg},
		"policy":        {query(t, nil, func(r *tsp.Request) { r.Policy = "\x2a\x03\x04\x02" }), tsp.UnacceptedPolicy},
		"extension": {query(t, nil, func(r *tsp.Request) {
			r.Extensions = []tsp.Extension{{ID: "\x2a\x03"}}
		}), tsp.UnacceptedExtension},
	} {
		require.Equal(t, test.want, failure(t, a.Answer(t.Context(), test.request)), name)
	}
}

func TestNoTokenWithoutTrustedTime(t *testing.T) {
	w := newWorld(t)
	a := w.open(t)
	w.judge(t, a.Answer(t.Context(), query(t, document)), document)
	w.clocks.set(-time.Hour)
	require.Equal(t, tsp.TimeNotAvailable, failure(t, a.Answer(t.Context(), query(t, document))))
	w.clocks.set(time.Hour)
	require.Equal(t, tsp.TimeNotAvailable, failure(t, a.Answer(t.Context(), query(t, document))), "once lost is lost")
	require.NoError(t, w.clock.Trust(t.Context(), "值班员甲"))
	w.judge(t, a.Answer(t.Context(), query(t, document)), document)
}

// The clock is set back by a person, and trusted: times that were given out are not given out again.
func TestTimeDoesNotRunBack(t *testing.T) {
	w := newWorld(t)
	a := w.open(t)
	first := w.judge(t, a.Answer(t.Context(), query(t, document)), document)
	require.NoError(t, a.Close(t.Context()))
	w.clocks.set(-time.Minute)
	require.Error(t, w.clock.Check(t.Context()))
	require.NoError(t, w.clock.Trust(t.Context(), "值班员甲"))
	b := w.open(t)
	require.Equal(t, tsp.TimeNotAvailable, failure(t, b.Answer(t.Context(), query(t, document))))
	w.clocks.pass(time.Minute + time.Microsecond)
	second := w.judge(t, b.Answer(t.Context(), query(t, document)), document)
	require.True(t, second.GenTime.After(first.GenTime))
}

func TestNoTokenOutsideTheCertificate(t *testing.T) {
	for name, wait := range map[string]struct {
		change func(*smx509.Certificate)
		ok     bool
	}{
		"valid":         {func(*smx509.Certificate) {}, true},
		"not valid yet": {func(c *smx509.Certificate) { c.NotBefore = noon.Add(time.Second) }, false},
		"not any more":  {func(c *smx509.Certificate) { c.NotAfter = noon.Add(-time.Second) }, false},
	} {
		w := newWorld(t, wait.change)
		a := w.open(t)
		response := a.Answer(t.Context(), query(t, document))
		if wait.ok {
			w.judge(t, response, document)
		} else {
			require.Equal(t, tsp.SystemFailure, failure(t, response), name)
		}
	}
	w := newWorld(t, func(c *smx509.Certificate) { c.NotAfter = noon.Add(time.Minute) })
	a := w.open(t)
	w.judge(t, a.Answer(t.Context(), query(t, document)), document)
	w.clocks.pass(2 * time.Minute)
	require.Equal(t, tsp.SystemFailure, failure(t, a.Answer(t.Context(), query(t, document))), "each token is asked anew")
}

func TestOpenRefuses(t *testing.T) {
	w := newWorld(t)
	other := forge(t, w.root, "另一个", forStamps)
	encipher := forge(t, w.root, "加密", forStamps, func(c *smx509.Certificate) { c.KeyUsage = smx509.KeyUsageKeyEncipherment })
	document := forge(t, w.root, "签名")
	loose := forge(t, w.root, "非关键", withPurposes(false, oid.PurposeTimestamp))
	mixed := forge(t, w.root, "多用途", withPurposes(true, oid.PurposeTimestamp, oid.PurposeOCSPSigning))
	silent := forge(t, w.root, "无用途", forStamps, func(c *smx509.Certificate) { c.KeyUsage = 0 })
	stranger := forge(t, nil, "示例省根证书", isCA)
	signs := func(n *node) func(*tsa.Config) {
		return func(c *tsa.Config) { c.Key, c.Chain = n.key, []*pki.Certificate{n.Certificate} }
	}
	broken := errors.New("device is gone")
	for name, test := range map[string]struct {
		change func(*tsa.Config)
		want   error
	}{
		"engine":           {func(c *tsa.Config) { c.Engine = nil }, tsa.ErrConfig},
		"clock":            {func(c *tsa.Config) { c.Clock = nil }, tsa.ErrConfig},
		"rand":             {func(c *tsa.Config) { c.Rand = nil }, tsa.ErrConfig},
		"log":              {func(c *tsa.Config) { c.Log = nil }, tsa.ErrConfig},
		"key":              {func(c *tsa.Config) { c.Key = nil }, tsa.ErrConfig},
		"chain":            {func(c *tsa.Config) { c.Chain = nil }, tsa.ErrConfig},
		"no policy":        {func(c *tsa.Config) { c.Policy = "" }, tsa.ErrConfig},
		"policy":           {func(c *tsa.Config) { c.Policy = "1.2.x" }, tsa.ErrConfig},
		"policy 9.9":       {func(c *tsa.Config) { c.Policy = "9.9" }, tsa.ErrConfig},
		"policy padded":    {func(c *tsa.Config) { c.Policy = "1.2.03" }, tsa.ErrConfig},
		"other policy":     {func(c *tsa.Config) { c.OtherPolicies = []string{"-"} }, tsa.ErrConfig},
		"no accuracy":      {func(c *tsa.Config) { c.Accuracy = 0 }, tsa.ErrConfig},
		"too accurate":     {func(c *tsa.Config) { c.Accuracy = 101*time.Millisecond - 1 }, tsa.ErrConfig},
		"SHA-1":            {func(c *tsa.Config) { c.Hashes = []pki.Hash{pki.HashSHA1} }, tsa.ErrConfig},
		"another's key":    {func(c *tsa.Config) { c.Key = other.key }, tsa.ErrCertificate},
		"no purpose":       {signs(document), tsa.ErrCertificate},
		"not critical":     {signs(loose), tsa.ErrCertificate},
		"two purposes":     {signs(mixed), tsa.ErrCertificate},
		"encipherment":     {signs(encipher), tsa.ErrCertificate},
		"no key usage":     {signs(silent), tsa.ErrCertificate},
		"authority":        {signs(w.root), tsa.ErrCertificate},
		"another's issuer": {func(c *tsa.Config) { c.Chain = []*pki.Certificate{c.Chain[0], stranger.Certificate} }, tsa.ErrCertificate},
		"nil in chain":     {func(c *tsa.Config) { c.Chain = []*pki.Certificate{c.Chain[0], nil} }, tsa.ErrCertificate},
		"long chain": {func(c *tsa.Config) {
			c.Chain = append(slices.Clone(c.Chain), slices.Repeat(c.Chain[1:], 7)...)
		}, tsa.ErrCertificate},
		"key that fails": {func(c *tsa.Config) {
			c.Key = oddKey{c.Key, func([]byte) ([]byte, error) { return nil, broken }}
		}, broken},
		"key that signs wrong": {func(c *tsa.Config) {
			c.Key = oddKey{c.Key, func([]byte) ([]byte, error) { return []byte{0x30, 6, 2, 1, 1, 2, 1, 1}, nil }}
		}, pki.ErrSignature},
	} {
		t.Run(name, func(t *testing.T) {
			config := w.config
			test.change(&config)
			a, err := tsa.Open(config)
			require.ErrorIs(t, err, test.want)
			require.Nil(t, a)
		})
	}
}

// A key that once signs wrong: nobody sees that signature.
func TestWrongSignatureStaysInside(t *testing.T) {
	w := newWorld(t)
	wrong := false
	key := w.signer.key
	w.config.Key = oddKey{key, func(e []byte) ([]byte, error) {
		if wrong {
			e = slices.Clone(e)
			e[0] ^= 1
		}
		return key.Sign(rand.Reader, e, nil)
	}}
	a := w.open(t)
	w.judge(t, a.Answer(t.Context(), query(t, document)), document)
	wrong = true
	require.Equal(t, tsp.SystemFailure, failure(t, a.Answer(t.Context(), query(t, document))))
	wrong = false
	w.judge(t, a.Answer(t.Context(), query(t, document)), document)
}

// serials collects serial numbers and times, and wants them unique and rising.
type serials struct {
	seen map[string]bool
	last *pki.Timestamp
}

func (s *serials) add(t *testing.T, v *pki.Timestamp) {
	t.Helper()
	if s.seen == nil {
		s.seen = map[string]bool{}
	}
	require.False(t, s.seen[v.Serial.String()], "serial number given out twice")
	s.seen[v.Serial.String()] = true
	if s.last != nil {
		require.True(t, v.GenTime.After(s.last.GenTime), "%s then %s", s.last.GenTime, v.GenTime)
		require.Positive(t, v.Serial.Cmp(s.last.Serial))
	}
	s.last = v
}

func TestSerialsAndTimesRise(t *testing.T) {
	w := newWorld(t)
	w.config.SkipSignatureCheckUnsafe = true
	var all serials
	a := w.open(t)
	for i := range 300 {
		response := a.Answer(t.Context(), query(t, document))
		if i%3 == 0 {
			w.clocks.pass(30 * time.Millisecond) // through several leases
		}
		if i == 100 {
			require.NoError(t, a.Close(t.Context()))
			a = w.open(t)
		}
		if i == 200 {
			w.clocks.set(-90 * time.Millisecond) // a correction within what is allowed
		}
		v, err := pki.ParseTimestampResponse(response)
		require.NoError(t, err)
		all.add(t, v)
	}
}

// A process that was killed gives nothing back: the next one starts beyond all that it may have given out.
func TestSerialsAfterAKill(t *testing.T) {
	w := newWorld(t)
	var all serials
	a := w.open(t)
	for range 5 {
		v, err := pki.ParseTimestampResponse(a.Answer(t.Context(), query(t, document)))
		require.NoError(t, err)
		all.add(t, v)
	}
	b := w.open(t) // without Close
	require.Equal(t, tsp.TimeNotAvailable, failure(t, b.Answer(t.Context(), query(t, document))), "its times may be out")
	w.clocks.pass(time.Second + 10*time.Microsecond)
	for range 5 {
		v, err := pki.ParseTimestampResponse(b.Answer(t.Context(), query(t, document)))
		require.NoError(t, err)
		all.add(t, v)
	}
}

// Two processes that hold one key and one store by mistake: never both at a time.
func TestSerialsOfTwo(t *testing.T) {
	w := newWorld(t)
	a, b := w.open(t), w.open(t)
	var all serials
	for range 400 {
		for _, x := range []*tsa.Authority{a, b} {
			v, err := pki.ParseTimestampResponse(x.Answer(t.Context(), query(t, document)))
			if err == nil {
				all.add(t, v)
			}
		}
		w.clocks.pass(7 * time.Millisecond)
	}
	require.Greater(t, len(all.seen), 300)
}

// An old backup in the place of the store: numbers come again, but not whole serial numbers.
func TestSerialsAfterAnOldBackup(t *testing.T) {
	w := newWorld(t)
	first, err := pki.ParseTimestampResponse(w.open(t).Answer(t.Context(), query(t, document)))
	require.NoError(t, err)
	restored := newWorld(t)
	restored.config.Key, restored.config.Chain = w.config.Key, w.config.Chain
	second, err := pki.ParseTimestampResponse(restored.open(t).Answer(t.Context(), query(t, document)))
	require.NoError(t, err)
	require.NotEqual(t, first.Serial, second.Serial)
	number := func(s *big.Int) *big.Int { return new(big.Int).Rsh(s, 64) }
	require.Equal(t, number(first.Serial), number(second.Serial))
}

// A lease whose write fails, or whose outcome is not known, is not used.
func TestLeaseThatIsNotDurable(t *testing.T) {
	for name, fault := range map[string]enginetest.Fault{
		"before": enginetest.Before, "after": enginetest.After, "lost": enginetest.Lost,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			faulty := enginetest.NewFaulty(w.engine, nil)
			w.config.Engine = faulty
			a := w.open(t)
			var all serials
			for i := range 20 {
				if i%3 == 2 {
					faulty.SetPlan(enginetest.At(0, fault))
				}
				v, err := pki.ParseTimestampResponse(a.Answer(t.Context(), query(t, document)))
				if err == nil {
					all.add(t, v)
				}
				w.clocks.pass(600 * time.Millisecond)
			}
			require.GreaterOrEqual(t, len(all.seen), 6)
			require.Less(t, len(all.seen), 20)
		})
	}
}

// Closures of the store may run more than once.
func TestLeaseIsPure(t *testing.T) {
	w := newWorld(t)
	w.config.Engine = enginetest.Twice{Inner: w.engine}
	a := w.open(t)
	var all serials
	for range 10 {
		v, err := pki.ParseTimestampResponse(a.Answer(t.Context(), query(t, document)))
		require.NoError(t, err)
		all.add(t, v)
		w.clocks.pass(time.Second)
	}
	require.NoError(t, a.Close(t.Context()))
}

func TestLeaseThatIsDamaged(t *testing.T) {
	w := newWorld(t)
	for _, stored := range [][]byte{nil, make([]byte, 17), make([]byte, 18), append([]byte{1}, slices.Repeat([]byte{0xff}, 16)...)} {
		w.put(t, "tsa/lease", stored)
		require.Equal(t, tsp.SystemFailure, failure(t, w.open(t).Answer(t.Context(), query(t, document))), "%x", stored)
	}
}

func TestLeaseNeedsRandomness(t *testing.T) {
	w := newWorld(t)
	a := w.open(t)
	w.config.Rand = io.LimitReader(rand.Reader, 200) // enough for the trial of the key, not for long
	b := w.open(t)
	w.judge(t, a.Answer(t.Context(), query(t, document)), document)
	for range 10 {
		w.clocks.pass(2 * time.Second)
		if r, err := tsp.ParseResponse(b.Answer(t.Context(), query(t, document))); err == nil && !r.Granted() {
			require.Equal(t, []tsp.Failure{tsp.SystemFailure}, r.Failures)
			return
		}
	}
	t.Fatal("randomness came from nowhere")
}

func TestManyAtOnce(t *testing.T) {
	w := newWorld(t)
	a := w.open(t)
	const callers, each = 16, 20
	responses := make([][]byte, callers*each)
	request := query(t, document)
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			for j := range each {
				responses[i*each+j] = a.Answer(context.Background(), request)
				w.clocks.pass(3 * time.Millisecond)
			}
		})
	}
	wg.Wait()
	var list []*pki.Timestamp
	for _, response := range responses {
		v, err := pki.ParseTimestampResponse(response)
		require.NoError(t, err)
		list = append(list, v)
	}
	slices.SortFunc(list, func(a, b *pki.Timestamp) int { return a.GenTime.Compare(b.GenTime) })
	var all serials
	for _, v := range list {
		all.add(t, v) // the order of times is the order of serial numbers
	}
}

func TestAnswerThatNobodyWaitsFor(t *testing.T) {
	w := newWorld(t)
	a := w.open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Equal(t, tsp.SystemFailure, failure(t, a.Answer(ctx, query(t, document))))
}
