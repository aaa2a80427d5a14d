package impression

// FirstFont is for the fuzzer.
var FirstFont = firstFont

// Limits, and the sentence for people.
const (
	MaxName   = maxName
	MaxSquare = maxSquare
	RoundMM   = roundMM
	SquareMM  = squareMM
	NoFont    = noFont
)
