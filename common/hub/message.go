package hub

import "encoding/hex"

// Kind says what a Message means.
type Kind uint8

// The kinds that go to the Hub. Conn is the connection that sends them.
const (
	Join     Kind = 1 + iota // be a member called Name
	Say                      // Text, to all, or to the member called To
	Leave                    // be no member any more
	Enter                    // be a member called Name that polls; answered up to Done
	Poll                     // what comes after Seq, for the member with Token; answered up to Done, when there is something
	Stop                     // Poll's connection doesn't wait any more: a Poll that still waits is answered
	Send                     // the member with Token says Text, as by Say; answered by Done
	Quit                     // the member with Token leaves; answered by Done
	Announce                 // the operator says Text to all members that poll; it comes from the server, so Conn is 0
)

// The kinds that come from the Hub. Conn is the connection that they are for,
// or 0: every member at the place.
const (
	Welcome   Kind = 32 + iota // Conn is a member called Name, and hears all after Seq; Token is its own if it polls
	Present                    // Text names members that were there before, as JSON strings with commas between, More says how many it doesn't name; for a Welcome's Conn
	Joined                     // an entry: Name is a member now
	Left                       // an entry: Name is none any more
	Said                       // an entry: Name said Text, to To alone if that is set
	Missed                     // Poll came late: the entries from the one asked for up to Seq are kept no more
	Done                       // the answer to Enter, Poll, Send or Quit is complete; it covers all up to Seq; More is 1 if it leaves out what comes after
	Refused                    // Text says why what Conn asked for is not done
	Announced                  // an entry for members that poll: the operator said Text
)

// Message is what travels between a place and the Hub. Which fields mean
// something depends on its Kind.
type Message struct {
	Kind  Kind
	Conn  uint64 // the number of a connection
	Seq   uint64 // the number of an entry
	At    int64  // when an entry was made, in milliseconds since 1970
	From  uint64 // the connection of the member who said it; 0: it polls
	Name  string
	To    string
	Text  []byte
	Token Token
	More  uint32 // how much more there is than a Present or a Done tells
	Peer  Addr   // where a client that enters comes from; zero: not known, or not to be counted

	JSON []byte // of an entry: what AppendJSON appends, made once for all; not sent to another process
}

// Token is how a polling member proves who it is. It can't be guessed.
type Token [16]byte

// String is how a Token is written: 32 hexadecimal digits.
func (t Token) String() string { return hex.EncodeToString(t[:]) }

// ParseToken reads what String has written.
func ParseToken(s string) (t Token, ok bool) {
	if len(s) != hex.EncodedLen(len(t)) {
		return t, false
	}
	n, err := hex.Decode(t[:], []byte(s))
	return t, err == nil && n == len(t)
}
