package app

import (
	"bytes"
	"strings"
	"time"

	"threeloops/common/http1"
)

// preferCompressed replaces the file by its compressed sibling, name.gz, if that exists and isn't
// older, and if the client accepts gzip. The sibling is another representation, with its own entity
// tag and length.
func (a *App) preferCompressed(r *http1.Request, name string, res *resource) {
	if !acceptsGzip(r) {
		return
	}
	f, size, modified, err := a.openFile(name + ".gz")
	if err != nil || f == nil {
		return
	}
	if older(modified, res.modified) {
		f.Close() // it belongs to an older version of the file
		return
	}
	res.file.Close()
	res.file, res.size = f, size
	tag := fileTag(f, size, modified)
	res.validators = validators{tag: tag[:len(tag)-1] + `-gz"`, modified: modified}
	res.content = append(res.content, "Content-Encoding: gzip\r\n"...)
	res.coded = true
}

// older reports whether a compressed sibling is older than its file. Many programs copy the time of
// a file with less precision: gzip in whole seconds, a script as a floating-point number. The lost
// digits must not make the sibling older.
func older(sibling, file time.Time) bool {
	precision := time.Microsecond // precision of the seconds as a floating-point number
	for precision < time.Second && sibling.Nanosecond()%int(10*precision) == 0 {
		precision *= 10
	}
	return !sibling.Add(precision).After(file)
}

// compressible reports whether a file with that name may have a compressed sibling. Only text may,
// because the formats of images, audio and video are compressed already.
func compressible(name string) bool {
	t := contentType(name)
	return strings.HasPrefix(t, "text/") || strings.HasSuffix(t, "json") ||
		strings.HasSuffix(t, "xml") || t == "application/wasm"
}

// acceptsGzip reports whether the client accepts the coding gzip. It must name gzip, or "*", with a
// weight above zero. If it also gives a weight for identity, the weight of gzip must not be lower
// (RFC 9110 12.5.3).
func acceptsGzip(r *http1.Request) bool {
	gzip, any, identity := -1, 0, 0 // weights; -1 if not named
	for value := range r.Fields("Accept-Encoding") {
		for member := range bytes.SplitSeq(value, []byte(",")) {
			coding, parameters, _ := bytes.Cut(bytes.Trim(member, " \t"), []byte(";"))
			coding = bytes.TrimRight(coding, " \t")
			switch {
			case bytes.EqualFold(coding, []byte("gzip")), bytes.EqualFold(coding, []byte("x-gzip")):
				gzip = max(gzip, weight(parameters))
			case bytes.EqualFold(coding, []byte("identity")):
				identity = weight(parameters)
			case string(coding) == "*":
				any = weight(parameters)
			}
		}
	}
	if gzip < 0 {
		gzip = any
	}
	return gzip > 0 && gzip >= identity
}

// weight parses the parameters of a list member and returns its weight in thousandths. A weight has
// up to three decimals, and is 1 by default (RFC 9110 12.4.2). For an invalid weight it returns 0,
// and then the client gets plain text, which is always acceptable.
func weight(parameters []byte) int {
	name, value, ok := bytes.Cut(bytes.Trim(parameters, " \t"), []byte("="))
	if !ok && len(name) == 0 {
		return 1000
	}
	whole, decimals, _ := bytes.Cut(value, []byte("."))
	if !bytes.EqualFold(name, []byte("q")) || len(whole) != 1 || len(decimals) > 3 {
		return 0
	}
	n, ok := number([]byte(string(whole) + (string(decimals) + "000")[:3]))
	if !ok || n > 1000 {
		return 0
	}
	return int(n)
}
