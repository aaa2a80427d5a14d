package vault

import (
	"bytes"

	"github.com/elicense/elicense/internal/engine"
)

// indexed looks a licence up in every index that must name it.
func (ip *inspector) indexed(name string, id licenceID, h *head) error {
	if h.version == 0 {
		return nil
	}
	keys := [][]byte{issuerKey(h.issuer, h.typeCode, id)}
	for _, holder := range h.holders {
		keys = append(keys, holderKey(holder, id))
	}
	if !h.until.IsZero() {
		keys = append(keys, expiryKey(h.until, id))
	}
	for _, k := range keys {
		if _, err := ip.r.Get(k); err != nil {
			ip.in.find(name, "index %c does not name it", k[0])
		}
	}
	return nil
}

// indexes looks for entries that name a licence which does not answer to them.
func (ip *inspector) indexes() error {
	for _, space := range []byte{spaceHolder, spaceIssuer, spaceExpiry} {
		err := ip.r.Scan(engine.Range{Prefix: []byte{space}}, func(k, value []byte) (bool, error) {
			if len(k) < 17 {
				ip.in.find("index", "malformed key in %c", space)
				return true, nil
			}
			return true, ip.entry(space, k, value)
		})
		if err != nil {
			return err
		}
	}
	if err := ip.pointers(spaceNumber, ip.numbers); err != nil {
		return err
	}
	if err := ip.pointers(spacePaper, ip.papers); err != nil {
		return err
	}
	return ip.messageIndex()
}

// messageIndex holds the index of messages against the audit and the events, which were counted before.
func (ip *inspector) messageIndex() error {
	n := 0
	err := ip.r.Scan(engine.Range{Prefix: []byte{spaceMessage}}, func(k, value []byte) (bool, error) {
		n++
		var f Trail
		ok := len(k) > 17 && len(value) == 0 && f.add(ip.r, k[17:]) == nil
		for i := range f.Entries {
			ok = ok && bytes.HasPrefix(k, messageKey(f.Entries[i].Message, messageAudit))
		}
		for i := range f.Events {
			ok = ok && bytes.HasPrefix(k, messageKey(f.Events[i].Message, messageEvent))
		}
		if !ok {
			ip.in.find("index", "an entry in %c leads to what does not bear its message", spaceMessage)
		}
		return true, nil
	})
	if n != ip.messages {
		ip.in.find("index", "%c has %d entries, audit and events have %d", spaceMessage, n, ip.messages)
	}
	return err
}

// pointers counts the entries of an index from tokens to licences: each licence was found in it, so one too many is
// wrong.
func (ip *inspector) pointers(space byte, want int) error {
	n := 0
	err := ip.r.Scan(engine.Range{Prefix: []byte{space}}, func(_, value []byte) (bool, error) {
		n++
		if len(value) != 16 {
			ip.in.find("index", "malformed entry in %c", space)
			return true, nil
		}
		h, err := getHead(ip.r, licenceID(value))
		if err == nil && h == nil {
			ip.in.find("index", "%c leads to no licence", space)
		}
		return true, err
	})
	if n != want {
		ip.in.find("index", "%c has %d entries, the licences have %d", space, n, want)
	}
	return err
}

func (ip *inspector) entry(space byte, k, value []byte) error {
	id := licenceID(k[len(k)-16:])
	h, err := getHead(ip.r, id)
	if err != nil {
		return err
	}
	if h == nil {
		ip.in.find("index", "%c names no licence", space)
		return nil
	}
	ok := false
	switch space {
	case spaceIssuer:
		ok = bytes.Equal(k, issuerKey(h.issuer, h.typeCode, id)) && len(value) == 0
	case spaceExpiry:
		ok = bytes.Equal(k, expiryKey(h.until, id)) && len(value) == 0
	case spaceHolder:
		for _, holder := range h.holders {
			ok = ok || bytes.Equal(k, holderKey(holder, id)) && string(value) == h.typeCode
		}
	}
	if !ok {
		ip.in.find(h.identifier(max(h.version, 1)), "index %c names it wrongly", space)
	}
	return nil
}
