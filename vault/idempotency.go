package vault

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// idempotency ties a write to the caller's key: the same key and request give the first answer again, another request
// under the same key is refused. Keys are kept for ever.
type idempotency struct {
	act     string
	licence string // that the request is about; "": it names none
	key     []byte
	request record.Digest
}

// firstAnswer is an answer as it is kept: with the act, to tell whoever uses the key for something else.
type firstAnswer struct {
	Answer

	Act string `json:"act,omitempty"` // "": it was kept before acts were
}

// What of a request is not as it was under its idempotency key: Found of a problem with CodeKeyReused. Of the former
// request nothing else is told.
const (
	DiffersOperation = "operation"
	DiffersLicence   = "licence"
	DiffersContent   = "content"
)

// differing say it.
var differing = map[string]sentence{
	DiffersOperation: {zh: "该幂等键已用于另一种操作", en: "this idempotency key was used for another operation"},
	DiffersLicence:   {zh: "该幂等键已用于另一本证照", en: "this idempotency key was used for another licence"},
	DiffersContent: {
		zh: "该幂等键已用于另一个请求，内容或标识的写法与那次不同",
		en: "this idempotency key was used for another request, with other content or spelling of the identifier",
	},
}

// writeKey is a caller's idempotency key, or one that the vault derives from it for a step of the same call.
type writeKey struct{ key, step string }

// once prepares the idempotency of a request; the request is anything that JSON writes the same way each time.
func (v *Vault) once(s *session, act string, k writeKey, request any) (*idempotency, error) {
	if k.key == "" {
		return nil, refuse(ErrInvalid, CodeKeyMissing, "key")
	}
	if p := checkFree("key", k.key, 128); p != nil {
		return nil, &Refusal{ErrInvalid, []Problem{*p}}
	}
	b, err := json.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("vault: encoding a request: %w", err)
	}
	parts := [][]byte{[]byte(s.Caller), []byte(k.key)}
	if k.step != "" {
		parts = append(parts, []byte(k.step))
	}
	t := v.token("idempotency", parts...)
	return &idempotency{
		act: act, licence: licenceIn(request), key: key(spaceIdempotency, t[:]),
		request: record.Sum(append([]byte(act+"\n"), b...)),
	}, nil
}

// licenceIn is which licence a request names.
func licenceIn(request any) string {
	switch q := request.(type) {
	case Act:
		return q.Identifier
	case Confirmation:
		return q.Identifier
	}
	return ""
}

// replayed looks for an earlier answer under the key; nil if the key is new, which a repetition is refused for: whoever
// has recorded a request that was not carried out must not have it carried out later. The answer is audited like any
// other, and not given for a type that was classified meanwhile.
func (v *Vault) replayed(ctx context.Context, s *session, once *idempotency) (*Answer, error) {
	var answer Answer
	done := false
	err := v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		var err error
		answer = Answer{}
		if done, err = once.replay(r, &answer); err != nil {
			return err
		}
		if !done && s.Repeated {
			return refuse(ErrDenied, CodeRepeated, "key")
		}
		if !done {
			return nil
		}
		id, err := code.ParseIdentifier(answer.Identifier)
		if err != nil {
			return fmt.Errorf("%w: idempotency key", ErrDamaged)
		}
		return mayHear(r, s, id)
	})
	note := auditNote{act: once.act, licence: answer.Identifier, result: "replayed"}
	if isRefusal(err) {
		return nil, v.denied(ctx, s, note, err)
	}
	if err != nil || !done {
		return nil, err
	}
	answer.Replayed = true
	return whole(&answer, v.audit(ctx, s, note))
}

// mayHear decides the right to be told an answer again: that of whoever may write such a licence now. Of a classified
// type its owner alone is told, who gives up what hangs.
func mayHear(r engine.Reader, s *session, id code.Identifier) error {
	t, err := readableHead(r, s, id.Type)
	if err != nil || t.closed {
		return err
	}
	return s.mayIssue(id.Type, id.Issuer)
}

// replay reads the first answer into answer; false if the key is new.
func (i *idempotency) replay(r engine.Reader, answer any) (bool, error) {
	b, err := r.Get(i.key)
	if errors.Is(err, engine.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	n := len(i.request)
	if len(b) < n {
		return false, fmt.Errorf("%w: idempotency key", ErrDamaged)
	}
	if subtle.ConstantTimeCompare(b[:n], i.request[:]) != 1 {
		return false, i.reused(b[n:])
	}
	if err := json.Unmarshal(b[n:], answer); err != nil {
		return false, fmt.Errorf("%w: idempotency key", ErrDamaged)
	}
	return true, nil
}

// reused refuses a request that is not that of its key, and says what of it is not.
func (i *idempotency) reused(former []byte) error {
	p := problem(CodeKeyReused, "key", i.differs(former))
	if m, ok := differing[p.Found]; ok {
		_, fixZh, _ := strings.Cut(p.Zh, "；")
		_, fixEn, _ := strings.Cut(p.En, "; ")
		p.Zh, p.En = m.zh+"；"+fixZh, m.en+"; "+fixEn
	}
	return &Refusal{ErrKeyReused, []Problem{p}}
}

// differs names what of a request is not as it was; "" if that is not known. A consent is kept by its id.
func (i *idempotency) differs(former []byte) string {
	var first firstAnswer
	consent := json.Unmarshal(former, &first) != nil
	switch {
	case consent != (i.act == actGrant), first.Act != "" && first.Act != i.act:
		return DiffersOperation
	case !consent && first.Act == "":
		return ""
	case i.licence != "" && !sameLicence(i.licence, first.Identifier):
		return DiffersLicence
	}
	return DiffersContent
}

// sameLicence compares identifiers without their versions and whatever else is only a way to write them.
func sameLicence(a, b string) bool {
	one, errOne := code.ParseIdentifier(a)
	two, errTwo := code.ParseIdentifier(b)
	return errOne == nil && errTwo == nil &&
		one.Type == two.Type && one.Issuer == two.Issuer && one.Serial == two.Serial
}

// keep stores the answer in the transaction of the act, in which replay has found the key to be new.
func (i *idempotency) keep(w engine.Writer, answer any) error { return i.store(w.Put, answer) }

// keepNew is keep where replay was not asked.
func (i *idempotency) keepNew(w engine.Writer, answer any) error { return i.store(w.Create, answer) }

func (i *idempotency) store(put func(key, value []byte) error, answer any) error {
	if first, ok := answer.(*Answer); ok {
		answer = firstAnswer{*first, i.act}
	}
	b, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("vault: encoding an answer: %w", err)
	}
	return put(i.key, append(i.request[:len(i.request):len(i.request)], b...))
}
