package app

import "testing"

// DNS rebinding: evil.example lets its own name resolve to 127.0.0.1 just after its page was
// loaded, so that our server seems to be of the same origin. Only Host reveals this.
func TestHostOnLoopback(t *testing.T) {
	for host, status := range map[string]int{
		"localhost":          200,
		"LOCALHOST:8003":     200,
		"127.0.0.1:8003":     200,
		"127.8.8.8":          200,
		"[::1]:8003":         200,
		"[::1]":              200,
		"192.168.0.7":        200,
		"my-name":            200,
		"my-name:1":          200,
		"":                   200,
		":8003":              200,
		"evil.example":       403,
		"evil.example:8003":  403,
		"localhost.evil.com": 403,
		"evil-localhost":     403,
		"127.0.0.1.evil.com": 403,
		"1evil2":             403,
		"localhost.":         200,
		"my-name.:1":         200,
		"localhost..":        403,
		"evil.example.":      403,
	} {
		a := local(func(o *Options) { o.Host = "my-name" })
		for _, path := range []string{"/", "/healthz", "/stats", "/_/echo", "/%"} {
			want := status
			if path == "/%" && status == 200 {
				want = 400
			}
			ask(t, a, "GET "+path, "Host: "+host).expect(t, want, "GET "+path+" with Host "+host)
		}
	}
}

func TestBeyondLoopbackAnyHostIsAllowed(t *testing.T) {
	a := local(func(o *Options) { o.Loopback, o.Host = false, "0.0.0.0" })
	for _, host := range []string{"evil.example", "10.0.0.1", ""} {
		ask(t, a, "GET /healthz", "Host: "+host).expect(t, 200, "beyond loopback, Host "+host)
	}
}

func TestOnlyListedHostsAreAllowed(t *testing.T) {
	for _, loopback := range []bool{false, true} {
		a := local(func(o *Options) { o.Loopback, o.Hosts = loopback, []string{"example.com", "[::1]"} })
		for host, status := range map[string]int{
			"example.com": 200, "EXAMPLE.com:80": 200, "[::1]:8003": 200, "example.com.": 200, "example.com.:1": 200,
			"localhost": 403, "127.0.0.1": 403, "www.example.com": 403, "": 403,
		} {
			ask(t, a, "GET /healthz", "Host: "+host).expect(t, status, "listed hosts, Host "+host)
		}
	}
	nobody := local(func(o *Options) { o.Hosts = []string{} })
	ask(t, nobody, "GET /healthz").expect(t, 403, "an empty list of hosts")
}

// RFC 9112 3.2.2: the host of an absolute-form target replaces the field Host.
func TestTheHostOfTheTargetReplacesHost(t *testing.T) {
	ask(t, local(nil), "GET http://evil.example/healthz").expect(t, 403, "a target with evil.example")
	ask(t, local(nil), "GET http://localhost/healthz", "Host: evil.example").
		expect(t, 200, "a target with localhost")
}

// origins sends the two kinds of requests to /echo that need an allowed Origin.
func origins(t *testing.T, a *App, want bool, why string, fields ...string) {
	t.Helper()
	status, upgrade := 403, 403
	if want {
		status, upgrade = 200, 101
	}
	post(t, a, "POST /echo", "hello", fields...).expect(t, status, "POST: "+why)
	ask(t, a, "GET /echo", append(fields, handshake...)...).expect(t, upgrade, "WebSocket: "+why)
}

var handshake = []string{
	"Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
}

func TestOriginsByDefault(t *testing.T) {
	for origin, ok := range map[string]bool{
		"http://localhost:8003":   true,
		"https://localhost:8003":  true,
		"http://LocalHost:8003":   true,
		"http://localhost:8001":   false,
		"http://localhost":        false,
		"http://evil.example":     false,
		"null":                    false,
		"":                        false,
		"localhost:8003":          false,
		"http://localhost:8003.x": false,
	} {
		origins(t, local(nil), ok, "Origin "+origin, "Origin: "+origin)
	}
	origins(t, local(nil), true, "no Origin, so not a browser")
}

// A client leaves out the default port of its scheme, but a proxy may add it.
func TestOurOriginIsRecognizedInEverySpelling(t *testing.T) {
	for _, c := range []struct {
		host, origin string
		same         bool
	}{
		{"localhost", "http://localhost", true},
		{"localhost:80", "http://localhost", true},
		{"localhost:443", "https://localhost", true},
		{"localhost", "http://localhost:80", true},
		{"localhost", "https://localhost:443", true},
		{"localhost:0080", "http://localhost", true},
		{"localhost:", "http://localhost", true},
		{"localhost.", "http://localhost", true},
		{"localhost:8003", "http://localhost.:8003", true},
		{"[::1]", "http://[::1]:80", true},
		{"[::1]:443", "https://[::1]", true},
		{"localhost", "https://localhost:80", false},
		{"localhost:80", "https://localhost", false},
		{"localhost:443", "http://localhost", false},
		{"localhost:8443", "https://localhost", false},
		{"localhost", "http://localhost:8003", false},
		{"localhost", "http://localhost:65616", false}, // 80 modulo 65536
		{"localhost", "http://localhost:18446744073709551696", false},
		{"localhost", "http://localhost:80x", false},
		{"localhost", "http://localhost:-80", false},
		{"localhost", "http://localhost/", false},
		{"localhost", "http:/localhost", false},
		{"localhost", "http://", false},
		{"", "http://", false},
		{"localhost", "://localhost", false},
		{"localhost", "h p://localhost", false},
		{"localhost", "1http://localhost", false},
		{"localhost", "a+b-c.1://localhost", true},
		{"[::1]", "http://[::1", false},
		{"[::1]", "http://::1", false},
	} {
		origins(t, local(nil), c.same, "Host "+c.host+", Origin "+c.origin, "Host: "+c.host, "Origin: "+c.origin)
	}
}

func TestAListedOriginIsRecognizedInEverySpelling(t *testing.T) {
	a := local(func(o *Options) {
		o.Origins = []string{"HTTP://Friend.example.:80", "https://friend.example", "app://other"}
	})
	for origin, ok := range map[string]bool{
		"http://friend.example":       true,
		"http://friend.example:80":    true,
		"https://friend.example.:443": true,
		"app://other":                 true,
		"app://other:80":              false,
		"http://friend.example:443":   false,
		"https://friend.example:80":   false,
		"http://other":                false,
		"friend.example":              false,
		"http:":                       false,
		"null":                        false,
	} {
		origins(t, a, ok, "Origin "+origin, "Origin: "+origin)
	}
}

func TestOnlyListedOriginsAreAllowed(t *testing.T) {
	a := local(func(o *Options) { o.Origins = []string{"http://friend.example", "null"} })
	for origin, ok := range map[string]bool{
		"http://friend.example":      true,
		"HTTP://FRIEND.example":      true,
		"null":                       true,
		"https://friend.example":     false,
		"http://friend.example:8003": false,
		"http://localhost:8003":      false,
	} {
		origins(t, a, ok, "Origin "+origin, "Origin: "+origin)
	}
	origins(t, a, true, "no Origin, and none required")
}

func TestARequiredOrigin(t *testing.T) {
	a := local(func(o *Options) { o.OriginRequired = true })
	origins(t, a, false, "no Origin, but one is required")
	origins(t, a, true, "the required Origin", "Origin: http://localhost:8003")
	ask(t, a, "GET /").expect(t, 200, "a page needs no Origin")
}

func TestReadingIsOpenToAllOrigins(t *testing.T) {
	got := ask(t, local(nil), "GET /stats", "Origin: http://evil.example")
	got.expect(t, 200, "a GET changes nothing")
	if v, ok := got.Header["Access-Control-Allow-Origin"]; ok {
		t.Errorf("a page of another origin may read the response: %q", v)
	}
}
