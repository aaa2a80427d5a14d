package conformance

import (
	"context"

	"github.com/elicense/elicense/api"
)

// qualityNow is the department's own account of these days, wherever the service has its midnight.
func (d *day) qualityNow(ctx context.Context) (*api.Quality, error) {
	now := d.cfg.Now()
	return d.cfg.Department.Quality(ctx, now.AddDate(0, 0, -1), now.AddDate(0, 0, 1))
}

// quality expects the department to see what the day has done to the quality of its data.
func quality(ctx context.Context, d *day) error {
	for _, p := range api.ConformanceParts() {
		if d.licences[p.Part] == nil {
			return skipError{"not everything was done that is to be counted"}
		}
	}
	before := d.quality
	now, err := d.qualityNow(ctx)
	if err != nil {
		return err
	}
	if now.Department != d.department {
		return wrong("it is of department %q", now.Department)
	}
	for _, x := range []struct {
		what            string
		before, now, by int
	}{
		{"licences issued", before.Issued, now.Issued, 4},
		{"of them late", before.Late, now.Late, 1},
		{"days late", before.LateDays, now.LateDays, lateDays},
		{"elements that could be filled", before.Elements, now.Elements, 4 * len(d.def.Fields)},
		{"elements filled", before.Filled, now.Filled, 4},
		{"comparisons", before.Compared, now.Compared, bulkRows},
		{"of them different", before.Differed, now.Differed, bulkWrong},
		{"disputes settled", before.Settled, now.Settled, len(d.disputes)},
		{"refused values of " + holderCode, of(before.Fields, holderCode), of(now.Fields, holderCode), 1},
	} {
		if x.now < x.before+x.by {
			return wrong("%s: %d, and before the run %d; expected at least %d more", x.what, x.now, x.before, x.by)
		}
	}
	if len(d.refused) == 0 {
		return skipError{"no call was refused, since earlier steps failed"}
	}
	for _, code := range d.refused {
		if of(now.Refused, code) <= of(before.Refused, code) {
			return wrong("the call that was refused with %s is not counted", code)
		}
	}
	return nil
}

// of is how often something was.
func of(list []api.Count, name string) int {
	for _, c := range list {
		if c.Name == name {
			return c.Count
		}
	}
	return 0
}
