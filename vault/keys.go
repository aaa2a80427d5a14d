package vault

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/vault/record"
)

// Key spaces of the vault's engine. What stands for a person, a number or a name in a key is a token: HMAC-SM3 under
// the vault's token key. docs/formats.md describes every value.
const (
	spaceHead          = 'l' // licence -> head: its summary and version counter
	spaceVersion       = 'v' // licence, version -> record, signature, disclosures
	spaceEvent         = 'e' // licence, number -> event with its salt and place
	spaceNumber        = 'n' // type, token(number), issuer -> licence
	spaceHolder        = 'h' // token(holder), licence -> type
	spaceIssuer        = 'i' // issuer, type, licence -> nothing
	spaceExpiry        = 'x' // last day of validity, licence -> nothing
	spaceDocument      = 'd' // licence, number -> document
	spaceBlob          = 'B' // address of a blob in use -> digest of its content
	spacePaper         = 'p' // type, issuer, token(paper serial) -> licence
	spaceReserved      = 'r' // licence -> reservation
	spaceSequence      = 'q' // type, issuer, scope -> last number allocated
	spaceAllocated     = 'Q' // type, issuer, scope, number -> licence
	spaceIdempotency   = 'k' // token(caller, key) -> digest of the request, answer
	spaceType          = 't' // type -> current definition
	spaceTypeVersion   = 'T' // type, version -> definition and who put it
	spaceCaller        = 'c' // caller -> registration
	spaceConsent       = 'o' // consent -> who may see whose licences
	spaceHolderConsent = 'y' // token(holder), consent -> nothing
	spaceComplete      = 'f' // type, issuer -> declared state of conversion
	spaceBatch         = 'b' // batch -> its account
	spaceBatchOpen     = 'O' // batch -> nothing: look-ups may see it
	spaceBatchGroup    = 'g' // batch, group -> outcome of each row
	spaceBatchSeen     = 'u' // batch, licence -> row that changed nothing
	spaceScan          = 'S' // token(digest) of a scan -> its blob's address
	spaceImage         = 'I' // licence, token(licence, digest) of an image -> its blob's address
	spaceGuess         = 'z' // day, token(caller, subject) -> comparisons that failed
	spaceStaged        = 's' // staging place -> leaves that wait for the ledger
	spaceStream        = 'w' // first leaf's index -> the leaves of one transaction
	spacePlace         = 'P' // staging place -> first leaf's index
	spaceTile          = 'm' // level, index -> hashes of the Merkle tree
	spaceTree          = 'M' // -> size and root
	spaceCheckpoint    = 'C' // size -> signed checkpoint
	spaceLastSigned    = 'N' // -> size and root of the newest signed checkpoint
	spaceAudit         = 'a' // number -> audit entry
	spaceAuditHead     = 'A' // -> number and digest of the last entry
	spaceMessage       = 'J' // id of a message, kind, audit entry or event that belongs to it -> nothing
	spaceMessagesTo    = 'K' // -> number of the last audit entry that was looked at for spaceMessage
	spaceSeen          = 'H' // token(holder), audit entry that shows who looked -> nothing
	spaceLoss          = 'L' // first leaf -> what a restore has lost
	spaceSkipped       = 'j' // type, issuer, scope, first number -> last number passed over, and for which loss
	spaceOpening       = 'F' // sequence number in the feed -> a batch that was opened there, or a notice
	spaceNotice        = 'D' // kind, object -> sequence number of its notice
	spaceRestored      = 'R' // present after a restore until the vault has caught up
)

// licenceID names a licence in keys: the first 16 bytes of the token of its identifier without version and check.
type licenceID [16]byte

// token is a keyed name for something that must not stand in a key.
type token [16]byte

func (v *Vault) token(domain string, parts ...[]byte) token {
	full := v.cfg.Tokens.Token(domain, parts...)
	return token(full[:16])
}

func (v *Vault) licenceID(typeCode, issuer, serial string) licenceID {
	return licenceID(v.token("licence", []byte(typeCode), []byte(issuer), []byte(serial)))
}

func (v *Vault) holderToken(kind, code string) token {
	return v.token("holder", []byte(kind), []byte(code))
}

// holderTokens gives the tokens of a licence's holders: none without a code, several for a joint licence, whose codes
// stand side by side with '^' between them.
func (v *Vault) holderTokens(kind, codes string) []token {
	if codes == "" {
		return nil
	}
	if !strings.Contains(codes, "^") {
		return []token{v.holderToken(kind, codes)}
	}
	var list []token
	for one := range strings.SplitSeq(codes, "^") {
		if t := v.holderToken(kind, one); one != "" && !slices.Contains(list, t) {
			list = append(list, t)
		}
	}
	return list
}

// key joins a space and parts. Parts that are not last have a fixed length or end with a zero byte.
func key(space byte, parts ...[]byte) []byte {
	n := 1
	for _, p := range parts {
		n += len(p)
	}
	k := make([]byte, 1, n)
	k[0] = space
	for _, p := range parts {
		k = append(k, p...)
	}
	return k
}

// word is a key part of variable length; such words hold no zero byte.
func word(s string) []byte { return append([]byte(s), 0) }

// be16 is for versions, which stay below 1000.
func be16(n int) []byte {
	return binary.BigEndian.AppendUint16(nil, uint16(n)) //nolint:gosec // see above
}

func be32(n int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) } //nolint:gosec // callers bound n

func be64(n uint64) []byte {
	return binary.BigEndian.AppendUint64(nil, n)
}

func dateKey(d record.Date) []byte {
	n := d.Year*10000 + int(d.Month)*100 + d.Day
	return binary.BigEndian.AppendUint32(nil, uint32(n)) //nolint:gosec // a valid date
}

func blobKey(a blob.Address) []byte { return key(spaceBlob, a[:]) }

func headKey(id licenceID) []byte { return key(spaceHead, id[:]) }

func versionKey(id licenceID, version int) []byte { return key(spaceVersion, id[:], be16(version)) }

func eventKey(id licenceID, number int) []byte { return key(spaceEvent, id[:], be32(number)) }

func (v *Vault) numberPrefix(typeCode, number string) []byte {
	t := v.token("number", []byte(typeCode), []byte(number))
	return key(spaceNumber, word(typeCode), t[:])
}

func (v *Vault) numberKey(typeCode, issuer, number string) []byte {
	return append(v.numberPrefix(typeCode, number), issuer...)
}

func holderKey(holder token, id licenceID) []byte { return key(spaceHolder, holder[:], id[:]) }

func issuerKey(issuer, typeCode string, id licenceID) []byte {
	return key(spaceIssuer, word(issuer), word(typeCode), id[:])
}

func expiryKey(until record.Date, id licenceID) []byte {
	return key(spaceExpiry, dateKey(until), id[:])
}

func (v *Vault) paperKey(typeCode, issuer, paper string) []byte {
	t := v.token("paper", []byte(paper))
	return key(spacePaper, word(typeCode), word(issuer), t[:])
}
