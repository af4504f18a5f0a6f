package hub_test

import (
	"testing"

	"threeloops/common/hub"
)

func TestANameHasAVisibleCharacter(t *testing.T) {
	for name, ok := range map[string]bool{
		"Ann": true, "Jean-Luc 2": true, "Ångström": true, "可": true, "👩\u200d💻": true, "❤\ufe0f\u200d🔥": true,
		"می\u200cخواهم": true, "क्\u200dष": true, "1\ufe0f\u20e3": true, "☁\ufe0f": true, "!": true, "🇩🇪": true,
		"\u3164": false, "\u2800": false, "\u115f": false, "\u1160": false, "\uffa0": false, "\u00ad": false,
		"\u3164\u3164": false, "Ann\u3164": false, "A\u00adnn": false, "\u200d": false, "\u200c": false, "\u200b": false,
		"\u200dAnn": false, "Ann\u200d": false, "A\u200d\u200dn": false, "A \u200dn": false, "A\u200d n": false,
		"\u0301": false, "\ufe0f": false, "\ufe0fAnn": false, "\u034f": false, "A\u034fn": false, "\U000e0100": false,
		"\u202eAnn": false, "\u2060": false, "\ufeff": false, "\u00a0": false, "A\u00a0n": false, "\u3000": false,
		"\U0001d159": false, "\u17b4": false, "\u180e": false, "\ue000": false, "\u0378": false,
	} {
		all := newCrowd().do(hub.Message{Kind: hub.Join, Conn: 1, Name: name})
		if got := all[0].Kind == hub.Welcome; got != ok {
			t.Errorf("Join as %+q: want success %v, got %v: %s", name, ok, got, all[0].Text)
		}
	}
}

func TestNamesThatLookTheSameAreTheSame(t *testing.T) {
	for _, tt := range []struct {
		one, other string
		same       bool
	}{
		{"Ann", "aNN", true}, {"Kelvin", "\u212aelvin", true}, {"Straße", "STRAẞE", true}, {"ΣΑΣ", "σας", true},
		{"longs", "longſ", true}, {"ǅ", "ǆ", true}, {"👩\u200d💻", "👩💻", true}, {"❤", "❤\ufe0f", true}, {"A\u200cnn", "ann", true},
		{"Ann", "Anne", false}, {"é", "e", false}, {"i", "ı", false}, {"Straße", "Strasse", true},
	} {
		c := newCrowd()
		c.do(hub.Message{Kind: hub.Join, Conn: 1, Name: tt.one})
		all := c.do(hub.Message{Kind: hub.Join, Conn: 2, Name: tt.other})
		if got := all[0].Kind == hub.Refused; got != tt.same {
			t.Errorf("%+q and %+q are the same name: want %v, got %v", tt.one, tt.other, tt.same, got)
		}
		to := c.do(hub.Message{Kind: hub.Say, Conn: 1, To: tt.other, Text: []byte("x")})
		if tt.same && to[0].Kind != hub.Said {
			t.Errorf("a message to %+q should reach %+q, got %s", tt.other, tt.one, to[0].Text)
		}
		c.do(hub.Message{Kind: hub.Leave, Conn: 1})
		if all := c.do(hub.Message{Kind: hub.Join, Conn: 3, Name: tt.one}); tt.same && all[0].Kind != hub.Welcome {
			t.Errorf("%+q should be free again, got %s", tt.one, all[0].Text)
		}
	}
}
