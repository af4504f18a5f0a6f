package sim

import "fmt"

// sendfilePiece is how many bytes sendfile reads before it writes them: as many as a pipe holds.
// Linux uses a pipe inside the call.
const sendfilePiece = 16 * Pagesize

// Sendfile is sendfile(2) from a regular file or a memory file. If off is nil, it uses and changes
// the offset of the file's description.
func (t *Thread) Sendfile(out, in int, off *int64, n int) (int, error) {
	t.aim(out)
	before := int64(0)
	if off != nil {
		before = *off
	}
	sent, errno := t.call("sendfile", out, func() string { return argList(out, in, offsetArg(off, before), n) }, func() (int, Errno) {
		from, errno := t.opened(in)
		if errno != 0 {
			return -1, errno
		}
		_, isFile := from.file.(*inode)
		at := from.off
		if off != nil {
			at = before
		}
		switch {
		case !isFile && off != nil:
			return -1, ESPIPE
		case at < 0 || n < 0:
			return -1, EINVAL
		}
		to, errno := t.opened(out)
		if errno != 0 || to.flags&(O_RDWR|O_WRONLY) == 0 {
			return -1, EBADF
		}
		sent, errno := t.sendfile(to, from, at, t.limit(to, n))
		if sent <= 0 {
			return sent, errno
		}
		if off != nil {
			*off = at + int64(sent)
		} else {
			from.off = at + int64(sent)
		}
		return sent, 0
	})
	return sent, errno.err()
}

// sendfile sends up to n bytes from a position on. It stops early if the file ends, or if the other
// file takes no more without waiting and is non-blocking.
func (t *Thread) sendfile(to, from *description, at int64, n int) (sent int, _ Errno) {
	file, ok := from.file.(*inode)
	if !ok || file.isDir() {
		return -1, EINVAL
	}
	for sent < n {
		piece := file.piece(at+int64(sent), min(n-sent, sendfilePiece))
		if len(piece) == 0 {
			if s, ok := to.file.(*tcp); ok {
				s.more = false
				s.push() // what the last piece has held back
			}
			break
		}
		written, errno := t.whenReady(to, false, func() (int, Errno) {
			return t.splice(to, piece, sent+len(piece) < n)
		})
		switch {
		case errno != 0 && sent == 0:
			return -1, errno
		case errno != 0 || written == 0:
			return sent, 0
		}
		sent += written
	}
	return sent, 0
}

// piece returns the file's own bytes from a position on. None are left at its end.
func (n *inode) piece(at int64, length int) []byte {
	if at >= n.size() {
		return nil
	}
	end := min(at+int64(length), n.size())
	n.warm(at, end-at)
	return n.data[at:end]
}

// splice writes bytes of a file to what sendfile sends to. While more of them follow, a socket
// holds back a segment that isn't full.
func (t *Thread) splice(to *description, p []byte, more bool) (int, Errno) {
	switch out := to.file.(type) {
	case *eventfd, *epoll:
		return -1, EINVAL // they have no way to take pages
	case messenger:
		flags := 0
		if more {
			flags = MSG_MORE
		}
		return out.sendmsg(t, to, [][]byte{p}, nil, flags)
	}
	if to.file.kind() == "pipe" {
		panic("sim: sendfile to a pipe isn't modelled")
	}
	return to.file.write(t, to, p)
}

func offsetArg(off *int64, before int64) raw {
	switch {
	case off == nil:
		return "NULL"
	case *off == before:
		return raw(fmt.Sprintf("[%d]", before))
	}
	return raw(fmt.Sprintf("[%d] => [%d]", before, *off))
}
