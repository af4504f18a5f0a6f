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

// said is what a client of the chat sends: a JSON object of strings.
type said struct {
	Type, Session, Name, To, Text string

	has []string // the names of those that it has
}

// request is what can be asked for, and the names that its object may have.
type request struct {
	kind hub.Kind
	may  []string
}

// On a WebSocket a message's type says what it asks for, elsewhere the path does.
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

// parseSaid reads exactly one object. An unknown name is an error, so a client learns of
// a misspelled one.
func parseSaid(p []byte) (s said, err error) {
	if !utf8.Valid(p) {
		return s, errors.New("that is not UTF-8") // of which the decoder would make more bytes
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
		return s, errors.New("something follows the JSON object")
	}
	return s, nil
}

// noObject says that something else than an object came, or a part of one.
func noObject(err error) error {
	switch {
	case err == nil:
		return errors.New("that is JSON, but no object")
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return errors.New("that is no JSON object: it has no end")
	}
	return fmt.Errorf("that is no JSON object: %w", err)
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
		return fmt.Errorf("%.40q means nothing here", name)
	}
	text, ok := value.(string)
	switch {
	case slices.Contains(s.has, name):
		return fmt.Errorf("%q is there twice", name)
	case !ok:
		return fmt.Errorf("%q must be a string", name)
	}
	*to, s.has = text, append(s.has, name)
	return nil
}

// order is what s asks the hub for, which must be what req allows.
func (s *said) order(req request) (hub.Message, error) {
	m := hub.Message{Kind: req.kind, Name: s.Name, To: s.To, Text: []byte(s.Text)}
	if req.kind == 0 {
		return m, errors.New(`type must be "join" or "say"`)
	}
	for _, name := range s.has {
		if !slices.Contains(req.may, name) {
			return m, fmt.Errorf("%q means nothing here", name)
		}
	}
	switch {
	case slices.Contains(req.may, "text") && s.Text == "":
		return m, errors.New("there is no text to say")
	case s.To == "" && slices.Contains(s.has, "to"):
		return m, errors.New(`"to" must name somebody: without it all hear`)
	case len(s.Name) > hub.MaxNameBytes, len(s.To) > hub.MaxNameBytes:
		return m, fmt.Errorf("a name has 1 to %d characters", hub.MaxName)
	}
	return m, nil
}
