package ca

import (
	"context"
	"time"

	"github.com/elicense/elicense/internal/engine"
)

// Band is a part of the expiry radar: certificates that end within so many days and not within those of the band
// before.
type Band struct {
	Days         int
	Certificates []*Found // the first of them, soonest first
	Count        int      // all of them
}

// radarDays are the bands of the radar: when to begin, when to press, when to call.
var radarDays = [...]int{7, 30, 90}

// Radar lists what is about to expire (到期预警) and still matters: valid or on hold, and without a successor. Each band
// holds limit certificates at most and counts the rest.
func (r *Register) Radar(ctx context.Context, actor Actor, limit int) ([]Band, error) {
	if err := actor.check(RoleInspect | RoleEnrol); err != nil {
		return nil, r.refused(ctx, actor, "radar", "", err)
	}
	now := r.now()
	bands := make([]Band, len(radarDays))
	for i := range bands {
		bands[i].Days = radarDays[i]
	}
	err := r.cfg.Engine.View(ctx, func(rd engine.Reader) error {
		for i := range bands {
			bands[i].Certificates, bands[i].Count = nil, 0
		}
		end := dayKey(now.AddDate(0, 0, radarDays[len(radarDays)-1]+1))
		scan := engine.Range{Prefix: key(spaceExpiry), Start: key(spaceExpiry, dayKey(now)), KeysOnly: true}
		return rd.Scan(scan, func(k, _ []byte) (bool, error) {
			if string(k[len(KeyPrefix)+1:][:len(end)]) > string(end) {
				return false, nil
			}
			f, err := stillMatters(rd, k)
			if err != nil || f == nil {
				return err == nil, err
			}
			if b := bandOf(bands, f.Status.NotAfter.Sub(now)); b != nil {
				b.Count++
				if len(b.Certificates) < limit {
					b.Certificates = append(b.Certificates, f)
				}
			}
			return true, nil
		})
	})
	if err != nil {
		return nil, err
	}
	return bands, nil
}

// stillMatters reads the certificate of an expiry key; nil if it is revoked or was renewed.
func stillMatters(r engine.Reader, k []byte) (*Found, error) {
	id, err := idAtEnd(k)
	if err != nil {
		return nil, err
	}
	if _, err := r.Get(successorKey(id)); err == nil {
		return nil, nil //nolint:nilnil // renewed
	}
	f, err := getFound(r, id)
	if err != nil {
		return nil, err
	}
	if f.Status.State == StateRevoked {
		return nil, nil //nolint:nilnil // out of use
	}
	return f, nil
}

// bandOf is the band of a certificate that ends after left; nil for none.
func bandOf(bands []Band, left time.Duration) *Band {
	if left < 0 {
		return nil
	}
	for i := range bands {
		if left <= time.Duration(bands[i].Days)*24*time.Hour {
			return &bands[i]
		}
	}
	return nil
}
