package app

import (
	"bytes"
	"strings"
	"time"

	"threeloops/common/http1"
)

// preferCompressed puts the file's compressed sibling, name.gz, in its place
// where there is one that is not older, and the client accepts gzip. It is a
// representation of its own, with its own entity tag and length.
func (a *App) preferCompressed(r *http1.Request, name string, res *resource) {
	if !acceptsGzip(r) {
		return
	}
	f, size, modified, err := a.openFile(name + ".gz")
	if err != nil || f == nil {
		return
	}
	if older(modified, res.modified) {
		f.Close() // of an older version
		return
	}
	res.file.Close()
	res.file, res.size = f, size
	tag := fileTag(f, size, modified)
	res.validators = validators{tag: tag[:len(tag)-1] + `-gz"`, modified: modified}
	res.content = append(res.content, "Content-Encoding: gzip\r\n"...)
	res.coded = true
}

// older reports whether a compressed sibling is from before its file was modified. Many
// programs copy a file's time less precisely than it is: gzip in whole seconds, a script
// as a floating-point number. What the sibling's time leaves out can't make it older.
func older(sibling, file time.Time) bool {
	precision := time.Microsecond // of a floating-point number of seconds
	for precision < time.Second && sibling.Nanosecond()%int(10*precision) == 0 {
		precision *= 10
	}
	return !sibling.Add(precision).After(file)
}

// compressible reports whether files of that name may have a compressed
// sibling: texts, because the formats of images, sound and video are compressed.
func compressible(name string) bool {
	t := contentType(name)
	return strings.HasPrefix(t, "text/") || strings.HasSuffix(t, "json") ||
		strings.HasSuffix(t, "xml") || t == "application/wasm"
}

// acceptsGzip reports whether the client accepts the coding gzip: names it, or
// all by "*", with a weight that isn't zero, nor below that of the plain text
// where it gives that one too (RFC 9110 12.5.3).
func acceptsGzip(r *http1.Request) bool {
	gzip, any, identity := -1, 0, 0 // weights; -1: not named
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

// weight parses a member's parameters. Weights have up to three decimals, and
// are 1 unless said otherwise (RFC 9110 12.4.2); ours are in thousandths. What is
// no weight at all makes the member unacceptable: plain text harms nobody.
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
