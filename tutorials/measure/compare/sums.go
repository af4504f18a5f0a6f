package compare

import (
	"math"
	"slices"
)

// Spread holds the quartiles of a sample.
type Spread struct {
	Low  float64 `json:"low"`  // a quarter of the values is below this
	Mid  float64 `json:"mid"`  // half of the values are below this
	High float64 `json:"high"` // three quarters of the values are below this
}

// SpreadOf returns the quartiles of values, or zeros if there are none.
func SpreadOf(values []float64) Spread {
	v := slices.Sorted(slices.Values(values))
	return Spread{quantile(v, 0.25), quantile(v, 0.5), quantile(v, 0.75)}
}

// quantile interpolates between the two nearest values of a sorted list.
func quantile(v []float64, q float64) float64 {
	if len(v) == 0 {
		return 0
	}
	at := q * float64(len(v)-1)
	i := int(at)
	if i+1 == len(v) {
		return v[i]
	}
	return v[i] + (at-float64(i))*(v[i+1]-v[i])
}

// Relative returns the distance between the outer quartiles as a part of the median.
func (s Spread) Relative() float64 {
	if s.Mid == 0 {
		return 0
	}
	return (s.High - s.Low) / s.Mid
}

// level is how often a difference may be claimed that doesn't exist.
const level = 0.05

// Ratios returns the quotients a/b of the rounds that have both values.
func Ratios(a, b []float64) (r []float64) {
	for i := range min(len(a), len(b)) {
		if a[i] > 0 && b[i] > 0 { // false for NaN too
			r = append(r, a[i]/b[i])
		}
	}
	return r
}

// Different reports whether ratios support that two servers differ. It uses a two-sided sign test,
// which counts only in how many rounds each server was ahead, so that a few extreme rounds don't
// mislead it.
func Different(ratios []float64) bool {
	above, below := 0, 0
	for _, r := range ratios {
		switch {
		case r > 1:
			above++
		case r < 1:
			below++
		}
	}
	n, k := above+below, min(above, below)
	p, choose := 0.0, 1.0 // n over i
	for i := 0; i <= k; i++ {
		p += choose
		choose *= float64(n-i) / float64(i+1)
	}
	return n > 0 && 2*p*math.Pow(0.5, float64(n)) <= level
}
