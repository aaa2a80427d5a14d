package api

// PaperScans are the scans (扫描件) of the papers behind a licence that was converted.
type PaperScans struct {
	Scans []PaperScan `json:"scans"`
}

// PaperScan is one of them. Its content is for the department alone.
type PaperScan struct {
	Version int    `json:"version" doc:"that was converted from the paper"`
	Batch   string `json:"batch" doc:"conversion that brought it"`
	Digest  string `json:"digest" doc:"SM3, hexadecimal"`
}

// SampleRequest draws licences of a conversion to be held against their papers (抽样核对).
type SampleRequest struct {
	Number int    `json:"number" minimum:"1" maximum:"500" doc:"how many"`
	Seed   uint64 `json:"seed,omitempty" doc:"the same seed draws the same licences"`
}

// Sample is what was drawn.
type Sample struct {
	Rows []SampledRow `json:"rows"`
}

// SampledRow is one licence of a sample, with everything on its face.
type SampledRow struct {
	Row     int      `json:"row" doc:"in the ledger"`
	Outcome string   `json:"outcome" enum:"created,updated"`
	Licence Licence  `json:"licence"`
	Scans   []string `json:"scans,omitempty" doc:"SM3 of each scan, hexadecimal"`
}
