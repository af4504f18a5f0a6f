package http1

import (
	"net/http"
	"testing"
)

func TestAppendStatusLine(t *testing.T) {
	for status, want := range map[int]string{
		100: "HTTP/1.1 100 Continue\r\n",
		200: "HTTP/1.1 200 OK\r\n",
		431: "HTTP/1.1 431 Request Header Fields Too Large\r\n",
		299: "HTTP/1.1 299 \r\n",
		599: "HTTP/1.1 599 \r\n",
		99:  "HTTP/1.1 500 Internal Server Error\r\n",
		600: "HTTP/1.1 500 Internal Server Error\r\n",
		0:   "HTTP/1.1 500 Internal Server Error\r\n",
		-1:  "HTTP/1.1 500 Internal Server Error\r\n",
	} {
		if got := string(AppendStatusLine([]byte("x"), status)); got != "x"+want {
			t.Errorf("status %d gives %q, want %q", status, got, want)
		}
	}
}

// The table agrees with net/http, except for newer names and for the statuses that we leave out.
func TestStatusText(t *testing.T) {
	newer := map[int]string{413: "Content Too Large", 414: "URI Too Long", 416: "Range Not Satisfiable",
		422: "Unprocessable Content"}
	absent := map[int]bool{102: true, 103: true, 207: true, 208: true, 226: true, 418: true, 423: true,
		424: true,
		425: true, 451: true, 506: true, 507: true, 508: true, 510: true}
	for status := -1; status < 1000; status++ {
		want := http.StatusText(status)
		if name, ok := newer[status]; ok {
			want = name
		}
		if absent[status] {
			want = ""
		}
		if got := StatusText(status); got != want {
			t.Errorf("StatusText(%d) = %q, want %q", status, got, want)
		}
	}
}

// Every error has a reason, and a registered status of class 4xx or 5xx.
func TestErrorsHaveAStatus(t *testing.T) {
	for _, c := range refused {
		if c.want.Status < 400 || StatusText(c.want.Status) == "" || c.want.Reason == "" {
			t.Errorf("%v: want a status of class 4xx or 5xx and a reason", c.want)
		}
	}
}
