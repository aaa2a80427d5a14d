package provider_test

import (
	"errors"
	"io"
	"net/http"
)

// copyAll reads an answer to its end.
func copyAll(w io.Writer, res *http.Response) (int64, error) {
	n, err := io.Copy(w, res.Body)
	return n, errors.Join(err, res.Body.Close())
}
