package processtest

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"threeloops/common/ws"
)

// greek is a word of which each letter has two bytes, but for one with three.
const greek = "\u03ba\u1f79\u03c3\u03bc\u03b5"

// texts are messages by what is special in them. Package unicode/utf8 says which
// are valid; since the servers ask it too, so does the number of those that are.
var texts = []struct {
	about string
	valid int
	texts []string
}{
	{"letters of two bytes in a sentence", 1,
		[]string{"Hello-\u00b5@\u00df\u00f6\u00e4\u00fc\u00e0\u00e1-UTF-8!!"}},
	{"letters of two and three bytes", 1, []string{greek}},
	{"a surrogate among letters", 0, []string{greek + "\xed\xa0\x80" + "edited"}},
	{"a character of one to four bytes among others", 5,
		[]string{"hello$world", "hello\u00a2world", "hello\u20acworld", "hello\U00024b62world", greek}},
	{"each beginning of a word", 5, prefixes(greek)},
	{"the first character of each length", 4, []string{"\x00", "\u0080", "\u0800", "\U00010000"}},
	{"the first of five and of six bytes", 0, []string{"\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80"}},
	{"the last character of each length", 4, []string{"\x7f", "\u07ff", "\uffff", "\U0010ffff"}},
	{"the last of four, five and six bytes", 0,
		[]string{"\xf7\xbf\xbf\xbf", "\xfb\xbf\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf\xbf"}},
	{"around surrogates, and around the last character", 4,
		[]string{"\ud7ff", "\ue000", "\ufffd", "\U0010ffff", "\xf4\x90\x80\x80"}},
	{"continuation bytes without a start", 0, append(alternating(7), each(0x80, 0xbe, ""))},
	{"starts without a continuation", 0, []string{each(0xc0, 0xde, " "), each(0xe0, 0xee, " "),
		each(0xf0, 0xf6, " "), each(0xf8, 0xfa, " "), each(0xfc, 0xfc, " ")}},
	{"the last byte is missing", 0, cutOff},
	{"sequences without their last byte, one after the other", 0, []string{strings.Join(cutOff, "")}},
	{"bytes that are in no character", 0, []string{"\xfe", "\xff", "\xfe\xfe\xff\xff"}},
	{"a slash in two to six bytes", 0, []string{"\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf",
		"\xf8\x80\x80\x80\xaf", "\xfc\x80\x80\x80\x80\xaf"}},
	{"the last character that has a shorter form", 0, []string{"\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf",
		"\xf8\x87\xbf\xbf\xbf", "\xfc\x83\xbf\xbf\xbf\xbf"}},
	{"NUL in two to six bytes", 0, []string{"\xc0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80",
		"\xf8\x80\x80\x80\x80", "\xfc\x80\x80\x80\x80\x80"}},
	{"a surrogate alone", 0, []string{"\xed\xa0\x80", "\xed\xad\xbf", "\xed\xae\x80", "\xed\xaf\xbf",
		"\xed\xb0\x80", "\xed\xbe\x80", "\xed\xbf\xbf"}},
	{"a pair of surrogates", 0, pairs([]string{"\xed\xa0\x80", "\xed\xad\xbf", "\xed\xae\x80", "\xed\xaf\xbf"},
		[]string{"\xed\xb0\x80", "\xed\xbf\xbf"})},
	{"a code point that is for no character", 34, noncharacters()},
	{"a code point near the byte order mark's mirror", 7,
		[]string{"\ufff9", "\ufffa", "\ufffb", "\ufffc", "\ufffd", "\ufffe", "\uffff"}},
}

// cutOff are sequences of two to six bytes without their last, the first and
// the last of each length.
var cutOff = []string{
	"\xc0", "\xe0\x80", "\xf0\x80\x80", "\xf8\x80\x80\x80", "\xfc\x80\x80\x80\x80",
	"\xdf", "\xef\xbf", "\xf7\xbf\xbf", "\xfb\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf",
}

func prefixes(s string) (all []string) {
	for n := range len(s) {
		all = append(all, s[:n+1])
	}
	return all
}

// alternating returns n texts of continuation bytes: the lowest, the highest,
// and then the two of them in turns, one byte more each time.
func alternating(n int) []string {
	all := []string{"\x80", "\xbf"}
	for size := 2; len(all) < n; size++ {
		all = append(all, strings.Repeat("\x80\xbf", size)[:size])
	}
	return all
}

// each is the bytes from first to last, each followed by the string behind.
func each(first, last byte, behind string) (s string) {
	for b := first; b <= last; b++ {
		s += string([]byte{b}) + behind
	}
	return s
}

func pairs(high, low []string) (all []string) {
	for _, h := range high {
		for _, l := range low {
			all = append(all, h+l)
		}
	}
	return all
}

// noncharacters are the last two code points of each plane.
func noncharacters() (all []string) {
	for r := rune(0xffff); r <= utf8.MaxRune; r += 0x10000 {
		all = append(all, string(r-1), string(r))
	}
	return all
}

// textRow is one text, and how it is sent.
type textRow struct {
	title, text string
	byByte      bool // each byte is a fragment
}

func textRows() (rows []textRow) {
	for _, group := range texts {
		for i, text := range group.texts {
			title := fmt.Sprintf("%s, %d: %s", group.about, i+1, hex.EncodeToString([]byte(text)))
			rows = append(rows, textRow{title + ", whole", text, false}, textRow{title + ", by byte", text, true})
		}
	}
	return rows
}

func checksUTF8(t *testing.T) {
	for _, group := range texts {
		valid := 0
		for _, text := range group.texts {
			if utf8.ValidString(text) {
				valid++
			}
		}
		must(t, equal("valid texts with "+group.about, valid, group.valid))
	}
	p := Launch(t)
	for _, row := range textRows() {
		if err := row.play(p.Addr); err != nil {
			t.Fatalf("%s: %v", row.title, err) // the next would wait as long
		}
	}
}

func (row textRow) play(addr string) error {
	c, err := open(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(testTimeout))
	if _, err := c.Write(row.frames()); err != nil {
		return err
	}
	if !utf8.ValidString(row.text) {
		return errors.Join(c.closed(ws.InvalidPayload), c.ended())
	}
	if err := c.receives(ws.Text, []byte(row.text)); err != nil {
		return err
	}
	return c.leave()
}

func (row textRow) frames() []byte {
	if row.byByte {
		return fragments(nil, ws.Header{Opcode: ws.Text}, []byte(row.text), 1)
	}
	return frame(ws.Text, []byte(row.text))
}
