package client

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/api"
)

// partBytes is how much of a file is fetched at once: it is held in memory, and fetched again if the connection fails.
const partBytes = 16 << 20

// ErrFile is a file that did not come as the service had announced it.
var ErrFile = errors.New("client: not the file that was announced")

// Save writes the content of a file of one's own to w, as the result of a job, part by part, and holds it against the
// size and digest that were told of it. What was written before an error is not the file.
func (c *Client) Save(ctx context.Context, f api.File, w io.Writer) error {
	digest := sm3.New()
	for at := int64(0); at < f.Size; {
		n := min(c.part, f.Size-at)
		part, err := c.filePart(ctx, f.ID, at, n)
		if err != nil {
			return err
		}
		digest.Write(part)
		if _, err := w.Write(part); err != nil {
			return err
		}
		at += n
	}
	if hex.EncodeToString(digest.Sum(nil)) != f.Digest {
		return ErrFile
	}
	return nil
}

func (c *Client) filePart(ctx context.Context, id string, at, n int64) ([]byte, error) {
	var part []byte
	r := Request{Method: http.MethodGet, Path: "/files/" + url.PathEscape(id), Into: &part}
	err := c.Do(ctx, r, func(one *call) {
		one.header.Set("Range", fmt.Sprintf("bytes=%d-%d", at, at+n-1))
	})
	if err == nil && int64(len(part)) != n {
		err = ErrFile
	}
	return part, err
}
