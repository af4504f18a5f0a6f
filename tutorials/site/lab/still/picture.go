package still

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Picture is what a diagram shows: the events in their order, each in a lane.
type Picture struct {
	Lanes  []Lane          `json:"lanes"`
	Events []Event         `json:"events"`
	Pairs  map[int64]int64 `json:"pairs"` // the two open descriptions of each connection
}

// Kinds of lanes.
const (
	client  = "client"
	kernel  = "kernel"
	process = "process"
)

// Lane is a column: a client, the kernel, or a process.
type Lane struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Kind string `json:"kind"`
}

// Event is a system call that returned, or, if Call is empty, an action of a client or of the machine.
// Times are nanoseconds. File and NewFile are open descriptions: that of the first argument, and the one
// that the call made.
type Event struct {
	Seq     int64  `json:"seq"`
	Time    int64  `json:"time"`
	Lane    string `json:"lane"`
	Thread  any    `json:"thread,omitempty"`
	Call    string `json:"call"`
	Args    string `json:"args"`
	Result  *int64 `json:"result"`
	Errno   string `json:"errno"`
	File    int64  `json:"file"`
	NewFile int64  `json:"newFile"`
	Action  string `json:"action"`
	Failed  string `json:"failed"`
	Began   *int64 `json:"began,omitempty"`
	Slept   *bool  `json:"slept,omitempty"`
	Sends   bool   `json:"sends,omitempty"` // of splice: File is where the bytes go, and not where they come from
}

// Parse reads the JSON of a picture.
func Parse(text []byte) (*Picture, error) {
	var p Picture
	if err := json.Unmarshal(text, &p); err != nil {
		return nil, fmt.Errorf("the lanes and events: %w", err)
	}
	for i, e := range p.Events {
		known := slices.ContainsFunc(p.Lanes, func(l Lane) bool { return l.ID == e.Lane })
		if !known && e.Lane != kernel {
			return nil, fmt.Errorf("event %d is in lane %q, which the picture doesn't have", i, e.Lane)
		}
	}
	return &p, nil
}

// arranged are the lanes from left to right: clients, the kernel, processes. There is always a kernel,
// because bytes pass through it.
func (p *Picture) arranged() []Lane {
	lanes := slices.Clone(p.Lanes)
	if !slices.ContainsFunc(lanes, func(l Lane) bool { return l.Kind == kernel }) {
		lanes = append(lanes, Lane{kernel, kernel, kernel})
	}
	order := []string{client, kernel, process}
	slices.SortStableFunc(lanes, func(a, b Lane) int {
		return slices.Index(order, a.Kind) - slices.Index(order, b.Kind)
	})
	return lanes
}
