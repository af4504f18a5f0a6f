package http1

import (
	"net/http"
	"testing"
	"time"
)

var epoch = time.Date(1994, 11, 6, 8, 49, 37, 0, time.UTC) // the RFC's example

func TestParseDate(t *testing.T) {
	at := func(year, month, day, hour, minute, second int) time.Time {
		return time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	}
	now := at(2026, 11, 21, 12, 0, 0)
	for _, c := range []struct {
		rule string
		in   string
		want time.Time // zero if the date is invalid
	}{
		{"an IMF-fixdate", "Sun, 06 Nov 1994 08:49:37 GMT", epoch},
		{"an rfc850-date", "Sunday, 06-Nov-94 08:49:37 GMT", epoch},
		{"an asctime-date", "Sun Nov  6 08:49:37 1994", epoch},
		{"an asctime-date with a day of two digits", "Wed Nov 16 08:49:37 1994", epoch.AddDate(0, 0, 10)},
		{"an asctime-date whose day begins with a zero", "Sun Nov 06 08:49:37 1994", epoch},
		{"a wrong day of the week is ignored", "Mon, 06 Nov 1994 08:49:37 GMT", epoch},
		{"two digits: less than 50 years ahead", "Saturday, 21-Nov-76 11:59:59 GMT", at(2076, 11, 21, 11, 59,
			59)},
		{"two digits: exactly 50 years ahead", "Saturday, 21-Nov-76 12:00:00 GMT", at(2076, 11, 21, 12, 0,
			0)},
		{"two digits: more than 50 years ahead means the past", "Saturday, 21-Nov-76 12:00:01 GMT", at(1976, 11,
			21, 12, 0, 1)},
		{"two digits: the year after that", "Friday, 01-Jan-77 00:00:00 GMT", at(1977, 1, 1, 0, 0, 0)},
		{"two digits: this year", "Friday, 01-Jan-26 00:00:00 GMT", at(2026, 1, 1, 0, 0, 0)},
		{"two digits: the turn of the century", "Saturday, 01-Jan-00 00:00:00 GMT", at(2000, 1, 1, 0, 0, 0)},
		{"a leap day", "Thu, 29 Feb 2024 00:00:00 GMT", at(2024, 2, 29, 0, 0, 0)},
		{"a leap second", "Sat, 31 Dec 2016 23:59:60 GMT", at(2017, 1, 1, 0, 0, 0)},

		{"no leap day", "Wed, 29 Feb 2023 00:00:00 GMT", time.Time{}},
		{"no leap day, two digits", "Wednesday, 29-Feb-23 00:00:00 GMT", time.Time{}},
		{"no day 0", "Sun, 00 Nov 1994 08:49:37 GMT", time.Time{}},
		{"no day 31", "Sun, 31 Nov 1994 08:49:37 GMT", time.Time{}},
		{"no hour 24", "Sun, 06 Nov 1994 24:49:37 GMT", time.Time{}},
		{"no minute 60", "Sun, 06 Nov 1994 08:60:37 GMT", time.Time{}},
		{"no second 61", "Sun, 06 Nov 1994 08:49:61 GMT", time.Time{}},
		{"an unknown name of a day", "Son, 06 Nov 1994 08:49:37 GMT", time.Time{}},
		{"an unknown name of a month", "Sun, 06 Okt 1994 08:49:37 GMT", time.Time{}},
		{"names in lower case", "sun, 06 nov 1994 08:49:37 gmt", time.Time{}},
		{"a time zone other than GMT", "Sun, 06 Nov 1994 08:49:37 CET", time.Time{}},
		{"GMT is missing", "Sun, 06 Nov 1994 08:49:37", time.Time{}},
		{"a blank after the date", "Sun, 06 Nov 1994 08:49:37 GMT ", time.Time{}},
		{"a blank before the date", " Sun, 06 Nov 1994 08:49:37 GMT", time.Time{}},
		{"one digit for the day", "Sun, 6 Nov 1994 08:49:37 GMT", time.Time{}},
		{"a letter among the digits of the year", "Sun, 06 Nov 19a4 08:49:37 GMT", time.Time{}},
		{"two blanks and no digit", "Sun Nov    08:49:37 1994", time.Time{}},
		{"nothing but a day of the week", "Sun", time.Time{}},
		{"an empty date", "", time.Time{}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			got, ok := ParseDate([]byte(c.in), now)
			if ok != !c.want.IsZero() || ok && !got.Equal(c.want) {
				t.Errorf("ParseDate(%q) = %v, %v, want %v", c.in, got, ok, c.want)
			}
		})
	}
}

func TestAppendDate(t *testing.T) {
	abroad := epoch.In(time.FixedZone("", 3600))
	if got, want := string(AppendDate([]byte("Date: "), abroad)),
		"Date: Sun, 06 Nov 1994 08:49:37 GMT"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A date that AppendDate writes is parsed as the same time, and so are the other two forms of it.
func FuzzDate(f *testing.F) {
	f.Add(epoch.Unix(), epoch.Unix())
	f.Add(int64(0), int64(0))
	f.Fuzz(func(t *testing.T, sec, since int64) {
		at := time.Unix(sec, 0).UTC()
		now := at.Add(time.Duration(since%(50*365*86400)) * time.Second)
		if at.Year() < 100 || at.Year() > 9900 {
			t.Skip("the year doesn't have four digits")
		}
		if got, want := string(AppendDate(nil, at)), at.Format(http.TimeFormat); got != want {
			t.Errorf("AppendDate(%v) = %q, want %q", at, got, want)
		}
		for _, form := range []string{time.ANSIC, "Monday, 02-Jan-06 15:04:05 GMT", http.TimeFormat} {
			in := at.Format(form)
			if got, ok := ParseDate([]byte(in), now); !ok || !got.Equal(at) {
				t.Errorf("ParseDate(%q) in %v = %v, %v", in, now, got, ok)
			}
		}
	})
}
