package hub

import "encoding/hex"

// Kind says what a Message means.
type Kind uint8

// The kinds that go to the Hub. Conn is the connection that sends the message. The responses to
// Enter, Poll, Send and Quit end with Done, unless the Hub sends Refused.
const (
	// Join makes Conn a member called Name.
	Join Kind = 1 + iota
	// Say says Text to all members, or only to the member called To.
	Say
	// Leave ends the membership of Conn.
	Leave
	// Enter adds a polling member called Name. Token is drawn by the place.
	Enter
	// Poll asks for the entries after Seq, for the member with Token. The response waits until
	// there is an entry.
	Poll
	// Stop ends the wait of Conn's Poll. The Hub responds to the Poll if it still waits.
	Stop
	// Send is Say for the member with Token.
	Send
	// Quit ends the membership of the member with Token.
	Quit
	// Announce says the operator's Text to all polling members. It comes from the server, so
	// Conn is 0.
	Announce
)

// The kinds that come from the Hub. Conn is the connection that they are for, or 0 for every member
// at the place.
const (
	// Welcome says that Conn is a member called Name and receives all entries after Seq.
	Welcome Kind = 32 + iota
	// Present follows Welcome. Text has the names of members that joined earlier, as JSON
	// strings with commas between them. More is the number of members without a name there.
	Present
	// Joined is an entry: Name has become a member.
	Joined
	// Left is an entry: Name is no longer a member.
	Left
	// Said is an entry: Name said Text, only to To if that is set.
	Said
	// Missed says that the Poll came too late: the log no longer has the entries from the one
	// that was asked for up to Seq.
	Missed
	// Done ends a response, which covers all entries up to Seq. More is 1 if there are later
	// ones.
	Done
	// Refused says in Text why the Hub hasn't done what Conn asked for.
	Refused
	// Announced is an entry for polling members: the operator said Text.
	Announced
)

// Message is a message between a place and the Hub. Its Kind decides which fields are used.
type Message struct {
	Kind  Kind
	Conn  uint64 // the number of a connection
	Seq   uint64 // the number of an entry
	At    int64  // time of an entry, in milliseconds since 1970
	From  uint64 // the sender's connection, at the sender's place only; 0 elsewhere, or if it polls
	Name  string
	To    string
	Text  []byte
	Token Token  // see Enter; the Hub sends none
	More  uint32 // see Present and Done
	Peer  Addr   // address of a client that enters; zero if unknown or not counted

	// JSON is what AppendJSON appends for an entry. The Hub makes it once for all members. It
	// isn't sent to another process.
	JSON []byte
}

// Token identifies a polling member. It is 16 random bytes, so that nobody can guess it.
type Token [16]byte

// String returns the Token as 32 hexadecimal digits.
func (t Token) String() string { return hex.EncodeToString(t[:]) }

// ParseToken parses what String returns.
func ParseToken(s string) (t Token, ok bool) {
	if len(s) != hex.EncodedLen(len(t)) {
		return t, false
	}
	n, err := hex.Decode(t[:], []byte(s))
	return t, err == nil && n == len(t)
}
