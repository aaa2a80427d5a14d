package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/internal/engine/sealed"
)

// private is a service into which made-up persons and firms were planted, by every way that leads in.
type private struct {
	*serving

	metrics  string
	person   fixtures.Person
	firm     fixtures.Firm
	marks    []planted
	problems []byte // every refusal that was answered
}

// healthLicence is the type of the made-up province that has a citizen number among its elements.
const healthLicence = "11990000EX00000964001"

// newPrivate serves a fresh sandbox with metrics.
func newPrivate(t *testing.T, dir string) *private {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	metrics := l.Addr().String()
	require.NoError(t, l.Close())
	p := &private{metrics: metrics, person: fixtures.PersonAt(4_242_424), firm: fixtures.FirmAt(777_777)}
	p.person.Name, p.firm.Name = "欧阳示范元", "示例县万里无云示范商行"
	for _, text := range []string{p.person.Number, p.person.Name, p.firm.Code, p.firm.Name} {
		p.marks = append(p.marks, plant(text))
	}
	p.serving = serve(t, dir, "--metrics", metrics)
	return p
}

// send sends a request as a caller of the sandbox and keeps a refusal.
func (p *private) send(caller, method, path string, body []byte, headers ...string) (int, []byte) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.base+path, bytes.NewReader(body))
	require.NoError(p.t, err)
	req.Header.Set("Authorization", "Bearer "+p.keys[caller])
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(p.t, err)
	defer func() { require.NoError(p.t, res.Body.Close()) }()
	answer, err := io.ReadAll(res.Body)
	require.NoError(p.t, err)
	require.Less(p.t, res.StatusCode, 500, "%s", answer)
	if res.StatusCode >= 400 {
		p.problems = append(append(p.problems, answer...), '\n')
	}
	return res.StatusCode, answer
}

// must sends what is to be done, and decodes the answer.
func (p *private) must(caller, path string, body, into any, headers ...string) {
	p.t.Helper()
	text, err := json.Marshal(body)
	require.NoError(p.t, err)
	status, answer := p.send(caller, http.MethodPost, path, text, headers...)
	require.Less(p.t, status, 300, "%s: %s", path, answer)
	require.NoError(p.t, json.Unmarshal(answer, into))
}

func (p *private) licence() api.IssueRequest {
	return api.IssueRequest{
		Type: healthLicence, Paper: "P-1", Division: "350102", Values: map[string]string{
			"CZZT": p.firm.Name, "CZZTDM": p.firm.Code, "CZZTDMLXDM": "001", "ZZBFRQ": "2026-03-02",
			"ZZYXQQSRQ": "2026-03-02", "ZZYXQJZRQ": "2030-03-01", "KZ_FZR": p.person.Name, "KZ_FZRSFZ": p.person.Number,
			"KZ_DZ": p.person.Name + "的店，" + p.person.Number, "KZ_XZQH": "350102", "KZ_XKXM": "旅店",
		},
	}
}

// use sends everything that a service is for.
func (p *private) use() {
	issuer, key := fixtures.Caller(1), p.person.Number
	var written api.Written
	for range 2 { // the answer is kept for who asks again
		p.must(issuer, "/licences", p.licence(), &written, api.HeaderIdempotencyKey, key)
	}
	require.True(p.t, written.Replayed)
	food := firmRequest(p.t, 1) // which is drawn as a document
	food.Values["CZZT"], food.Values["CZZTDM"], food.Values["KZ_FDDBR"] = p.firm.Name, p.firm.Code, p.person.Name
	var drawn api.Written
	p.must(fixtures.Caller(0), "/licences", food, &drawn, api.HeaderIdempotencyKey, key)
	asked := api.Asked{Purpose: p.person.Name + "办理", Case: p.person.Number, Ground: "issuer"}
	var found api.LookupAnswer
	p.must(issuer, "/lookups", api.LookupRequest{
		Asked: asked, Holder: &api.Holder{Kind: "001", Code: p.firm.Code}, Fields: []string{"KZ_FZR", "KZ_FZRSFZ", "CZZT"},
	}, &found)
	require.Len(p.t, found.Licences, 1)
	var compared api.ComparisonAnswer
	p.must(issuer, "/comparisons", api.ComparisonRequest{Asked: asked, Comparison: api.Comparison{
		Identifier: written.Identifier, Claims: map[string]string{"KZ_FZR": p.person.Name, "KZ_FZRSFZ": p.person.Number},
	}}, &compared)
	require.Equal(p.t, "matched", compared.Result)
	p.convert(issuer)
	var judged api.Verification
	p.must(issuer, "/verifications", api.VerificationRequest{
		Case: p.person.Number, Documents: []api.Submitted{{
			Name: p.person.Name + ".txt", Content: []byte(strings.Repeat(p.person.Number+p.person.Name+"\n", 50)),
		}},
		Expect: &api.Expect{HolderCode: p.person.Number, HolderName: p.person.Name},
	}, &judged, api.HeaderIdempotencyKey, "v"+key)
	p.subscribe(issuer)
}

// convert uploads a ledger and waits for its result.
func (p *private) convert(issuer string) {
	ledger := "单位名称,统一社会信用代码,证照编号,负责人,负责人身份证号,经营地址,行政区划,许可项目,颁发日期,有效期起始日期,有效期截止日期\n" +
		strings.Repeat(p.firm.Name+","+p.firm.Code+",WS350102000099,"+p.person.Name+","+p.person.Number+
			",示例路1号,350102,旅店,2024-03-01,2024-03-01,2028-02-29\n", 3)
	status, answer := p.send(issuer, http.MethodPost, "/files", []byte(ledger), "Content-Type", "application/octet-stream",
		api.HeaderIdempotencyKey, "f"+p.person.Number)
	require.Equal(p.t, http.StatusCreated, status, "%s", answer)
	var file api.File
	require.NoError(p.t, json.Unmarshal(answer, &file))
	var job api.Job
	p.must(issuer, "/conversions", api.ConversionRequest{
		Type: healthLicence, File: file.ID, FileName: p.person.Name + p.person.Number + ".csv",
	}, &job, api.HeaderIdempotencyKey, "c"+p.person.Number)
	require.Eventually(p.t, func() bool {
		_, answer := p.send(issuer, http.MethodGet, "/jobs/"+job.ID, nil)
		return json.Unmarshal(answer, &job) == nil && job.State != "waiting" && job.State != "running"
	}, time.Minute, 50*time.Millisecond)
	require.Equal(p.t, "done", job.State, "%+v", job.Error)
}

// subscribe has events sent to an address with a number in it, and waits for one.
func (p *private) subscribe(issuer string) {
	came := make(chan struct{}, 100)
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { came <- struct{}{} }))
	defer receiver.Close()
	from := uint64(0)
	var subscription api.Subscription
	p.must(issuer, "/subscriptions", api.SubscriptionRequest{
		URL: receiver.URL + "/" + p.person.Number, From: &from,
	}, &subscription, api.HeaderIdempotencyKey, "s"+p.person.Number)
	select {
	case <-came:
	case <-time.After(time.Minute):
		p.t.Error("no webhook came")
	}
}

// misuse puts the numbers where they do not belong. All of it is refused.
func (p *private) misuse() {
	caller := fixtures.Caller(1)
	for _, mark := range []string{p.person.Number, p.person.Name, p.firm.Code} {
		in := url.PathEscape(mark)
		wrong := p.licence()
		wrong.Values["KZ_FZRSFZ"] = p.person.Number[:17] + "?"
		wrong.Values["ZZBFRQ"], wrong.Division, wrong.Values[mark] = mark, mark, mark
		text, err := json.Marshal(wrong)
		require.NoError(p.t, err)
		for _, r := range []struct {
			method, path, body string
			headers            []string
		}{
			{http.MethodGet, "/" + in, "", nil},
			{http.MethodGet, "/licences/" + in + "?purpose=" + in, "", nil},
			{http.MethodGet, "/licences/" + in + "?purpose=x&ground=" + in, "", nil},
			{http.MethodGet, "/licence-types/" + in, "", nil},
			{http.MethodGet, "/jobs/" + in, "", nil},
			{http.MethodGet, "/files/" + in, "", nil},
			{http.MethodGet, "/public/licences/" + in, "", nil},
			{http.MethodGet, "/events?from=x" + in, "", nil},
			{http.MethodGet, "/licence-types", "", []string{"Authorization", "Bearer " + p.person.Number}},
			{http.MethodPost, "/licences", string(text), []string{api.HeaderIdempotencyKey, "wrong"}},
			{http.MethodPost, "/licences", `{"` + mark + `":"` + mark + `"}`, []string{api.HeaderIdempotencyKey, "w"}},
			{http.MethodPost, "/licences", `{"type":"` + mark, []string{api.HeaderIdempotencyKey, "w"}},
			{http.MethodPost, "/licences", mark, []string{"Content-Type", "text/plain", "X-Case", p.person.Number}},
			{http.MethodPost, "/lookups", `{"purpose":"x","ground":"` + mark + `"}`, nil},
			{http.MethodPost, "/lookups", `{"purpose":"x","ground":"law","holder":{"kind":"111","code":"` + mark + `"}}`, nil},
			{http.MethodPost, "/logins", `{"` + mark + `":1}`, nil},
		} {
			status, answer := p.send(caller, r.method, r.path, []byte(r.body), r.headers...)
			require.GreaterOrEqual(p.t, status, 400, "%s %s: %s", r.method, r.path, answer)
		}
	}
}

// found names the planted texts that stand in bytes, or in what can be unpacked of them.
func (p *private) found(b []byte) (list []string) {
	everyForm(b, 0, func(b []byte) {
		for i := range p.marks {
			if p.marks[i].in(b) && !slices.Contains(list, p.marks[i].text) {
				list = append(list, p.marks[i].text)
			}
		}
	})
	return list
}

// eachPair visits every key and value of an engine.
func eachPair(t *testing.T, e engine.Engine, visit func(key, value []byte)) {
	t.Helper()
	require.NoError(t, e.View(t.Context(), func(r engine.Reader) error {
		return r.Scan(engine.Range{}, func(key, value []byte) (bool, error) {
			visit(key, value)
			return true, nil
		})
	}))
}

// TestNothingPersonalAtRest plants persons and firms through the whole service and then greps for them: in every file of
// the data directory, in every stored pair of every engine as it lies there, unpacked as far as anything can be unpacked,
// in the log, the metrics and the refusals. The same grep on the opened values finds them, so that it can be believed.
// Without the data key nothing opens.
func TestNothingPersonalAtRest(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/data"
	p := newPrivate(t, dir)
	p.use()
	p.misuse()
	res, err := http.Get("http://" + p.metrics + "/")
	require.NoError(t, err)
	metrics, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Contains(t, string(metrics), "elicense_requests_total")
	p.onDisk(dir) // while it runs
	require.NoError(t, p.process.Process.Signal(os.Interrupt))
	<-p.ended
	require.NoError(t, p.process.Wait())

	require.Empty(t, p.found(metrics), "in the metrics")
	require.Contains(t, p.errs.String(), `"operation":"issueLicence"`)
	require.Empty(t, p.found([]byte(p.errs.String())), "in the log")
	require.NotEmpty(t, p.problems)
	require.False(t, p.marks[0].in(p.problems), "an identity number in a refusal: %s", around(p.problems, p.person.Number))
	p.onDisk(dir)
	p.inEngines(dir)
}

func around(b []byte, text string) []byte {
	at := max(bytes.Index(b, []byte(text)), 0)
	return b[max(0, at-200):min(len(b), at+200)]
}

// onDisk reads every file of the data directory.
func (p *private) onDisk(dir string) {
	p.t.Helper()
	files := 0
	require.NoError(p.t, filesBelow(dir, func(name string) error {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil //nolint:nilerr // a running service removes files
		}
		files++
		require.Empty(p.t, p.found(b), name)
		require.Empty(p.t, p.found([]byte(name)), "in a name")
		return nil
	}))
	require.Greater(p.t, files, 10)
}

// inEngines reads every pair of every engine as it is stored, as it is opened, and with keys that are not its own.
func (p *private) inEngines(dir string) {
	t := p.t
	c := (&keyed{t: t, dir: dir}).program(filepath.Join(dir, masterFile))
	other := sealed.Master{1}
	_, err := c.openHouseWith(t.Context(), dir, &other)
	require.ErrorIs(t, err, sealed.ErrWrongMaster)
	h, err := c.openHouse(t.Context(), dir)
	require.NoError(t, err)
	defer closeHouse(t, h)
	opened := map[string]bool{}
	for _, name := range backedUp() {
		inner, err := h.engineNamed(name)
		require.NoError(t, err)
		_, err = sealed.OpenKeyring(t.Context(), inner, other)
		require.ErrorIs(t, err, sealed.ErrWrongMaster)
		pairs := 0
		eachPair(t, inner, func(key, value []byte) {
			pairs++
			require.Empty(t, p.found(value), "a value of %s", name)
			require.Empty(t, p.found(key), "a key of %s", name)
		})
		require.Greater(t, pairs, 1, name)
		store, err := c.store(t.Context(), h, name)
		require.NoError(t, err)
		eachPair(t, store, func(_, value []byte) {
			for _, text := range p.found(value) {
				opened[name+text] = true
			}
		})
		requireUnreadable(t, inner, store)
	}
	for _, name := range []string{vaultDir, serviceDir, serviceFilesDir} {
		require.True(t, opened[name+p.person.Number], "the grep finds nothing in %s, sealed or not", name)
	}
	require.True(t, opened[blobsDir+p.firm.Name], "the grep finds nothing in documents")
}

// requireUnreadable opens every value with keys of another keyring, and with its own under another name.
func requireUnreadable(t *testing.T, inner engine.Engine, store *sealed.Engine) {
	t.Helper()
	foreign, err := sealed.CreateKeyring(t.Context(), memory.New(), sealed.Master{2}, rand.Reader)
	require.NoError(t, err)
	without, err := sealed.Open(sealed.Config{Inner: inner, Keys: foreign, Rand: rand.Reader})
	require.NoError(t, err)
	var keys [][]byte
	eachPair(t, store, func(key, _ []byte) { keys = append(keys, bytes.Clone(key)) })
	require.NoError(t, without.View(t.Context(), func(r engine.Reader) error {
		for _, key := range keys {
			if _, err := r.Get(key); err == nil {
				return fmt.Errorf("a value opens without the data key: %x", key)
			}
		}
		return nil
	}))
}
