package sim

// ipcCases are facts about pipes and pairs of Unix sockets. Each is played to both kernels. A name
// begins with the manual page that states the fact; "Linux" is a fact that no page states.
//
// A line is a call, and after "=" its result. The scripts name descriptors, which are non-blocking.
// A number in place of a text is that many bytes. "poll" asks for POLLIN, POLLOUT and POLLRDHUP.
var ipcCases = []struct{ name, script string }{
	{"unix(7): seqpacket keeps the boundaries of messages", `
		pair a b seqpacket = 0
		send a hello = 5
		send2 a to you = 5
		recv b 10 = 5 hello
		recv b 10 = 5 toyou
		recv b 10 = EAGAIN`},
	{"unix(7): a stream keeps none", `
		pair a b stream = 0
		send a hello = 5
		send a you = 3
		recv b 6 = 6 helloy
		read b 10 = 2 ou
		read b 10 = EAGAIN`},
	{"recv(2): what a message has too much is lost, MSG_TRUNC", `
		pair a b seqpacket = 0
		send a hello = 5
		recv b 2 = 2 he MSG_TRUNC
		send a hello = 5
		recv b 2 MSG_TRUNC = 5 he MSG_TRUNC
		send a hello = 5
		recv b 5 MSG_TRUNC = 5 hello
		send a hello = 5
		read b 2 = 2 he
		recv b 2 = EAGAIN`},
	{"Linux: MSG_TRUNC has no effect on a Unix stream", `
		pair a b stream = 0
		send a hello = 5
		recv b 2 MSG_TRUNC = 2 he
		recv b 9 MSG_TRUNC = 3 llo`},
	{"Linux: a message may be empty, and then looks like the end", `
		pair a b seqpacket = 0
		send a - = 0
		write a - = 0
		poll b = IN|OUT
		recv b 5 = 0
		recv b 5 = 0
		recv b 5 = EAGAIN`},
	{"send(2): nothing of nothing is sent on a stream", `
		pair a b stream = 0
		send a - = 0
		write a - = 0
		recv b 5 = EAGAIN`},
	{"read(2): a read of no bytes takes nothing", `
		pair a b seqpacket = 0
		read b 0 = 0
		send a hello = 5
		read b 0 = 0
		recv b 0 = 0 MSG_TRUNC
		recv b 5 = EAGAIN
		pair c d stream = 0
		read d 0 = 0
		recv d 0 = EAGAIN
		send c hello = 5
		read d 0 = 0
		recv d 0 = 0
		recv d 5 = 5 hello`},
	{"poll(2): both ends of a new pair are writable", `
		pair a b seqpacket = 0
		poll a = OUT
		poll b = OUT
		send b x = 1
		poll a = IN|OUT
		poll b = OUT
		pair c d stream = 0
		poll c = OUT
		send d x = 1
		poll c = IN|OUT`},
	{"unix(7): after close the peer reads what is queued, then 0", `
		pair a b seqpacket = 0
		send a one = 3
		send a two = 3
		close a = 0
		poll b = IN|OUT|HUP|RDHUP
		recv b 5 = 3 one
		poll b = IN|OUT|HUP|RDHUP
		recv b 5 = 3 two
		recv b 5 = 0
		recv b 5 = 0
		poll b = IN|OUT|HUP|RDHUP
		send b x = EPIPE
		send b x = EPIPE`},
	{"unix(7): the same for a stream", `
		pair a b stream = 0
		send a one = 3
		close a = 0
		poll b = IN|OUT|HUP|RDHUP
		send b x = EPIPE
		recv b 5 = 3 one
		recv b 5 = 0
		write b x = EPIPE
		write b - = EPIPE`},
	{"Linux: close with unread messages is ECONNRESET once", `
		pair a b seqpacket = 0
		send b unread = 6
		close a = 0
		poll b = IN|OUT|ERR|HUP|RDHUP
		recv b 5 = ECONNRESET
		poll b = IN|OUT|HUP|RDHUP
		recv b 5 = 0
		send b x = EPIPE`},
	{"Linux: the error comes before the messages of a seqpacket socket", `
		pair a b seqpacket = 0
		send b unread = 6
		send a last = 4
		close a = 0
		recv b 5 = ECONNRESET
		recv b 5 = 4 last
		recv b 5 = 0`},
	{"Linux: the error comes after the bytes of a stream", `
		pair a b stream = 0
		send b unread = 6
		send a last = 4
		close a = 0
		poll b = IN|OUT|ERR|HUP|RDHUP
		recv b 5 = 4 last
		recv b 5 = ECONNRESET
		recv b 5 = 0`},
	{"Linux: a send takes the error of a seqpacket socket, but not of a stream", `
		pair a b seqpacket = 0
		send b unread = 6
		close a = 0
		send b x = ECONNRESET
		send b x = EPIPE
		recv b 5 = 0
		pair c d stream = 0
		send d unread = 6
		close c = 0
		send d x = EPIPE
		recv d 5 = ECONNRESET
		recv d 5 = 0`},
	{"socket(7): SO_ERROR returns the pending error and clears it", `
		pair a b seqpacket = 0
		get a error = 0
		send b unread = 6
		close a = 0
		get b error = 104
		get b error = 0
		recv b 5 = 0`},
	{"shutdown(2): SHUT_WR ends one direction", `
		pair a b seqpacket = 0
		send a last = 4
		shutdown a wr = 0
		poll a = OUT
		poll b = IN|OUT|RDHUP
		send a x = EPIPE
		recv b 5 = 4 last
		recv b 5 = 0
		send b back = 4
		recv a 5 = 4 back
		shutdown b wr = 0
		poll a = IN|OUT|HUP|RDHUP
		poll b = IN|OUT|HUP|RDHUP
		recv a 5 = 0`},
	{"shutdown(2): SHUT_WR on a stream", `
		pair a b stream = 0
		send a last = 4
		shutdown a wr = 0
		write a - = EPIPE
		poll b = IN|OUT|RDHUP
		recv b 9 = 4 last
		recv b 5 = 0
		send b back = 4
		recv a 9 = 4 back
		recv a 9 = EAGAIN`},
	{"shutdown(2): SHUT_RD keeps what is queued, and the peer can't send", `
		pair a b seqpacket = 0
		send b early = 5
		shutdown a rd = 0
		poll a = IN|OUT|RDHUP
		poll b = OUT
		send b x = EPIPE
		recv a 9 = 5 early
		recv a 9 = 0
		send a x = 1
		recv b 9 = 1 x`},
	{"shutdown(2): SHUT_RDWR", `
		pair a b stream = 0
		shutdown a rdwr = 0
		poll a = IN|OUT|HUP|RDHUP
		poll b = IN|OUT|HUP|RDHUP
		recv a 9 = 0
		recv b 9 = 0
		send a x = EPIPE
		send b x = EPIPE
		shutdown a wrong = EINVAL
		shutdown a wr = 0`},
	{"shutdown(2): the other descriptor of a description is shut down too", `
		pair a b seqpacket = 0
		dup a c = 0
		close a = 0
		poll b = OUT
		shutdown c wr = 0
		recv b 9 = 0`},
	{"socket(7): the size of a buffer is doubled, and has a minimum", `
		pair a b seqpacket = 0
		get a sndbuf = 212992
		set a sndbuf 5000 = 0
		get a sndbuf = 10000
		get b sndbuf = 212992
		set a sndbuf 1 = 0
		get a sndbuf = 4608
		set a sndbuf 0 = 0
		get a sndbuf = 4608
		set a rcvbuf 5000 = 0
		get a rcvbuf = 10000
		set a rcvbuf 0 = 0
		get a rcvbuf = 2304`},
	{"unix(7): a message that never fits is EMSGSIZE", `
		pair a b seqpacket = 0
		set a sndbuf 3000 = 0
		send a 5968 = 5968
		recv b 9999 = 5968
		send a 5969 = EMSGSIZE
		poll a = OUT
		close b = 0
		send a 5969 = EMSGSIZE
		send a 5968 = EPIPE`},
	{"unix(7): SO_SNDBUF limits what the peer has not received", `
		pair a b seqpacket = 0
		stuff a 4000 = EAGAIN
		poll a = 0
		poll b = IN|OUT
		send a x = EAGAIN
		drain b 4000 = EAGAIN
		poll a = OUT
		send a x = 1`},
	{"unix(7): SO_SNDBUF limits a stream", `
		pair a b stream = 0
		stuff a 4000 = EAGAIN
		poll a = 0
		send a x = EAGAIN
		send b x = 1
		poll a = IN
		drain b 4000 = EAGAIN
		poll a = IN|OUT`},
	{"Linux: one large message leaves a socket unwritable for poll, but not for send", `
		pair a b seqpacket = 0
		send a 80000 = 80000
		poll a = 0
		send a x = 1
		recv b 80000 = 80000
		poll a = OUT`},
	{"Linux: SO_SNDBUF wakes a socket that it makes writable", `
		pair a b seqpacket = 0
		epoll e = 0
		send a 80000 = 80000
		watch e a OUT|ET = 0
		wait e = 0
		set a sndbuf 400000 = 0
		wait e = 1 a:OUT`},
	{"Linux: a full socket whose peer closes is EPIPE", `
		pair a b stream = 0
		stuff a 4000 = EAGAIN
		close b = 0
		poll a = IN|OUT|ERR|HUP|RDHUP
		send a x = EPIPE
		recv a 5 = ECONNRESET
		recv a 5 = 0`},
	{"unix(7): a message carries descriptors of the same description", `
		pair a b seqpacket = 0
		pipe r w = 0
		send a take with=w = 4
		close w = 0
		recv b 9 as=v = 4 take rights=1
		cloexec v = 0
		write v through = 7
		read r 9 = 7 through
		close v = 0
		read r 9 = 0`},
	{"unix(7): MSG_CMSG_CLOEXEC, which Linux also returns", `
		pair a b stream = 0
		send a take with=a = 4
		recv b 9 as=c MSG_CMSG_CLOEXEC = 4 take rights=1 MSG_CMSG_CLOEXEC
		cloexec c = 1
		recv b 9 MSG_CMSG_CLOEXEC = EAGAIN`},
	{"unix(7): a message under way keeps the description open", `
		pair a b seqpacket = 0
		pipe r w = 0
		send a take with=w = 4
		close w = 0
		read r 9 = EAGAIN
		poll r = 0
		close b = 0
		read r 9 = 0
		poll r = HUP
		recv a 9 = ECONNRESET`},
	{"unix(7): recvmsg without room closes the descriptors, MSG_CTRUNC", `
		pair a b seqpacket = 0
		pipe r w = 0
		send a take with=w = 4
		close w = 0
		recv b 9 = 4 take MSG_CTRUNC
		read r 9 = 0`},
	{"unix(7): a read closes the descriptors", `
		pair a b seqpacket = 0
		pipe r w = 0
		send a take with=w = 4
		close w = 0
		read b 9 = 4 take
		read r 9 = 0
		pair c d stream = 0
		pipe s x = 0
		send c take with=x = 4
		close x = 0
		read d 1 = 1 t
		read s 9 = 0
		read d 9 = 3 ake`},
	{"unix(7): room for fewer descriptors than there are", `
		pair a b seqpacket = 0
		send a take with=a,a,a = 4
		recv b 9 as=c,d = 4 take rights=2 MSG_CTRUNC
		send a take with=a,a,a = 4
		recv b 2 as=e,f,g = 2 ta rights=3 MSG_TRUNC`},
	{"unix(7): descriptors above RLIMIT_NOFILE are discarded, MSG_CTRUNC", `
		pair a b seqpacket = 0
		pipe r w = 0
		send a take with=r,w,r = 4
		close w = 0
		limit 1 = ok
		recv b 9 as=c,d,e = 4 take rights=1 MSG_CTRUNC
		read r 9 = 0
		send a take with=r = 4
		recv b 9 as=f = 4 take MSG_CTRUNC
		limit -1 = ok
		recv b 9 as=f = EAGAIN`},
	{"unix(7): a bad descriptor sends nothing", `
		pair a b seqpacket = 0
		dup a c = 0
		close c = 0
		send a take with=a,c = EBADF
		recv b 9 = EAGAIN
		close b = 0
		send a take with=c = EBADF`},
	{"Linux: an error of a seqpacket socket comes before a bad descriptor", `
		pair a b seqpacket = 0
		dup a c = 0
		close c = 0
		send a x = 1
		close b = 0
		send a take with=c = ECONNRESET
		send a take with=c = EBADF
		pair f g stream = 0
		send f x = 1
		close g = 0
		send f take with=c = EBADF
		recv f 9 = ECONNRESET`},
	{"epoll(7): of two entries for one pipe the second is ready first", `
		pipe r w = 0
		dup r s = 0
		epoll e = 0
		watch e r IN = 0
		watch e s IN = 0
		write w x = 1
		wait e = 2 s:IN r:IN`},
	{"unix(7): a stream doesn't join bytes with what comes after descriptors", `
		pair a b stream = 0
		pipe r w = 0
		send a one = 3
		send a two with=r = 3
		send a three = 5
		recv b 20 as=c = 6 onetwo rights=1
		recv b 20 as=c = 5 three`},
	{"Linux: the descriptors of a stream come with the first byte", `
		pair a b stream = 0
		send a take with=a = 4
		recv b 1 as=c = 1 t rights=1
		recv b 9 as=d = 3 ake
		send a take with=a = 4
		recv b 0 MSG_TRUNC = 0 MSG_CTRUNC
		recv b 9 as=d = 4 take`},
	{"unix(7): a message carries at most 253 descriptors", `
		pair a b seqpacket = 0
		send a take with=a*254 = EINVAL
		send a take with=a*253 = 4
		recv b 9 = 4 take MSG_CTRUNC
		recv b 9 = EAGAIN`},
	{"Linux: a long send on a stream is cut in pieces, and the first has the descriptors", `
		pair a b stream = 0
		send a 80000 with=a = 80000
		recv b 40000 as=c = 36544 rights=1
		recv b 80000 as=d = 43456`},
	{"sendmsg(2): an empty message on a stream", `
		pair a b stream = 0
		shutdown a wr = 0
		send a - = EPIPE`},
	{"sendmsg(2): not a socket", `
		pipe r w = 0
		send w x = ENOTSOCK
		recv r 5 = ENOTSOCK
		shutdown w wr = ENOTSOCK
		get w error = ENOTSOCK
		set w sndbuf 1 = ENOTSOCK
		name w = ENOTSOCK
		close w = 0
		send w x = EBADF
		recv w 5 = EBADF
		shutdown w wr = EBADF
		get w error = EBADF`},
	{"getsockname(2): the sockets of a pair have no name", `
		pair a b seqpacket = 0
		name a = ""
		peer a = ""
		close b = 0
		peer a = ""`},
	{"socketpair(2): EMFILE opens neither", `
		pair a b stream-cloexec = 0
		cloexec a = 1
		cloexec b = 1
		limit 1 = ok
		pair c d stream = EMFILE
		pipe r w = EMFILE
		dup a c = 0
		limit -1 = ok`},
	{"epoll(7): each received message is an edge for its sender", `
		pair a b seqpacket = 0
		epoll e = 0
		watch e a OUT|ET = 0
		wait e = 1 a:OUT
		wait e = 0
		send a x = 1
		wait e = 0
		recv b 9 = 1 x
		wait e = 1 a:OUT
		wait e = 0`},
	{"epoll(7): a stream wakes its sender when a message is read whole", `
		pair a b stream = 0
		epoll e = 0
		send a hello = 5
		watch e a OUT|ET = 0
		wait e = 1 a:OUT
		recv b 4 = 4 hell
		wait e = 0
		recv b 4 = 1 o
		wait e = 1 a:OUT`},
	{"epoll(7): each message is an edge for its receiver", `
		pair a b seqpacket = 0
		epoll e = 0
		watch e b IN|ET = 0
		wait e = 0
		send a x = 1
		wait e = 1 b:IN
		wait e = 0
		send a y = 1
		wait e = 1 b:IN
		close a = 0
		wait e = 1 b:IN|HUP`},
	{"epoll(7): a description under way stays in the interest list", `
		pair a b seqpacket = 0
		pair c d seqpacket = 0
		epoll e = 0
		watch e c IN = 0
		send a take with=c = 4
		send d x = 1
		wait e = 1 c:IN
		dup c f = 0
		close f = 0
		recv b 9 as=f = 4 take rights=1
		wait e = 1 c:IN`},
	{"pipe(7): bytes come out as they went in", `
		pipe r w = 0
		poll r = 0
		poll w = OUT
		read r 9 = EAGAIN
		write w hello = 5
		write w you = 3
		poll r = IN
		read r 6 = 6 helloy
		read r 9 = 2 ou
		read r 0 = 0
		write w - = 0
		cloexec r = 1
		read w 9 = EBADF
		write r x = EBADF
		read w 0 = EBADF
		write r - = EBADF`},
	{"pipe(7): the end of file, and POLLHUP", `
		pipe r w = 0
		write w last = 4
		close w = 0
		poll r = IN|HUP
		read r 9 = 4 last
		poll r = HUP
		read r 9 = 0`},
	{"pipe(7): EPIPE, and POLLERR", `
		pipe r w = 0
		write w lost = 4
		close r = 0
		poll w = OUT|ERR
		write w x = EPIPE
		write w - = 0`},
	{"pipe(7): the capacity is 64 KiB", `
		pipe r w = 0
		fill w 1 = 65536 EAGAIN
		poll w = 0
		write w x = EAGAIN
		read r 4095 = 4095
		poll w = 0
		write w x = EAGAIN
		read r 1 = 1 ` + "\x00" + `
		poll w = OUT
		write w 4097 = 4096
		write w x = EAGAIN`},
	{"pipe(7): a write of up to PIPE_BUF bytes is atomic", `
		pipe r w = 0
		fill w 4096 = 65536 EAGAIN
		read r 4096 = 4096
		write w 4000 = 4000
		write w 97 = EAGAIN
		write w 96 = 96`},
	{"Linux: a write doesn't continue in a page without room for all of it", `
		pipe r w = 0
		fill w 3000 = 48000 EAGAIN
		write w 1096 = 1096
		write w 1 = EAGAIN`},
	{"Linux: what was read from a page doesn't become free", `
		pipe r w = 0
		write w 4000 = 4000
		read r 3000 = 3000
		write w 1096 = 1096
		fill w 4096 = 57344 EAGAIN`},
	{"Linux: a longer write first puts in the last page what doesn't fill pages", `
		pipe r w = 0
		write w 100 = 100
		write w 8292 = 8292
		fill w 4096 = 53248 EAGAIN
		poll w = 0`},
	{"pipe(7): a longer write may be cut", `
		pipe r w = 0
		write w 70000 = 65536
		poll w = 0
		read r 5000 = 5000
		poll w = OUT
		write w 5000 = 4096`},
	{"epoll(7): a pipe is writable again when a page is free", `
		pipe r w = 0
		epoll e = 0
		fill w 4096 = 65536 EAGAIN
		watch e w OUT|ET = 0
		wait e = 0
		read r 1 = 1 ` + "\x00" + `
		wait e = 0
		read r 4095 = 4095
		wait e = 1 w:OUT
		read r 4096 = 4096
		wait e = 0
		close r = 0
		wait e = 1 w:OUT|ERR`},
	{"epoll(7): each write to a pipe is an edge", `
		pipe r w = 0
		epoll e = 0
		watch e r IN|ET = 0
		write w x = 1
		wait e = 1 r:IN
		wait e = 0
		write w x = 1
		wait e = 1 r:IN
		close w = 0
		wait e = 1 r:IN|HUP`},
}
