package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"threeloops/common/hub"
)

// said is a message of a chat client: a JSON object of strings.
type said struct {
	Type, Session, Name, To, Text string

	has []string // the keys that it has
}

// request is a kind of request and the keys that its object may have.
type request struct {
	kind hub.Kind
	may  []string
}

// A client says what it wants in the message's type on a WebSocket, and in the path elsewhere.
var (
	spoken = map[string]request{
		"join": {hub.Join, []string{"type", "name"}},
		"say":  {hub.Say, []string{"type", "to", "text"}},
	}
	posted = map[string]request{
		"/chat/join":  {hub.Enter, []string{"name"}},
		"/chat/send":  {hub.Send, []string{"session", "to", "text"}},
		"/chat/leave": {hub.Quit, []string{"session"}},
	}
)

// parseSaid parses exactly one object. An unknown key is an error, so that a client notices a
// misspelled one.
func parseSaid(p []byte) (s said, err error) {
	if !utf8.Valid(p) {
		// The decoder would replace the invalid bytes by longer ones.
		return s, errors.New("that is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(p))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return s, noObject(err)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return s, noObject(err)
		}
		value, err := d.Token()
		if err != nil {
			return s, noObject(err)
		}
		if err := s.set(name.(string), value); err != nil {
			return s, err
		}
	}
	if _, err := d.Token(); err != nil {
		return s, noObject(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return s, errors.New("there is data after the JSON object")
	}
	return s, nil
}

// noObject returns the error for input that isn't an object, or is only a part of one.
func noObject(err error) error {
	switch {
	case err == nil:
		return errors.New("that is JSON, but not an object")
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return errors.New("that isn't a JSON object: it has no end")
	}
	return fmt.Errorf("that isn't a JSON object: %w", err)
}

func (s *said) set(name string, value json.Token) error {
	var to *string
	switch name {
	case "type":
		to = &s.Type
	case "session":
		to = &s.Session
	case "name":
		to = &s.Name
	case "to":
		to = &s.To
	case "text":
		to = &s.Text
	default:
		return fmt.Errorf("the key %.40q isn't allowed here", name)
	}
	text, ok := value.(string)
	switch {
	case slices.Contains(s.has, name):
		return fmt.Errorf("the key %q appears twice", name)
	case !ok:
		return fmt.Errorf("%q must be a string", name)
	}
	*to, s.has = text, append(s.has, name)
	return nil
}

// order converts s to a message for the hub. It returns an error if s isn't valid for req.
func (s *said) order(req request) (hub.Message, error) {
	m := hub.Message{Kind: req.kind, Name: s.Name, To: s.To, Text: []byte(s.Text)}
	if req.kind == 0 {
		return m, errors.New(`type must be "join" or "say"`)
	}
	for _, name := range s.has {
		if !slices.Contains(req.may, name) {
			return m, fmt.Errorf("the key %q isn't allowed here", name)
		}
	}
	switch {
	case slices.Contains(req.may, "text") && s.Text == "":
		return m, errors.New("the message has no text")
	case s.To == "" && slices.Contains(s.has, "to"):
		return m, errors.New(`"to" must be a name: leave it out to write to everybody`)
	case len(s.Name) > hub.MaxNameBytes, len(s.To) > hub.MaxNameBytes:
		return m, fmt.Errorf("a name has 1 to %d characters", hub.MaxName)
	}
	return m, nil
}
