package verify

import (
	"context"
	"encoding/hex"
	"io"

	"github.com/emmansun/gmsm/sm3"
)

// Input names what was judged by its content, since a name can be given to anything.
type Input struct {
	SM3  string `json:"sm3"` // of the document, in hexadecimal digits
	Size int64  `json:"size"`
	// Content is what a detached signature is over, and Licence what the vault said beside the document; empty if
	// nothing lay there.
	Content string `json:"content_sm3,omitempty"`
	Licence string `json:"licence_sm3,omitempty"`
}

// inputOf hashes a document and what lies beside it. It is read once more for that, after it was judged: whoever gives
// a file that others may change meanwhile gets the digest of what is there then.
func inputOf(ctx context.Context, d *Document) (Input, error) {
	if d.Body == nil || d.Size < 0 { // nothing was there to judge either
		return Input{}, nil
	}
	in := Input{Size: d.Size}
	var err error
	if in.SM3, err = sm3Of(ctx, d.Body, d.Size); err != nil {
		return Input{}, err
	}
	if d.Content != nil {
		if in.Content, err = sm3Of(ctx, d.Content, d.ContentSize); err != nil {
			return Input{}, err
		}
	}
	if d.Licence != nil {
		sum := sm3.Sum(d.Licence)
		in.Licence = hex.EncodeToString(sum[:])
	}
	return in, nil
}

func sm3Of(ctx context.Context, r io.ReaderAt, size int64) (string, error) {
	h := sm3.New()
	const piece = 1 << 20
	for at := int64(0); at < size; at += piece {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		if _, err := io.CopyN(h, io.NewSectionReader(r, at, size-at), min(piece, size-at)); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
