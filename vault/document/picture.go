package document

import (
	"fmt"

	"github.com/elicense/elicense/internal/page"
)

// picture reads the head of a picture.
func picture(data []byte) (*page.Picture, error) {
	if len(data) > MaxImageBytes {
		return nil, fmt.Errorf("%w: larger than %d bytes", ErrImage, MaxImageBytes)
	}
	return page.ParsePicture(data)
}
