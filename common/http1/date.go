package http1

import "time"

// AppendDate appends t as an IMF-fixdate, such as "Sun, 06 Nov 1994 08:49:37 GMT". A sender must
// use no other form (RFC 9110 5.6.7).
func AppendDate(dst []byte, t time.Time) []byte {
	return t.UTC().AppendFormat(dst, "Mon, 02 Jan 2006 15:04:05 GMT")
}

// ParseDate parses a date in one of the three forms that a recipient must accept. The form must
// match exactly. If the year has two digits, now decides the century. The name of the day must
// exist, but may be wrong for that date.
func ParseDate(v []byte, now time.Time) (time.Time, bool) {
	for _, form := range dateForms {
		if d, ok := scanDate(v, form); ok {
			return d.time(now)
		}
	}
	return time.Time{}, false
}

// dateForms are the forms of RFC 9110 5.6.7, in the notation of strftime(3).
var dateForms = [...]string{
	"%a, %d %b %Y %H:%M:%S GMT", // IMF-fixdate: Sun, 06 Nov 1994 08:49:37 GMT
	"%A, %d-%b-%y %H:%M:%S GMT", // rfc850-date: Sunday, 06-Nov-94 08:49:37 GMT
	"%a %b %e %H:%M:%S %Y",      // asctime-date: Sun Nov  6 08:49:37 1994
}

// date is the result of scanDate. The numbers have the right width but may be out of range.
type date struct {
	year, month, day, hour, minute, second int
	short                                  bool // the year has two digits
}

// scanDate reads all of v in the given form.
func scanDate(v []byte, form string) (d date, ok bool) {
	for ; len(form) > 0; form = form[1:] {
		n := 0 // bytes of v that match this piece of the form; 0: no match
		if form[0] != '%' {
			if len(v) > 0 && v[0] == form[0] {
				n = 1
			}
		} else {
			form = form[1:]
			switch form[0] {
			case 'a':
				_, n = oneOf(v, shortDays[:])
			case 'A':
				_, n = oneOf(v, longDays[:])
			case 'b':
				d.month, n = oneOf(v, months[:])
			case 'd':
				d.day, n = digits(v, 2)
			case 'e':
				if d.day, n = digits(v, 2); n == 0 && len(v) > 0 && v[0] == ' ' {
					d.day, n = digits(v[1:], 1)
					n *= 2
				}
			case 'Y':
				d.year, n = digits(v, 4)
			case 'y':
				d.year, n = digits(v, 2)
				d.short = true
			case 'H':
				d.hour, n = digits(v, 2)
			case 'M':
				d.minute, n = digits(v, 2)
			case 'S':
				d.second, n = digits(v, 2)
			}
		}
		if n == 0 {
			return d, false
		}
		v = v[n:]
	}
	return d, len(v) == 0
}

// time converts a date, and returns false if there is no such time. The second may be 60, which is
// a leap second.
func (d date) time(now time.Time) (time.Time, bool) {
	if d.hour > 23 || d.minute > 59 || d.second > 60 {
		return time.Time{}, false
	}
	if !d.short {
		return d.in(d.year)
	}
	// RFC 9110 5.6.7: "Recipients of a timestamp value in rfc850-date format, which uses a
	// two-digit year, MUST interpret a timestamp that appears to be more than 50 years in the
	// future as representing the most recent year in the past that had the same last two
	// digits." So the year is the last one with these digits for which the date is at most 50
	// years in the future.
	horizon := now.UTC().AddDate(50, 0, 0)
	year := horizon.Year() - (horizon.Year()-d.year)%100
	t, ok := d.in(year)
	if t.After(horizon) {
		return d.in(year - 100)
	}
	return t, ok
}

// in converts the date in the given year, and returns false if the month has no such day.
func (d date) in(year int) (time.Time, bool) {
	t := time.Date(year, time.Month(d.month+1), d.day, d.hour, d.minute, d.second, 0, time.UTC)
	midnight := time.Date(year, time.Month(d.month+1), d.day, 0, 0, 0, 0, time.UTC)
	return t, midnight.Day() == d.day
}

var (
	shortDays = [...]string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}
	longDays  = [...]string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
	months    = [...]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov",
		"Dec"}
)

// oneOf returns the index of the name that v begins with, and the length of that name. The length
// is 0 if v begins with none of them.
func oneOf(v []byte, names []string) (index, n int) {
	for i, name := range names {
		if len(v) >= len(name) && string(v[:len(name)]) == name {
			return i, len(name)
		}
	}
	return 0, 0
}

// digits reads exactly n digits. It returns n as taken, or 0 if v doesn't begin with n digits.
func digits(v []byte, n int) (value, taken int) {
	if len(v) < n || !all(v[:n], inDigit) {
		return 0, 0
	}
	for _, c := range v[:n] {
		value = value*10 + int(c-'0')
	}
	return value, n
}
