package sm2sig

import "github.com/emmansun/gmsm/sm2"

// SignWith signs e with a given nonce; not ok: the standard wants another.
func SignWith(key *sm2.PrivateKey, k, e [32]byte) (r, s [32]byte, ok bool) {
	q, err := newQuick(key)
	if err != nil {
		return r, s, false
	}
	return q.signWith(k, e)
}
