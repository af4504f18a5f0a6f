package inspect

// Result is what the protocol packages make of the bytes.
type Result struct {
	Error string `json:"error,omitempty"` // what is wrong with the Request; then nothing else is set

	Bytes  string   `json:"bytes"`           // all bytes in hexadecimal, without blanks
	Cuts   []int    `json:"cuts"`            // the offsets at which a piece begins, without 0
	Before string   `json:"before"`          // the core's phase before the first byte; "": there is no core
	Pieces []Piece  `json:"pieces"`          // what each read brings
	Frames []Frame  `json:"frames"`          // all frames that have begun
	Wrong  int      `json:"wrong"`           // the offset of the first byte that a reader refuses, or -1
	Trace  *Verdict `json:"trace,omitempty"` // of a trace
}

// Piece is what one read brings.
type Piece struct {
	From   int     `json:"from"` // offsets in Bytes
	To     int     `json:"to"`
	Events []Event `json:"events"`
	Text   *Text   `json:"text,omitempty"` // the text that is incomplete after this piece
}

// Text is the state of a text message that has begun and isn't complete.
type Text struct {
	Missing int    `json:"missing"` // continuation bytes of its last character; 0: the character is complete
	Begun   string `json:"begun"`   // the bytes of that character that have arrived, in hexadecimal
}

// Event is what a reader, or the core, reports.
type Event struct {
	Reader string `json:"reader"` // "http1", "ws", "permessage-deflate" or "session"
	Kind   string `json:"kind"`   // as the reader's package names it
	From   int    `json:"from"`   // the bytes that it has read
	To     int    `json:"to"`

	Head *Head `json:"head,omitempty"` // of a Head
	Data *Data `json:"data,omitempty"` // of a Body, a Data, a control frame, or an inflated message
	Code *Code `json:"code,omitempty"` // of a Close
	Rule *Rule `json:"rule,omitempty"` // that is broken, of a Failed

	Note string `json:"note,omitempty"` // what it means, in a sentence

	Phase  string  `json:"phase,omitempty"`  // of the core after these bytes
	Answer *Answer `json:"answer,omitempty"` // of the core
}

// Head is the head of a request.
type Head struct {
	Method  string  `json:"method"`
	Target  string  `json:"target"`
	Version string  `json:"version"`
	Fields  []Field `json:"fields"`
	Body    string  `json:"body"` // how its end is found
}

// Field is a header field.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Data is a part of a body or a message, unmasked.
type Data struct {
	Opcode     string `json:"opcode,omitempty"` // of the message
	First      bool   `json:"first,omitempty"`  // the message begins with it
	Last       bool   `json:"last,omitempty"`   // the message ends with it
	Compressed bool   `json:"compressed,omitempty"`
	Size       int    `json:"size"` // in bytes; Hex and Text may have only the first ones
	Hex        string `json:"hex"`
	Text       string `json:"text"`

	bytes []byte
}

func dataOf(p []byte) *Data {
	return &Data{Size: len(p), Hex: hexOf(p), Text: readable(p), bytes: p}
}

// Code is a close code.
type Code struct {
	Number int    `json:"number"`
	Name   string `json:"name"`
}

// Rule is a rule that the bytes break.
type Rule struct {
	Reason string `json:"reason"`           // in the words of the reader
	Status int    `json:"status,omitempty"` // of the response to a request
	Code   *Code  `json:"code,omitempty"`   // of the Close that answers a frame
	RFC    string `json:"rfc"`              // "RFC 6455, section 5.1"
	URL    string `json:"url"`              // of that section
	Source string `json:"source"`           // the page that shows where the rule is declared
	At     int    `json:"at"`               // the offset of the byte at which the reader refuses
}

// Frame is a frame, as far as it has arrived.
type Frame struct {
	From    int `json:"from"`    // the offset of its first byte
	Payload int `json:"payload"` // the offset of its payload, or the end of its header as far as it has arrived
	To      int `json:"to"`      // the offset after its last byte that has arrived

	First  *First  `json:"first"`            // the first byte
	Second *Second `json:"second,omitempty"` // the second byte
	Length *int64  `json:"length,omitempty"` // of the payload, if it is known
	Key    string  `json:"key,omitempty"`    // the masking key, if all four bytes are there
	Lacks  int64   `json:"lacks"`            // bytes that are known to be missing
	Whole  bool    `json:"whole"`

	Masked   string `json:"masked"`         // the payload as it arrived, in hexadecimal
	Unmasked string `json:"unmasked"`       // the same after the XOR with the key
	Text     string `json:"text"`           // the same as text
	Close    *Code  `json:"code,omitempty"` // of a Close that is whole
}

// First is the first byte of a frame (RFC 6455 5.2).
type First struct {
	Fin    bool   `json:"fin"`
	Rsv1   bool   `json:"rsv1"`
	Rsv2   bool   `json:"rsv2"`
	Rsv3   bool   `json:"rsv3"`
	Opcode int    `json:"opcode"`
	Name   string `json:"name"` // of the opcode
}

// Second is the second byte of a frame.
type Second struct {
	Mask   bool   `json:"mask"`
	Length int    `json:"length"` // its seven bits
	Form   string `json:"form"`   // where the length is
}
