package app

import (
	"bytes"
	"strings"

	"threeloops/common/http1"
)

// preferCompressed puts the file's compressed sibling, name.gz, in its place
// where there is one that is not older, and the client accepts gzip. It is a
// representation of its own, with its own entity tag and length.
func (a *App) preferCompressed(r *http1.Request, name string, res *resource) {
	if !acceptsGzip(r) {
		return
	}
	f, size, modified, err := a.o.FS.Open(name + ".gz")
	if err != nil || f == nil {
		return
	}
	if modified.Before(res.modified) {
		f.Close() // of an older version
		return
	}
	res.file.Close()
	res.file, res.size = f, size
	tag := fileTag(size, modified)
	res.validators = validators{tag: tag[:len(tag)-1] + `-gz"`, modified: modified}
	res.fields = append(res.fields, "Content-Encoding: gzip\r\n"...)
}

// compressible reports whether files of that name may have a compressed
// sibling: texts, for the formats of images, sound and video are compressed.
func compressible(name string) bool {
	t := contentType(name)
	return strings.HasPrefix(t, "text/") || strings.HasSuffix(t, "json") ||
		strings.HasSuffix(t, "xml") || t == "application/wasm"
}

// acceptsGzip reports whether the client accepts the coding gzip: names it, or
// all by "*", with a weight that isn't zero (RFC 9110 12.5.3).
func acceptsGzip(r *http1.Request) bool {
	any, gzip, named := false, false, false
	for value := range r.Fields("Accept-Encoding") {
		for member := range bytes.SplitSeq(value, []byte(",")) {
			coding, parameters, _ := bytes.Cut(bytes.Trim(member, " \t"), []byte(";"))
			coding = bytes.TrimRight(coding, " \t")
			switch {
			case bytes.EqualFold(coding, []byte("gzip")), bytes.EqualFold(coding, []byte("x-gzip")):
				gzip, named = !zeroWeight(parameters), true
			case string(coding) == "*":
				any = !zeroWeight(parameters)
			}
		}
	}
	return gzip || any && !named
}

// zeroWeight reports whether parameters are a weight of zero: "not acceptable"
// (RFC 9110 12.4.2).
func zeroWeight(parameters []byte) bool {
	name, value, _ := bytes.Cut(bytes.Trim(parameters, " \t"), []byte("="))
	return bytes.EqualFold(name, []byte("q")) && len(bytes.Trim(value, "0.")) == 0
}
