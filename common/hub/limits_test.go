package hub_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"threeloops/common/hub"
)

// crowd is a Hub that keeps everything it sends, as a mailbox does.
type crowd struct {
	*hub.Hub
	kept  []hub.Message
	given byte // by newToken
}

func newCrowd() *crowd {
	c := new(crowd)
	c.Hub = hub.New(func(_ int, m *hub.Message) { c.kept = append(c.kept, *m) })
	return c
}

// newToken returns a Token that no member has.
func (c *crowd) newToken() hub.Token {
	c.given++
	return hub.Token{0: c.given, 15: 1}
}

// do handles m and returns what the Hub sends.
func (c *crowd) do(m hub.Message) []hub.Message {
	c.kept = nil
	c.Handle(start, 0, &m)
	return slices.Clone(c.kept)
}

// enter adds a polling member, and returns its token.
func (c *crowd) enter(name string) hub.Token {
	token := c.newToken()
	c.do(hub.Message{Kind: hub.Enter, Conn: 1, Name: name, Token: token})
	return token
}

// poll returns the messages up to Done, and Done.
func (c *crowd) poll(t *testing.T, token hub.Token, since uint64) (all []hub.Message, done hub.Message) {
	t.Helper()
	all = c.do(hub.Message{Kind: hub.Poll, Conn: 2, Token: token, Seq: since})
	if len(all) == 0 || all[len(all)-1].Kind != hub.Done {
		t.Fatalf("a poll since %d: want a response with Done, got %d messages", since, len(all))
	}
	return all[:len(all)-1], all[len(all)-1]
}

// jsonBytes returns the size of these messages in a response, with commas.
func jsonBytes(all []hub.Message) (n int) {
	for i := range all {
		n += len(all[i].AppendJSON(nil)) + 1
	}
	return n
}

var sizes = map[string][]byte{
	"the longest":        []byte(strings.Repeat("x", hub.MaxText-2)),
	"U+2028":             []byte(strings.Repeat("\u2028", hub.MaxText/3-1)),
	"control characters": []byte(strings.Repeat("\x01", hub.MaxText/6-1)),
	"half of a response": []byte(strings.Repeat("x", hub.PollResponseBytes/2-100)),
	"short":              []byte("x"),
}

// Polling returns all entries in the log, in order and without a gap, and no response is too long.
func TestTheLogAndEachPollResponseAreBoundedInBytes(t *testing.T) {
	for title, text := range sizes {
		c := newCrowd()
		token := c.enter("Pol")
		for range 2 * hub.LogSize {
			c.do(hub.Message{Kind: hub.Send, Conn: 3, Token: token, Text: text})
		}
		last := uint64(2*hub.LogSize + 1)
		all, done := c.poll(t, token, 0)
		if all[0].Kind != hub.Missed {
			t.Fatalf("%s: want Missed first, got kind %d", title, all[0].Kind)
		}
		next, kept, bytes := all[0].Seq+1, 0, 0
		for all = all[1:]; ; all, done = c.poll(t, token, done.Seq) {
			if n := jsonBytes(all); n > hub.PollResponseBytes && len(all) > 1 {
				t.Errorf("%s: a response of %d entries has %d bytes", title, len(all), n)
			}
			for i := range all {
				if all[i].Seq != next {
					t.Fatalf("%s: want entry %d, got %d", title, next, all[i].Seq)
				}
				next++
				kept++
				bytes += len(all[i].JSON)
			}
			if more := done.Seq < last; more != (done.More == 1) {
				t.Fatalf("%s: a response up to entry %d of %d has More = %d", title, done.Seq, last, done.More)
			}
			if done.More == 0 {
				break
			}
		}
		if next != last+1 || kept > hub.LogSize || bytes > hub.LogBytes {
			t.Errorf("%s: want entries up to %d, at most %d entries and %d bytes, got entries up to %d, %d entries, %d bytes",
				title, last, hub.LogSize, hub.LogBytes, next-1, kept, bytes)
		}
		if full := hub.LogBytes - bytes; kept < hub.LogSize && full > 2*hub.MaxText {
			t.Errorf("%s: the log dropped entries although %d bytes are free", title, full)
		}
	}
}

func TestTheLogReleasesForgottenEntries(t *testing.T) {
	before := heap()
	c := newCrowd()
	token := c.enter("Pol")
	for range 20 * hub.LogSize {
		c.do(hub.Message{Kind: hub.Send, Conn: 3, Token: token, Text: sizes["the longest"]})
	}
	c.kept = nil
	// An entry has its text and its JSON.
	if held := heap() - before; held > 2*hub.LogBytes+1<<20 {
		t.Errorf("want at most 5 MiB held, got %d KiB", held>>10)
	}
	runtime.KeepAlive(c)
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// A new member is sent the last entries that fit. After the first one that doesn't fit, no older
// ones are sent.
func TestTheWelcomeIsBoundedInBytes(t *testing.T) {
	for title, text := range sizes {
		c := newCrowd()
		for i := range 3000 {
			c.Handle(start, 0, &hub.Message{Kind: hub.Join, Conn: uint64(10 + i), Name: fmt.Sprintf("%04d%s", i, strings.Repeat("𝄞", i%28))})
		}
		for range hub.LogSize {
			c.Handle(start, 0, &hub.Message{Kind: hub.Say, Conn: 10, Text: text})
		}
		all := c.do(hub.Message{Kind: hub.Join, Conn: 9, Name: "new"})
		all = slices.DeleteFunc(all, func(m hub.Message) bool { return m.Conn != 9 })
		if n := jsonBytes(all); n > hub.WelcomeBytes+200 {
			t.Errorf("%s: a new member is sent %d bytes", title, n)
		}
		var list struct {
			Members []string
			More    int
		}
		if err := json.Unmarshal(all[1].AppendJSON(nil), &list); err != nil || len(list.Members)+list.More != 3000 || len(list.Members) < 60 {
			t.Errorf("%s: want 3000 members listed or counted, got %d and %d: %v", title, len(list.Members), list.More, err)
		}
		want := uint64(3000 + hub.LogSize)
		said := all[2:]
		for i := range said {
			if n := want - uint64(len(said)) + uint64(i) + 1; said[i].Seq != n {
				t.Fatalf("%s: want entry %d as number %d of %d, got %d", title, n, i, len(said), said[i].Seq)
			}
		}
		if title == "short" && len(said) != hub.History {
			t.Errorf("%s: want %d messages, got %d", title, hub.History, len(said))
		}
	}
}

// Members join and leave. The list has only members, each once. If it is less than half full, it
// has all of them.
func TestTheListOfMembersMatchesTheMembers(t *testing.T) {
	c, there := newCrowd(), map[string]uint64{}
	random := rand.New(rand.NewPCG(1, 2))
	const pieces = `ab",\:` + "é𝄞"
	for step := range uint64(6000) {
		// The room grows at first, and then becomes empty.
		if random.IntN(6000) > int(step) || len(there) == 0 {
			name := fmt.Sprint(step)
			for range random.IntN(24) {
				r := []rune(pieces)
				name += string(r[random.IntN(len(r))])
			}
			c.Handle(start, 0, &hub.Message{Kind: hub.Join, Conn: step + 1, Name: name})
			there[name] = step + 1
		} else {
			for name, conn := range there {
				c.Handle(start, 0, &hub.Message{Kind: hub.Leave, Conn: conn})
				delete(there, name)
				break
			}
		}
		if step%50 != 0 && len(there) > 3 {
			continue
		}
		all := c.do(hub.Message{Kind: hub.Join, Conn: 1 << 40, Name: "new"})
		c.Handle(start, 0, &hub.Message{Kind: hub.Leave, Conn: 1 << 40})
		var list struct {
			Members []string
			More    int
		}
		p := all[1].AppendJSON(nil)
		if err := json.Unmarshal(p, &list); err != nil {
			t.Fatalf("%v in %s", err, p)
		}
		seen := map[string]bool{}
		for _, name := range list.Members {
			if there[name] == 0 || seen[name] {
				t.Fatalf("step %d: %q isn't a member, or is listed twice", step, name)
			}
			seen[name] = true
		}
		if len(list.Members)+list.More != len(there) {
			t.Fatalf("step %d: want %d members, got %d and %d more", step, len(there), len(list.Members), list.More)
		}
		if n := len(all[1].Text); n > hub.MembersBytes || list.More > 0 && n < hub.MembersBytes/2-200 {
			t.Fatalf("step %d: the list has %d bytes, and %d members are missing", step, n, list.More)
		}
	}
}

// A place may keep the messages that it is sent, as the mailbox of a loop does.
func TestSentMessagesAreNeverChanged(t *testing.T) {
	c := newCrowd()
	var sent []hub.Message
	var want []string
	for i := range uint64(500) {
		all := c.do(hub.Message{Kind: hub.Join, Conn: i + 1, Name: fmt.Sprint("member ", i)})
		if i%3 == 2 {
			all = append(all, c.do(hub.Message{Kind: hub.Leave, Conn: i - 1})...)
		}
		for _, m := range all {
			sent = append(sent, m)
			want = append(want, string(m.AppendJSON(nil)))
		}
	}
	for i := range sent {
		if got := string(sent[i].AppendJSON(nil)); got != want[i] {
			t.Fatalf("message %d changed from %s to %s", i, want[i], got)
		}
	}
}

// If an attacker controls a process, it can send messages that the application never sends.
func TestTheHubRefusesATextThatIsTooLongOrNotUTF8(t *testing.T) {
	c := newCrowd()
	c.Handle(start, 0, &hub.Message{Kind: hub.Join, Conn: 1, Name: "Ann"})
	for title, text := range map[string]string{
		"invalid UTF-8":         "a\xffb",
		"too long":              strings.Repeat("x", hub.MaxText-1),
		"too long when escaped": strings.Repeat("\x01", hub.MaxText/6+1),
	} {
		all := c.do(hub.Message{Kind: hub.Say, Conn: 1, Text: []byte(text)})
		if len(all) != 1 || all[0].Kind != hub.Refused {
			t.Errorf("%s: want a Refused, got %d messages", title, len(all))
		}
	}
}
