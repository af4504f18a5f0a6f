package inspect

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// named returns the example with that name.
func named(t *testing.T, name string) Example {
	t.Helper()
	for _, g := range Examples() {
		for _, e := range g.Examples {
			if e.Name == name {
				return e
			}
		}
	}
	t.Fatalf("there is no example %s", name)
	return Example{}
}

// inspect returns the result of a Request that must be right.
func inspect(t testing.TB, r Request) Result {
	t.Helper()
	result := Inspect(r)
	if result.Error != "" {
		t.Fatalf("%q: %s", r.Text, result.Error)
	}
	return result
}

// TestTheExamplesOfTheRFC reads each example of RFC 6455 5.7.
func TestTheExamplesOfTheRFC(t *testing.T) {
	hello := `"Hello"`
	for name, want := range map[string][]string{
		"text":        {"ws Data text first last " + hello},
		"masked-text": {"ws Data text first last " + hello},
		"fragments":   {"ws Data text first last " + hello},
		"ping":        {"ws PingFrame " + hello},
		"pong":        {"ws PongFrame " + hello},
		"binary-256":  {fmt.Sprintf("ws Data binary first last %q", strings.Repeat("*", 256))},
		"binary-64k":  {fmt.Sprintf("ws Data binary first last %q", strings.Repeat("*", 1<<16))},
	} {
		if diff := cmp.Diff(want, joined(inspect(t, named(t, name).Request))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if n := len(Examples()[0].Examples); n != 7 {
		t.Errorf("want 7 examples, got %d", n)
	}
}

// TestEachMistake reads each mistake: the rule, the answer, and the byte that is refused.
func TestEachMistake(t *testing.T) {
	const shut = "; FIN"
	for name, want := range map[string]struct {
		reason, rfc, answer string
		at                  int
	}{
		"unmasked":           {"unmasked frame from a client", "RFC 6455, section 5.1", "close 1002, Protocol error", 1},
		"bad-utf8":           {"text is not UTF-8", "RFC 6455, section 8.1", "close 1007, Invalid frame payload data", 17},
		"fragmented-ping":    {"fragmented control frame", "RFC 6455, section 5.5", "close 1002, Protocol error", 0},
		"long-ping":          {"control frame longer than 125 bytes", "RFC 6455, section 5.5", "close 1002, Protocol error", 1},
		"opcode-3":           {"reserved opcode", "RFC 6455, section 5.2", "close 1002, Protocol error", 0},
		"rsv1":               {"reserved bit without its extension", "RFC 6455, section 5.2", "close 1002, Protocol error", 0},
		"close-1005":         {"close code that must not be sent", "RFC 6455, section 7.4.1", "close 1002, Protocol error", 7},
		"interleaved":        {"new message inside a fragmented one", "RFC 6455, section 5.4", "close 1002, Protocol error", 9},
		"two-lengths":        {"both Content-Length and Transfer-Encoding", "RFC 9112, section 6.3", "HTTP/1.1 400 Bad Request", 86},
		"bare-cr":            {"invalid character in a field value", "RFC 9110, section 5.5", "HTTP/1.1 400 Bad Request", 57},
		"bare-lf":            {"line does not end with CRLF", "RFC 9112, section 2.2", "HTTP/1.1 400 Bad Request", 14},
		"space-before-colon": {"invalid field name", "RFC 9112, section 5.1", "HTTP/1.1 400 Bad Request", 33},
	} {
		e := named(t, name)
		result := inspect(t, e.Request)
		var rule *Rule
		for _, p := range result.Pieces {
			for _, ev := range p.Events {
				if ev.Rule != nil {
					rule = ev.Rule
				}
			}
		}
		if rule == nil {
			t.Errorf("%s: want the rule %q to be broken", name, want.reason)
			continue
		}
		if rule.Reason != want.reason || rule.RFC != want.rfc || rule.At != want.at || result.Wrong != want.at {
			t.Errorf("%s: want %q, %s, at %d; got %q, %s, at %d and %d", name, want.reason, want.rfc, want.at,
				rule.Reason, rule.RFC, rule.At, result.Wrong)
		}
		if got := e.Answer(); got != want.answer+shut {
			t.Errorf("%s: want the answer %q, got %q", name, want.answer+shut, got)
		}
	}
	if n := len(Examples()[1].Examples) + len(Examples()[2].Examples); n != 12 {
		t.Errorf("want 12 mistakes, got %d", n)
	}
}

// TestExamplesHaveNamesOfTheirOwn: links name examples.
func TestExamplesHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, g := range Examples() {
		for _, e := range g.Examples {
			if seen[e.Name] || e.Title == "" || e.Note == "" || !strings.HasPrefix(e.RFC, "RFC ") {
				t.Errorf("the example %q has no name of its own, or no title, note or RFC", e.Name)
			}
			seen[e.Name] = true
		}
	}
}

// joined returns the events of all pieces as if the bytes had come in one: a message in pieces is
// one event, and what only a cut causes is left out. Of a message that fails, the pieces are left
// out too, because their number depends on the cuts.
func joined(r Result) (all []string) {
	type open struct {
		prefix string
		bytes  []byte
	}
	var message *open
	end := func() {
		if message != nil {
			all = append(all, fmt.Sprintf("%s unfinished %q", message.prefix, message.bytes))
		}
		message = nil
	}
	for _, p := range r.Pieces {
		for _, ev := range p.Events {
			name := ev.Reader + " " + ev.Kind
			switch {
			case ev.Kind == "NeedMore" || ev.Kind == "Discarded" || ev.Kind == "Passed":
			case ev.Kind == "Data":
				if ev.Data.First {
					message = &open{prefix: name + " " + ev.Data.Opcode}
				}
				message.bytes = append(message.bytes, ev.Data.bytes...)
				if ev.Data.Last {
					all = append(all, fmt.Sprintf("%s first last %q", message.prefix, message.bytes))
					message = nil
				}
			case ev.Kind == "Body":
				if message == nil {
					message = &open{prefix: name}
				}
				message.bytes = append(message.bytes, ev.Data.bytes...)
			case ev.Kind == "Failed":
				message = nil
				all = append(all, fmt.Sprintf("%s %q at %d", name, ev.Rule.Reason, ev.Rule.At))
			case ev.Kind == "End":
				end()
				all = append(all, name+" "+ev.Note)
			case ev.Head != nil:
				all = append(all, fmt.Sprintf("%s %v", name, *ev.Head))
			case ev.Kind == "CloseFrame":
				all = append(all, fmt.Sprintf("%s %v %q", name, *ev.Code, ev.Data.bytes))
			case ev.Data != nil:
				all = append(all, fmt.Sprintf("%s %q", name, ev.Data.bytes))
			default:
				all = append(all, name+" "+ev.Note)
			}
		}
	}
	end()
	return all
}

// answered returns all that the core has sent, and its last phase.
func answered(r Result) (all, phase string) {
	for _, p := range r.Pieces {
		for _, ev := range p.Events {
			if ev.Answer != nil {
				all += string(ev.Answer.bytes)
			}
			if ev.Answer != nil && ev.Answer.Fin {
				all += "FIN"
			}
			if ev.Phase != "" {
				phase = ev.Phase
			}
		}
	}
	return all, phase
}

// cuttings returns the cuts of n bytes that are tried: everywhere, and at places that a seed
// decides.
func cuttings(n, random int) (all [][]int) {
	if n <= MostPieces {
		every := []int{}
		for at := 1; at < n; at++ {
			every = append(every, at)
		}
		all = append(all, every)
	}
	for seed := range random {
		rng := rand.New(rand.NewPCG(uint64(seed), uint64(n)))
		cuts := []int{}
		for range 1 + rng.IntN(5) {
			cuts = append(cuts, rng.IntN(n+1))
		}
		all = append(all, cuts)
	}
	return all
}

// sameHowever checks that the cuts change nothing but the number of pieces.
func sameHowever(t *testing.T, r Request, random int) {
	t.Helper()
	r.Cuts = []int{}
	whole := inspect(t, r)
	events := joined(whole)
	text, phase := answered(whole)
	for _, cuts := range cuttings(len(whole.Bytes)/2, random) {
		r.Cuts = cuts
		got := inspect(t, r)
		if diff := cmp.Diff(events, joined(got)); diff != "" {
			t.Fatalf("cuts %v: other events (-whole +cut):\n%s", cuts, diff)
		}
		gotText, gotPhase := answered(got)
		if text != gotText || phase != gotPhase {
			t.Fatalf("cuts %v: want the answer %q and phase %s, got %q and %s", cuts, text, phase, gotText, gotPhase)
		}
		if diff := cmp.Diff(whole.Frames, got.Frames); diff != "" || whole.Wrong != got.Wrong {
			t.Fatalf("cuts %v: want the byte %d to be wrong, got %d; other frames (-whole +cut):\n%s", cuts, whole.Wrong, got.Wrong, diff)
		}
	}
}

// TestACutChangesNothing cuts each example everywhere, at each single place, and at random.
func TestACutChangesNothing(t *testing.T) {
	for _, g := range Examples() {
		for _, e := range g.Examples {
			t.Run(e.Name, func(t *testing.T) {
				sameHowever(t, e.Request, 20)
				whole := inspect(t, e.Request)
				events := joined(whole)
				for at := 1; at < min(len(whole.Bytes)/2, 300); at++ {
					r := e.Request
					r.Cuts = []int{at}
					if diff := cmp.Diff(events, joined(inspect(t, r))); diff != "" {
						t.Fatalf("cut at %d (-whole +cut):\n%s", at, diff)
					}
				}
			})
		}
	}
}

// TestPiecesCoverTheBytes: each byte is in one piece, and the events of a piece take it up.
func TestPiecesCoverTheBytes(t *testing.T) {
	for _, g := range Examples() {
		for _, e := range g.Examples {
			r := e.Request
			r.Cuts = []int{9, 3, 3, 5, 100000000, -1}
			result := inspect(t, r)
			at := 0
			for _, p := range result.Pieces {
				if p.From != at || p.To <= p.From {
					t.Errorf("%s: the piece from %d to %d begins after %d", e.Name, p.From, p.To, at)
				}
				for _, ev := range p.Events {
					if ev.From != at || ev.To < ev.From {
						t.Errorf("%s: the event %s from %d to %d begins after %d", e.Name, ev.Kind, ev.From, ev.To, at)
					}
					at = ev.To
				}
				if at != p.To {
					t.Errorf("%s: the events of a piece end at %d, the piece at %d", e.Name, at, p.To)
				}
			}
			if at != len(result.Bytes)/2 {
				t.Errorf("%s: the pieces end at %d of %d bytes", e.Name, at, len(result.Bytes)/2)
			}
			if len(result.Bytes)/2 > 9 && !slices.Equal(result.Cuts, []int{3, 5, 9}) {
				t.Errorf("%s: want the cuts 3, 5, 9, got %v", e.Name, result.Cuts)
			}
		}
	}
}
