package spacetime

import (
	"strconv"
	"strings"
	"time"

	"threeloops/tutorials/learner/strace"
	"threeloops/tutorials/site/lab/still"
)

// sends reports whether a system call sends bytes. splice(2) does, if it moves them into a socket.
func sends(r *strace.Record) bool {
	return still.Sends(r.Name) || r.Name == "pwrite64" || r.Name == "splice" && isSocket(r.Arg(2).Fd)
}

// receives reports whether a system call receives bytes. splice(2) does, if it takes them out of a socket.
func receives(r *strace.Record) bool {
	return still.Receives(r.Name) || r.Name == "splice" && isSocket(r.Arg(0).Fd)
}

func isSocket(fd *strace.Descriptor) bool {
	return fd != nil && (isTCP(fd) || strings.HasPrefix(fd.Kind, "UNIX"))
}

func (e *Event) isRead() bool {
	return e.n > 0 && (still.Receives(e.Call) || e.Call == "splice" && !e.Sends)
}

// number returns the number that a value is, or -1.
func number(v strace.Value) int {
	if n, ok := v.Int(); ok {
		return int(n)
	}
	return -1
}

// payload returns the bytes of a call's buffer, or of its buffers one after the other.
func payload(r *strace.Record) (b []byte) {
	list := r.Arg(1)
	if v := list.Named("msg_iov"); v.Open != 0 {
		list = v
	}
	if list.Bytes != nil {
		return list.Bytes
	}
	for _, part := range list.Parts {
		b = append(b, part.Value.Named("iov_base").Bytes...)
	}
	return b
}

// shownBytes is how many bytes of a buffer an event's arguments show.
const shownBytes = 48

// arguments writes a call's arguments, as short as a reader can use.
func (s *side) arguments(p *process, r *strace.Record) string {
	switch r.Name {
	case "accept", "accept4":
		return r.Arg(0).Text(0)
	case "execve":
		return r.Arg(1).Text(shownBytes)
	case "wait4", "waitid":
		if v := r.Arg(1); v.Open == 0 { // nothing was written there, or only an address is known
			return r.Arg(0).Text(0)
		}
		return r.Arg(0).Text(0) + ", " + r.Arg(1).Text(0)
	case "clone", "clone3", "fork", "vfork":
		return ""
	case "epoll_ctl":
		return s.control(r)
	case "epoll_wait", "epoll_pwait", "epoll_pwait2":
		return s.waited(p, r)
	case "poll", "ppoll":
		return polled(r)
	case "bind", "connect":
		return r.Arg(0).Text(0) + ", " + endpoint(r.Arg(1))
	case "sendmsg", "recvmsg", "writev", "readv":
		text := r.Arg(0).Text(0) + ", " + strace.Value{Bytes: orEmpty(payload(r))}.Text(shownBytes)
		if flags := r.Arg(2).Text(0); strings.HasSuffix(r.Name, "msg") && flags != "0" && flags != "" {
			text += ", " + flags
		}
		return text + descriptors(r)
	case "read", "write", "send", "recv", "sendto", "recvfrom":
		return buffer(r)
	}
	return r.Text(shownBytes)
}

// buffer writes the arguments of a call with one buffer. The address of a buffer that nothing was
// written to says nothing.
func buffer(r *strace.Record) string {
	text := r.Arg(0).Text(0)
	if v := r.Arg(1); v.Bytes != nil {
		text += ", " + v.Text(shownBytes)
	}
	if count := r.Arg(2).Text(0); count != "" {
		text += ", " + count
	}
	if flags := r.Arg(3).Text(0); flags != "0" && flags != "" {
		text += ", " + flags
	}
	return text
}

// asked writes the arguments of a call that waits. The record may tell what the call returned later, but
// that isn't known while it waits.
func (s *side) asked(p *process, r *strace.Record) string {
	before := *r
	before.Return = strace.Return{}
	switch {
	case strings.HasPrefix(r.Name, "epoll_") && len(r.Args) > 3:
		return r.Arg(0).Text(0) + ", timeout " + r.Arg(3).Text(0)
	case still.Receives(r.Name) && len(r.Args) > 2:
		before.Args = append([]strace.Field(nil), r.Args...)
		before.Args[1].Value = strace.Value{}
	case strings.HasPrefix(r.Name, "wait"):
		return r.Arg(0).Text(0)
	}
	return s.arguments(p, &before)
}

// orEmpty makes an empty string of no string.
func orEmpty(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// clip cuts a text after most characters.
func clip(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most]) + "…"
}

// control writes the arguments of epoll_ctl: “5, ADD, 6, EPOLLIN|EPOLLET”.
func (s *side) control(r *strace.Record) string {
	text := r.Arg(0).Text(0) + ", " + strings.TrimPrefix(r.Arg(1).Word, "EPOLL_CTL_") + ", " + r.Arg(2).Text(0)
	if events := r.Arg(3).Named("events").Word; events != "" {
		text += ", " + events
	}
	return text
}

// waited writes the arguments of epoll_wait with the descriptors that are ready, and the timeout:
// “5, [6 EPOLLIN], 10000”.
func (s *side) waited(p *process, r *strace.Record) string {
	if len(r.Args) < 4 { // it hasn't returned
		return r.Arg(0).Text(0)
	}
	epoll := number(r.Arg(0))
	var ready []string
	for _, part := range r.Arg(1).Parts {
		data := part.Value.Named("data").Named("u64").Word
		who := "?"
		if fd, ok := p.watched[watch{epoll, data}]; ok {
			who = strconv.Itoa(fd)
		}
		ready = append(ready, who+" "+part.Value.Named("events").Word)
	}
	return r.Arg(0).Text(0) + ", " + several(ready) + ", " + r.Arg(3).Text(0)
}

// several writes the first of a list.
func several(all []string) string {
	const most = 6
	text := strings.Join(all[:min(len(all), most)], ", ")
	if len(all) > most {
		text += ", … " + strconv.Itoa(len(all)) + " in all"
	}
	return "[" + text + "]"
}

// polled writes the arguments of poll, and after an arrow what is ready: “[3 POLLIN], -1 → [3 POLLIN]”.
func polled(r *strace.Record) string {
	var asked []string
	for _, part := range r.Arg(0).Parts {
		asked = append(asked, part.Value.Named("fd").Text(0)+" "+part.Value.Named("events").Word)
	}
	text := several(asked) + ", " + timeout(r.Arg(2))
	if r.Return.Value > 0 {
		note, _, _ := strings.Cut(r.Return.Note, ", left ") // ppoll's time that is left
		note = strings.NewReplacer("{fd=", "", ", revents=", " ", "}", "").Replace(note)
		text += " → " + clip(note, 60)
	}
	return text
}

// timeout writes the time of a struct timespec, or another argument as it is.
func timeout(v strace.Value) string {
	s, ok := v.Named("tv_sec").Int()
	ns, _ := v.Named("tv_nsec").Int()
	if !ok {
		return v.Text(0)
	}
	return (time.Duration(s)*time.Second + time.Duration(ns)).String()
}

// endpoint writes the address and port of a struct sockaddr.
func endpoint(v strace.Value) string {
	port := portOf(v)
	if port == "" {
		return clip(v.Text(shownBytes), 60)
	}
	host := ""
	for _, name := range []string{"sin_addr", ""} {
		for _, part := range v.Named(name).Parts {
			if part.Value.Bytes != nil {
				host = string(part.Value.Bytes)
			}
		}
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return host + ":" + port
}

// portOf returns the port of a struct sockaddr, or "".
func portOf(v strace.Value) string {
	for _, name := range []string{"sin_port", "sin6_port"} {
		if parts := v.Named(name).Parts; len(parts) > 0 {
			return parts[0].Value.Word
		}
	}
	return ""
}

// descriptors says which descriptors a message carries.
func descriptors(r *strace.Record) string {
	for _, part := range r.Arg(1).Named("msg_control").Parts {
		if data := part.Value.Named("cmsg_data"); part.Value.Named("cmsg_type").Word == "SCM_RIGHTS" {
			return ", with descriptors " + data.Text(0)
		}
	}
	return ""
}
