package compare

import (
	"math"
	"slices"
)

// Spread is a sample's quartiles.
type Spread struct {
	Low  float64 `json:"low"`  // a quarter is below
	Mid  float64 `json:"mid"`  // half is
	High float64 `json:"high"` // three quarters are
}

// SpreadOf returns the quartiles of values; zero if there are none.
func SpreadOf(values []float64) Spread {
	v := slices.Sorted(slices.Values(values))
	return Spread{quantile(v, 0.25), quantile(v, 0.5), quantile(v, 0.75)}
}

// quantile interpolates between the two values of a sorted list that are nearest.
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

// Relative is the distance of the quartiles as a part of the median.
func (s Spread) Relative() float64 {
	if s.Mid == 0 {
		return 0
	}
	return (s.High - s.Low) / s.Mid
}

// level is how often a difference may be claimed where there is none.
const level = 0.05

// Ratios are the quotients a/b of the rounds that have both.
func Ratios(a, b []float64) (r []float64) {
	for i := range min(len(a), len(b)) {
		if a[i] > 0 && b[i] > 0 { // NaN neither
			r = append(r, a[i]/b[i])
		}
	}
	return r
}

// Different reports whether ratios support that two servers differ: by a two-sided sign test, which asks only
// in how many rounds one was ahead, and so isn't misled by a few wild ones.
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
