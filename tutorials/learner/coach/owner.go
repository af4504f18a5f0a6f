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

// The files in which Linux lists TCP connections: proc_net_tcp.txt in its documentation. A
// client that connects to an IPv4 address through an IPv6 socket is listed in the second.
var tables = []string{"/proc/net/tcp", "/proc/net/tcp6"}

// errNoOwner is the error of a connection whose client has closed it already, or is no
// process of this machine.
var errNoOwner = errors.New("nobody has the other end of this connection")

// ownerKey is the key under which the context of a request has a func() (uid int, err error)
// that tells who has the other end of its connection.
type ownerKey struct{}

// withOwner is for http.Server.ConnContext. The table may be long, so it is read once for a
// connection, and not before a request comes.
func withOwner(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, ownerKey{}, sync.OnceValues(func() (int, error) {
		return owner(addrPort(conn.RemoteAddr()), addrPort(conn.LocalAddr()))
	}))
}

// checkOwner is an error for the client unless the request came from a process of the user
// who runs the coach, or of root.
func checkOwner(r *http.Request) error {
	find, ok := r.Context().Value(ownerKey{}).(func() (int, error))
	if !ok {
		return errNoOwner
	}
	uid, err := find()
	if err != nil {
		return fmt.Errorf("the coach can't tell which user asks: %w", err)
	}
	if uid != 0 && uid != os.Getuid() {
		return fmt.Errorf("the coach obeys the user who started it, and not user %d", uid)
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
		if field[9] == "0" { // a socket that was closed belongs to nobody, and is shown as root's
			return 0, errNoOwner
		}
		return strconv.Atoi(field[7])
	}
	return 0, errNoOwner
}

// parseAddr parses 0100007F:1F40. The address is in words of four bytes, each of which the
// kernel prints as a number of its own byte order.
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
