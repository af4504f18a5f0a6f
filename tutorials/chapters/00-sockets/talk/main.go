//go:build linux

// Command talk connects to itself: it makes the system calls of a server and of its client. After
// each call it prints the states of the sockets.
package main

import (
	"fmt"
	"log"
	"os"
	"strings"
	"text/tabwriter"

	"golang.org/x/sys/unix"
)

// talk makes the calls of a server and of its client, in one program. The server listens on the address
// here. report runs after each call.
func talk(here *unix.SockaddrInet4, report func(call string, client int)) {
	ln := check(unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)) // the server begins
	report("socket", 0)
	must(unix.Bind(ln, here))
	report("bind", 0)
	must(unix.Listen(ln, 128))
	report("listen", 0)

	client := check(unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)) // the client begins
	must(unix.Connect(client, here))
	report("connect", client)

	server, _, err := unix.Accept(ln) // the server goes on
	must(err)
	report("accept", client)
	check(unix.Write(client, []byte("hello\n")))
	report("write", client)
	buf := make([]byte, 4096)
	n := check(unix.Read(server, buf))
	report(fmt.Sprintf("read %q", buf[:n]), client)

	must(unix.Close(client))
	report("close client", 0)
	must(unix.Close(server))
	report("close server", 0)
	must(unix.Close(ln))
	report("close listener", 0)
}

func main() {
	log.SetFlags(0)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "after\tlistener\tin the queue\tclient's end\tserver's end\tclient sent\tclient got")
	here := free()
	talk(here, func(call string, client int) {
		s := look(here.Port)
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", call, s.listener, s.queue, s.client, s.server, packets(client))
	})
	w.Flush()
}

// free returns an address whose port no program uses. Another program may take the port before talk binds
// it: then bind fails, and the program ends.
func free() *unix.SockaddrInet4 {
	fd := check(unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0))
	must(unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})) // port 0: the kernel chooses one
	here := check(unix.Getsockname(fd)).(*unix.SockaddrInet4)
	must(unix.Close(fd))
	return here
}

// sockets are the states of the program's sockets; "-" if the kernel lists none.
type sockets struct{ listener, queue, client, server string }

// states are the names that ss gives to the numbers in /proc/net/tcp.
var states = map[string]string{"01": "ESTAB", "02": "SYN-SENT", "03": "SYN-RECV", "04": "FIN-WAIT-1", "05": "FIN-WAIT-2",
	"06": "TIME-WAIT", "07": "UNCONN", "08": "CLOSE-WAIT", "09": "LAST-ACK", "0A": "LISTEN", "0B": "CLOSING"}

// look reads the kernel's list of TCP sockets. (ss usually gets it in another way, from netlink.)
func look(port int) sockets {
	s := sockets{"-", "-", "-", "-"}
	text := check(os.ReadFile("/proc/net/tcp"))
	here := fmt.Sprintf("0100007F:%04X", port)
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line) // number, local address, remote address, state, send queue:receive queue
		switch {
		case f[1] == here && f[3] == "0A":
			var waiting int
			fmt.Sscanf(f[4][len("00000000:"):], "%x", &waiting)
			s.listener, s.queue = states[f[3]], fmt.Sprint(waiting)
		case f[1] == here:
			s.server = states[f[3]]
		case f[2] == here:
			s.client = states[f[3]]
		}
	}
	return s
}

// packets returns how many packets a client has sent and received, as two cells.
func packets(client int) string {
	if client == 0 {
		return "-\t-"
	}
	info, err := unix.GetsockoptTCPInfo(client, unix.IPPROTO_TCP, unix.TCP_INFO)
	must(err)
	return fmt.Sprintf("%d\t%d", info.Segs_out, info.Segs_in)
}

func check[T any](value T, err error) T {
	must(err)
	return value
}

func must(err error) {
	if err != nil {
		log.Fatal("talk: ", err)
	}
}
