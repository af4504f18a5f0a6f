package app

import "strings"

// typeField is the line that says how to read a file of that name.
func typeField(name string) []byte { return []byte("Content-Type: " + contentType(name) + "\r\n") }

// contentType tells a media type by the name's extension. The table is ours,
// because package mime reads files of the system, and then the same request
// would have other answers on another machine.
func contentType(name string) string {
	dot := strings.LastIndexByte(name, '.')
	if dot < strings.LastIndexByte(name, '/') || dot < 0 {
		return "application/octet-stream"
	}
	switch strings.ToLower(name[dot+1:]) {
	case "html", "htm":
		return "text/html; charset=utf-8"
	case "css":
		return "text/css; charset=utf-8"
	case "js", "mjs":
		return "text/javascript; charset=utf-8"
	case "txt", "md", "go", "c", "h":
		return "text/plain; charset=utf-8"
	case "json", "map":
		return "application/json"
	case "xml":
		return "application/xml"
	case "csv":
		return "text/csv; charset=utf-8"
	case "svg":
		return "image/svg+xml"
	case "png":
		return "image/png"
	case "jpg", "jpeg":
		return "image/jpeg"
	case "gif":
		return "image/gif"
	case "webp":
		return "image/webp"
	case "avif":
		return "image/avif"
	case "ico":
		return "image/x-icon"
	case "wasm":
		return "application/wasm"
	case "woff2":
		return "font/woff2"
	case "woff":
		return "font/woff"
	case "ttf":
		return "font/ttf"
	case "pdf":
		return "application/pdf"
	case "mp3":
		return "audio/mpeg"
	case "ogg":
		return "audio/ogg"
	case "mp4":
		return "video/mp4"
	case "webm":
		return "video/webm"
	case "zip":
		return "application/zip"
	case "gz":
		return "application/gzip"
	}
	return "application/octet-stream"
}
