package sheet

var cfbMagic = []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")

func openXLS(input) (*Book, error)     { return nil, &Error{Code: CodeFormat} }
func openBareXLS(input) (*Book, error) { return nil, &Error{Code: CodeFormat} }
func isBareBIFF([]byte) bool           { return false }
