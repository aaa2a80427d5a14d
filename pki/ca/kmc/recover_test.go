package kmc_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca/kmc"
)

// Row A55: a holder who lost his token gets the same key for his new one (用户密钥恢复).
func TestUserRecovery_A55(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.assign("request-1")
	private := open(t, d, w.holder)
	require.NoError(t, w.centre.Retire(t.Context(), d.Key, "介质丢失"))
	renewed, to := newKey(t)
	w.now = start.Add(time.Hour)
	got, err := w.centre.Recover(t.Context(), w.recovery(d, to), participants(w.keepers[2], w.keepers[0]))
	require.NoError(t, err)
	require.Equal(t, private, open(t, got, renewed))
	require.NotEqual(t, d.Envelope, got.Envelope)

	events, entries := w.events()
	require.Equal(t, []kmc.Event{kmc.EventFounded, kmc.EventApproved, kmc.EventDelivered}, events)
	approved, delivered := entries[1], entries[2]
	require.Equal(t, approved.Case, delivered.Case)
	require.Equal(t, kmc.Fingerprint(sm3.Sum(got.Envelope)), delivered.Envelope)
	require.Equal(t, w.now, approved.Time)
	s, err := kmc.ParseStatement(approved.Statement)
	require.NoError(t, err)
	require.Equal(t, []string{grounds.Who, grounds.Why, grounds.Basis}, []string{s.Who, s.Why, s.Basis})
	require.Equal(t, d.Key, s.Key)
	require.Equal(t, kmc.FingerprintOf(to), s.Recipient)
	require.Equal(t, w.now, s.Time)
	require.Len(t, approved.Approvals, 2)
	for _, e := range entries {
		require.NotContains(t, string(e.Raw), string(private[:]))
		require.NotContains(t, string(e.Raw), fmt.Sprintf("%x", private))
	}
	require.Equal(t, []*kmc.Statement{s}, w.keepers[2].shown[1:], "the person saw what he signed")
	require.Len(t, w.keepers[1].shown, 1, "the third was not needed")
}

// Row A55: the law gets a key under a key that the deployment names (司法密钥恢复), and nobody else does.
func TestJudicialRecovery_A55(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.assign("request-1")
	r := w.recovery(d, w.courtTo)
	r.Act = kmc.ActJudicialRecovery
	got, err := w.centre.Recover(t.Context(), r, participants(w.keepers[1], w.keepers[2]))
	require.NoError(t, err)
	require.Equal(t, open(t, d, w.holder), open(t, got, w.court))
	_, entries := w.events()
	require.Contains(t, string(entries[1].Raw), "| act judicial-recovery\n")
	require.Contains(t, string(entries[1].Raw), "| basis 示例法第四十条\n")

	_, r.Recipient = newKey(t)
	_, err = w.centre.Recover(t.Context(), r, participants(w.keepers...))
	require.Equal(t, kmc.ReasonRecipient, kmc.ReasonOf(err))
	r.Recipient = w.courtTo
	w.config.Judicial = nil
	w.reopen()
	_, err = w.centre.Recover(t.Context(), r, participants(w.keepers...))
	require.Equal(t, kmc.ReasonRecipient, kmc.ReasonOf(err), "no key is named: nobody")
}

func TestRecoverRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.Spares = 1
	w.reopen()
	d := w.assign("request-1")
	_, err := w.centre.FillSpares(t.Context())
	require.NoError(t, err)
	spares, err := w.centre.Keys(t.Context(), kmc.StateSpare, kmc.KeyID{}, 1)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		change func(*kmc.Recovery)
		want   kmc.Reason
	}{
		"no act":         {func(r *kmc.Recovery) { r.Act = "" }, kmc.ReasonRequest},
		"another act":    {func(r *kmc.Recovery) { r.Act = kmc.ActRewrap }, kmc.ReasonRequest},
		"no holder":      {func(r *kmc.Recovery) { r.Holder = "" }, kmc.ReasonRequest},
		"no recipient":   {func(r *kmc.Recovery) { r.Recipient = nil }, kmc.ReasonRequest},
		"nobody asks":    {func(r *kmc.Recovery) { r.Who = "" }, kmc.ReasonRequest},
		"no reason":      {func(r *kmc.Recovery) { r.Why = " " }, kmc.ReasonRequest},
		"no basis":       {func(r *kmc.Recovery) { r.Basis = "" }, kmc.ReasonRequest},
		"forged line":    {func(r *kmc.Recovery) { r.Why = "x\nbasis y" }, kmc.ReasonRequest},
		"unknown key":    {func(r *kmc.Recovery) { r.Key = kmc.KeyID{1} }, kmc.ReasonUnknown},
		"another holder": {func(r *kmc.Recovery) { r.Holder = "holder-2" }, kmc.ReasonHolder},
		"a custodian":    {func(r *kmc.Recovery) { r.Recipient = w.keepers[0].Who.Signing }, kmc.ReasonRecipient},
		"the key itself": {func(r *kmc.Recovery) { r.Recipient = d.Public }, kmc.ReasonRecipient},
		"nobody's key":   {func(r *kmc.Recovery) { r.Key = spares[0].Key }, kmc.ReasonState},
		"a court's key":  {func(r *kmc.Recovery) { r.Act = kmc.ActJudicialRecovery }, kmc.ReasonRecipient},
	} {
		r := w.recovery(d, w.to)
		c.change(&r)
		got, err := w.centre.Recover(t.Context(), r, participants(w.keepers...))
		require.Equal(t, c.want, kmc.ReasonOf(err), name)
		require.Nil(t, got, name)
	}
	events, _ := w.events()
	require.Len(t, events, 1, "nobody was asked")
}

func TestFoundRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	keepers := newKeepers(t, 3, "候任")
	err := w.centre.Found(t.Context(), custodyOf(2, keepers...), ceremony, participants(keepers...))
	require.Equal(t, kmc.ReasonState, kmc.ReasonOf(err), "founded already")

	stolen := *keepers[2] // entered with a key that he does not hold
	stolen.encryption, _ = newKey(t)
	stolen.Decrypter = stolen.encryption
	many := newKeepers(t, kmc.MaxCustodians+1, "多")
	for name, c := range map[string]struct {
		custody kmc.Custody
		grounds kmc.Grounds
		with    []*keeper
		want    kmc.Reason
	}{
		"threshold of one":     {custodyOf(1, keepers...), ceremony, keepers, kmc.ReasonCustody},
		"threshold too high":   {custodyOf(4, keepers...), ceremony, keepers, kmc.ReasonCustody},
		"one custodian":        {custodyOf(2, keepers[0]), ceremony, keepers[:1], kmc.ReasonCustody},
		"too many":             {custodyOf(2, many...), ceremony, many, kmc.ReasonCustody},
		"one twice":            {custodyOf(2, keepers[0], keepers[0]), ceremony, keepers[:1], kmc.ReasonCustody},
		"no name":              {custodyOf(2, keepers[0], newKeeper(t, "")), ceremony, keepers, kmc.ReasonCustody},
		"a name twice":         {custodyOf(2, keepers[0], newKeeper(t, keepers[0].Who.Name)), ceremony, keepers, kmc.ReasonCustody},
		"no key":               {kmc.Custody{Threshold: 2, Custodians: []kmc.Custodian{keepers[0].Who, {Name: "x"}}}, ceremony, keepers, kmc.ReasonCustody},
		"one key for two uses": {kmc.Custody{Threshold: 2, Custodians: []kmc.Custodian{keepers[0].Who, {"x", keepers[1].Who.Signing, keepers[1].Who.Signing}}}, ceremony, keepers, kmc.ReasonCustody},
		"no grounds":           {custodyOf(2, keepers...), kmc.Grounds{}, keepers, kmc.ReasonRequest},
		"one is absent":        {custodyOf(2, keepers...), ceremony, keepers[:2], kmc.ReasonApproval},
		"a key nobody holds":   {custodyOf(2, keepers...), ceremony, []*keeper{keepers[0], keepers[1], &stolen}, kmc.ReasonApproval},
	} {
		w.config.Engine = memoryEngine()
		w.engine = w.config.Engine
		w.reopen()
		err := w.centre.Found(t.Context(), c.custody, c.grounds, participants(c.with...))
		require.Equal(t, c.want, kmc.ReasonOf(err), name)
		require.Nil(t, w.centre.Custody(), name)
		w.events()
	}
}

// Row A55: a custodian whose key is stolen is replaced, and counts for nothing any more.
func TestRewrap_A55(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.Spares = 2
	w.reopen()
	_, err := w.centre.FillSpares(t.Context())
	require.NoError(t, err)
	var deliveries []*kmc.Delivery
	for i := range 5 {
		deliveries = append(deliveries, w.assign(fmt.Sprint("request-", i)))
	}
	require.NoError(t, w.centre.Retire(t.Context(), deliveries[4].Key, "到期"))
	next := newKeepers(t, 5, "继任")
	r := kmc.Rewrapping{Next: custodyOf(3, next...), Grounds: grounds}
	n, err := w.centre.Rewrap(t.Context(), r, participants(w.keepers[1], w.keepers[2]), participants(next...))
	require.NoError(t, err)
	require.Equal(t, 5, n)
	require.Equal(t, 2, w.centre.Custody().Generation)
	events, entries := w.events()
	require.Equal(t, []kmc.Event{kmc.EventFounded, kmc.EventApproved, kmc.EventFounded, kmc.EventRewrapFinished}, events)
	require.Equal(t, 5, entries[3].Count)
	require.Zero(t, countKeys(w, "kmc/g\x00\x00\x00\x01"))
	require.Zero(t, countKeys(w, "kmc/w"))

	for _, d := range deliveries {
		got, err := w.centre.Recover(t.Context(), w.recovery(d, w.to), participants(next[4], next[0], next[2]))
		require.NoError(t, err)
		require.Equal(t, open(t, d, w.holder), open(t, got, w.holder))
		_, err = w.centre.Recover(t.Context(), w.recovery(d, w.to), participants(w.keepers[0], w.keepers[1]))
		require.Equal(t, kmc.ReasonCustodian, kmc.ReasonOf(err), "the earlier set")
		_, err = w.centre.Recover(t.Context(), w.recovery(d, w.to), participants(next[4], next[0]))
		require.Equal(t, kmc.ReasonApproval, kmc.ReasonOf(err), "two are not three")
	}
	late := w.assign("request-late")
	_, err = w.centre.Recover(t.Context(), w.recovery(late, w.to), participants(next[1], next[2], next[3]))
	require.NoError(t, err)
	_, err = w.centre.ContinueRewrap(t.Context(), participants(next...))
	require.Equal(t, kmc.ReasonState, kmc.ReasonOf(err), "nothing is open")
}

func TestRewrapRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.assign("request-1")
	next := newKeepers(t, 3, "继任")
	r := kmc.Rewrapping{Next: custodyOf(2, next...), Grounds: grounds}
	for name, c := range map[string]struct {
		present, next []*keeper
		want          kmc.Reason
	}{
		"one of the present":       {w.keepers[:1], next, kmc.ReasonApproval},
		"the next are not present": {next[:2], next, kmc.ReasonCustodian},
		"one of the next missing":  {w.keepers, next[:2], kmc.ReasonApproval},
	} {
		_, err := w.centre.Rewrap(t.Context(), r, participants(c.present...), participants(c.next...))
		require.Equal(t, c.want, kmc.ReasonOf(err), name)
		require.Equal(t, 1, w.centre.Custody().Generation, name)
	}
	_, err := w.centre.Recover(t.Context(), w.recovery(d, w.to), participants(w.keepers[:2]...))
	require.NoError(t, err, "all is as it was")
	w.events()
}

// Interrupted after the first batch, a re-wrapping is finished by the same custodians; the count is of all keys.
func TestRewrapContinues(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range kmc.RewrapBatch + 7 {
		w.assign(fmt.Sprint("request-", i))
	}
	next := newKeepers(t, 2, "继任")
	r := kmc.Rewrapping{Next: custodyOf(2, next...), Grounds: grounds}
	asked := 0
	tired := stubborn{who: w.keepers[0].Custodian()}
	tired.answer = func(ctx context.Context, q kmc.Question) (kmc.Approval, error) {
		if asked++; asked > 2 {
			return kmc.Approval{}, errNo
		}
		return w.keepers[0].Answer(ctx, q)
	}
	_, err := w.centre.Rewrap(t.Context(), r, []kmc.Participant{tired, w.keepers[1]}, participants(next...))
	require.Equal(t, kmc.ReasonApproval, kmc.ReasonOf(err))
	require.Equal(t, 7, countKeys(w, "kmc/g\x00\x00\x00\x01"))
	_, err = w.centre.Rewrap(t.Context(), r, participants(w.keepers...), participants(next...))
	require.Equal(t, kmc.ReasonState, kmc.ReasonOf(err), "one at a time")

	w.reopen()
	_, err = w.centre.ContinueRewrap(t.Context(), participants(next...))
	require.Equal(t, kmc.ReasonCustodian, kmc.ReasonOf(err), "not by those who follow")
	n, err := w.centre.ContinueRewrap(t.Context(), participants(w.keepers[2], w.keepers[1]))
	require.NoError(t, err)
	require.Equal(t, kmc.RewrapBatch+7, n)
	w.events()
}

// The transcript shows every change to somebody who has nothing but the centre's public key.
func TestTranscriptVerifier(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.assign("request-1")
	_, err := w.centre.Recover(t.Context(), w.recovery(d, w.to), participants(w.keepers...))
	require.NoError(t, err)
	_, err = w.centre.Recover(t.Context(), w.recovery(d, w.to), nil)
	require.Error(t, err)
	_, err = w.centre.Recover(t.Context(), w.recovery(d, w.to), participants(w.keepers...))
	require.NoError(t, err)
	var raws [][]byte
	require.NoError(t, w.centre.Transcript(t.Context(), 0, func(raw []byte) error {
		raws = append(raws, raw)
		return nil
	}))
	require.Len(t, raws, 6)
	verify := func(key *pki.PublicKey, raws ...[]byte) error {
		v := kmc.TranscriptVerifier{Key: key}
		for _, raw := range raws {
			if _, err := v.Add(raw); err != nil {
				return err
			}
		}
		return nil
	}
	require.NoError(t, verify(w.centre.Key(), raws...))
	require.ErrorIs(t, verify(w.to, raws...), kmc.ErrDamaged, "another key")
	require.ErrorIs(t, verify(nil, raws...), kmc.ErrDamaged)
	require.ErrorIs(t, verify(w.centre.Key(), raws[1:]...), kmc.ErrDamaged, "without the beginning")
	require.ErrorIs(t, verify(w.centre.Key(), raws[0], raws[2]), kmc.ErrDamaged, "with a gap")
	require.ErrorIs(t, verify(w.centre.Key(), raws[0], raws[0]), kmc.ErrDamaged, "one twice")
	without := append(append([][]byte(nil), raws[:3]...), raws[4:]...)
	require.ErrorIs(t, verify(w.centre.Key(), without...), kmc.ErrDamaged, "a refusal left out")
	for i := range raws {
		for at := 0; at < len(raws[i]); at += 7 {
			changed := append([][]byte(nil), raws...)
			changed[i] = append([]byte(nil), raws[i]...)
			changed[i][at] ^= 1
			require.Error(t, verify(w.centre.Key(), changed...), "entry %d byte %d", i+1, at)
		}
	}
	var from2 int
	require.NoError(t, w.centre.Transcript(t.Context(), 2, func([]byte) error {
		from2++
		return nil
	}))
	require.Equal(t, 5, from2)
}
