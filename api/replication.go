package api

// TransferRequest asks for a licence, from one of its events on, to be carried into another vault (A75).
type TransferRequest struct {
	Identifier string `json:"identifier" minLength:"1" maxLength:"200" doc:"电子证照标识, of any version"`
	From       int    `json:"from" minimum:"1" doc:"number of the first event wanted"`
}

// Transfer is part of a licence on its way. Content is for the other vault to read and for nobody to change.
type Transfer struct {
	Identifier string `json:"identifier"`
	Next       int    `json:"next" doc:"number of the event behind the last"`
	More       bool   `json:"more" doc:"there are events from next on"`
	Content    []byte `json:"content"`

	Apart []string `json:"apart,omitempty" doc:"SM3 of contents that are too large to come along: fetch each and hand it over before the import"`
}

// ImportRequest hands a transfer to the vault that takes the licence over.
type ImportRequest struct {
	Content []byte        `json:"content" doc:"of a transfer"`
	Kept    []KeptContent `json:"kept,omitempty" maxItems:"100" doc:"contents that came before, where the transfer has such apart"`
}

// KeptContent is a content that was handed over before the import which names it, within the hour.
type KeptContent struct {
	Digest  string `json:"digest" pattern:"^[0-9a-f]{64}$" patternDescription:"SM3 in hexadecimal"`
	Address string `json:"address" pattern:"^[0-9a-f]{64}$" patternDescription:"as it was answered"`
}

// Imported is what became of a transfer.
type Imported struct {
	Identifier string `json:"identifier"`
	Events     int    `json:"events" doc:"of the licence that are here now"`
	Added      int    `json:"added"`
	State      string `json:"state" doc:"by events"`
}
