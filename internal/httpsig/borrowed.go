package httpsig

import "bytes"

// IsBase tells the text that the signature on a request covers (RFC 9421, 2.5): lines of components, of which the last
// names them. A signature over it as a file would be one on the request too.
func IsBase(content []byte) bool {
	last := content[bytes.LastIndexByte(content, '\n')+1:]
	return len(content) > 0 && content[0] == '"' && bytes.HasPrefix(last, []byte(paramsLine))
}
