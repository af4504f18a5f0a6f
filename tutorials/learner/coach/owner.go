//go:build linux

package coach

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
)

// In these files Linux lists TCP connections (proc_net_tcp.txt in its documentation). The second
// one lists a client that connects to an IPv4 address through an IPv6 socket.
var tables = []string{"/proc/net/tcp", "/proc/net/tcp6"}

// errNoOwner is the error for a connection whose client has already closed it, or whose client
// isn't a process of this machine.
var errNoOwner = errors.New("no process of this machine has the other end of this connection")

// ownerKey is the context key of a func() (uid int, err error), which returns the user at the other
// end of the request's connection.
type ownerKey struct{}

// withOwner is for http.Server.ConnContext. The table may be long, so the function in the context
// reads it at the first request, and only once per connection.
func withOwner(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, ownerKey{}, sync.OnceValues(func() (int, error) {
		return owner(addrPort(conn.RemoteAddr()), addrPort(conn.LocalAddr()))
	}))
}

// checkOwner returns an error for the client unless the request came from a process of the user who
// runs the coach, or of root.
func checkOwner(r *http.Request) error {
	find, ok := r.Context().Value(ownerKey{}).(func() (int, error))
	if !ok {
		return errNoOwner
	}
	uid, err := find()
	if err != nil {
		return fmt.Errorf("the coach can't find out which user sent the request: %w", err)
	}
	if uid != 0 && uid != os.Getuid() {
		return fmt.Errorf("the coach obeys only the user who started it, not user %d", uid)
	}
	return nil
}

// owner returns the user who made the socket that is bound to client and connected to us.
func owner(client, us netip.AddrPort) (uid int, err error) {
	for _, name := range tables {
		uid, err := ownerIn(name, client, us)
		if err == nil || !errors.Is(err, errNoOwner) && !errors.Is(err, os.ErrNotExist) {
			return uid, err
		}
	}
	return 0, errNoOwner
}

func ownerIn(table string, client, us netip.AddrPort) (uid int, err error) {
	f, err := os.Open(table)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	port := fmt.Sprintf(":%04X ", client.Port())
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if !strings.Contains(lines.Text(), port) {
			continue
		}
		// sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode
		field := strings.Fields(lines.Text())
		if len(field) < 10 || parseAddr(field[1]) != client || parseAddr(field[2]) != us {
			continue
		}
		if field[9] == "0" { // a closed socket has no owner, and the kernel shows it as root's
			return 0, errNoOwner
		}
		return strconv.Atoi(field[7])
	}
	return 0, errNoOwner
}

// parseAddr parses an address like 0100007F:1F40. The IP address consists of words of four bytes,
// which the kernel prints as numbers in the machine's own byte order.
func parseAddr(s string) netip.AddrPort {
	host, digits, _ := strings.Cut(s, ":")
	raw, err := hex.DecodeString(host)
	port, bad := strconv.ParseUint(digits, 16, 16)
	if err != nil || bad != nil || len(raw)%4 != 0 {
		return netip.AddrPort{}
	}
	for i := 0; i < len(raw); i += 4 {
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	addr, _ := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(addr.Unmap(), uint16(port))
}

func addrPort(a net.Addr) netip.AddrPort {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	at := tcp.AddrPort()
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}
