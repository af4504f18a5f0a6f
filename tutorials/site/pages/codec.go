package pages

import (
	"encoding/json"

	"threeloops/tutorials/site/codec/inspect"
)

// shownExample is an example on the page of the codec.
type shownExample struct {
	inspect.Example
	State  string // the Request in JSON, for the script
	Answer string // what the core sends, for readers without a script
}

// codec writes the page that takes bytes apart.
func (s *site) codec() error {
	type group struct {
		inspect.Group
		Shown []shownExample
	}
	data := struct {
		Groups     []group
		Most       int // bytes that the page takes
		MostPieces int
	}{Most: inspect.Most, MostPieces: inspect.MostPieces}
	for _, g := range inspect.Examples() {
		shown := group{Group: g}
		for _, e := range g.Examples {
			state, err := json.Marshal(e.Request)
			if err != nil {
				return err
			}
			shown.Shown = append(shown.Shown, shownExample{e, string(state), e.Answer()})
		}
		data.Groups = append(data.Groups, shown)
	}
	return s.write(page{URL: "/codec.html", Title: "The codec, open", Kind: "codec"}, "codec.html", data)
}
