package tracetest

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// response is what is expected of a response, or of several.
type response struct {
	status int
	times  int
	has    []field // value "" means any
	no     []string
	body   []byte
	exact  bool // body is what must come; else anything of the announced length
	none   bool // no body comes, whatever is announced
}

type field struct{ name, value string }

// allows reports whether got is the value that f expects.
func (f field) allows(got string) bool {
	begin, open := strings.CutSuffix(f.value, "...")
	return f.value == "" || got == f.value || open && strings.HasPrefix(got, begin)
}

// maxHead is the most bytes of a response's status line and header fields.
const maxHead = 64 << 10

// dateMask stands in the log where the value of a Date was, which differs from
// second to second.
const dateMask = "***, ** *** **** **:**:** GMT"

var (
	statusLine = regexp.MustCompile(`^HTTP/1\.1 [1-5][0-9][0-9] [A-Z][A-Za-z -]*$`)
	fieldLine  = regexp.MustCompile("^[A-Za-z0-9-]+: [!-~]([ -~]*[!-~])?$")
	date       = regexp.MustCompile(`^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} [0-2]\d:[0-5]\d:[0-6]\d GMT$`)
)

// upgraded is the response to the item handshake.
func upgraded() *response {
	return &response{status: 101, times: 1, none: true, has: []field{
		{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Accept", Accept},
	}}
}

// parse parses a line has, no or body.
func (r *response) parse(word, rest string) error {
	switch word {
	case "has":
		name, value, colon := strings.Cut(rest, ":")
		if value = strings.TrimSpace(value); name == "" || colon && value == "" {
			return fmt.Errorf("want a field: < has ETag, or < has Content-Length: 5, not %q", rest)
		}
		r.has = append(r.has, field{name, value})
		return nil
	case "no":
		if rest == "" || strings.Contains(rest, ":") {
			return fmt.Errorf("want the name of a field: < no Connection, not %q", rest)
		}
		r.no = append(r.no, rest)
		return nil
	}
	if rest == "none" {
		r.none = true
		return nil
	}
	var err error
	r.exact = true
	if rest != `""` {
		r.body, err = parseItems(rest, false)
	}
	return err
}

func (r *response) match(p *player) error {
	for i := range r.times {
		if err := r.matchOne(p); err != nil && r.times > 1 {
			return fmt.Errorf("response %d of %d: %w", i+1, r.times, err)
		} else if err != nil {
			return err
		}
	}
	return nil
}

func (r *response) matchOne(p *player) error {
	head, fields, err := readHead(p)
	if err != nil {
		return fmt.Errorf("want a response with status %d\n%w", r.status, err)
	}
	p.fields = fields
	if err := r.check(head, fields); err != nil {
		return fmt.Errorf("%w\ngot  %s", err, describe([]byte(head)))
	}
	size, err := r.bodySize(fields)
	if err != nil {
		return err
	}
	if r.exact {
		return p.want(r.body)
	}
	for len(p.got) < size {
		if err := p.more(patience); err != nil {
			return fmt.Errorf("want a body of %d bytes, got %d: %w", size, len(p.got), reason(err))
		}
	}
	p.took(size)
	return nil
}

// readHead reads a response's status line and header fields, and logs them with the Date masked.
func readHead(p *player) (head string, fields []field, err error) {
	end := -1
	for {
		if end = bytes.Index(p.got, []byte("\r\n\r\n")); end >= 0 || len(p.got) > maxHead {
			break
		}
		if err := p.more(patience); err != nil {
			return "", nil, fmt.Errorf("got  %s\n%w", describe(p.got), reason(err))
		}
	}
	if end < 0 {
		return "", nil, fmt.Errorf("got no end of a head: %s", describe(p.got))
	}
	head = string(p.got[:end])
	p.got = p.got[end+4:]
	lines := strings.Split(head, "\r\n")
	for i, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		if i > 0 {
			fields = append(fields, field{name, value})
		}
		if i > 0 && strings.EqualFold(name, "Date") {
			line = name + ": " + dateMask
		}
		p.log = append(append(p.log, line...), "\r\n"...)
	}
	p.log = append(p.log, "\r\n"...)
	return head, fields, nil
}

// check applies the rules for every response, and the expectations of this one.
//
// RFC 9110 6.6.1: "An origin server with a clock MUST generate a Date header
// field in all 2xx (Successful), 3xx (Redirection), and 4xx (Client Error)
// responses".
func (r *response) check(head string, fields []field) error {
	lines := strings.Split(head, "\r\n")
	if !statusLine.MatchString(lines[0]) {
		return fmt.Errorf("want a status line")
	}
	if status := lines[0][9:12]; status != strconv.Itoa(r.status) {
		return fmt.Errorf("want status %d", r.status)
	}
	seen := map[string]string{}
	for i, f := range fields {
		name := strings.ToLower(f.name)
		if _, again := seen[name]; again || !fieldLine.MatchString(lines[i+1]) {
			return fmt.Errorf("want well-formed fields, each once, not %q", lines[i+1])
		}
		seen[name] = f.value
	}
	if r.status >= 200 && r.status < 500 && !date.MatchString(seen["date"]) {
		return fmt.Errorf("want a Date")
	}
	for _, f := range r.has {
		if got, ok := seen[strings.ToLower(f.name)]; !ok || !f.allows(got) {
			return fmt.Errorf("want field %s: %s", f.name, f.value)
		}
	}
	for _, name := range r.no {
		if _, ok := seen[strings.ToLower(name)]; ok {
			return fmt.Errorf("want no field %s", name)
		}
	}
	return nil
}

// bodySize is how many bytes follow the header fields.
//
// RFC 9112 6.3: "any response with a 1xx (Informational), 204 (No Content), or
// 304 (Not Modified) status code is always terminated by the first empty line
// after the header fields".
func (r *response) bodySize(fields []field) (int, error) {
	if r.none || r.status < 200 || r.status == 204 || r.status == 304 {
		return 0, nil
	}
	for _, f := range fields {
		if !strings.EqualFold(f.name, "Content-Length") {
			continue
		}
		n, err := strconv.Atoi(f.value)
		if err == nil && r.exact && n != len(r.body) {
			return 0, fmt.Errorf("want a Content-Length of %d, got %d", len(r.body), n)
		}
		return n, err
	}
	return 0, fmt.Errorf("want a Content-Length")
}
