package simulation

import (
	"math/rand/v2"
	"slices"

	"threeloops/common/sim"
)

// PlayCore plays the clients of a scenario against the protocol core alone, without a kernel: each
// client twice, once with everything that it sends in one piece, and once as the scenario cuts it,
// with a socket that takes random amounts and a random budget of work. Both must give the same. It
// returns how many clients there were.
func PlayCore(s *sim.Scenario) (clients int, failure *Failure) {
	files := filesFor(s)
	rng := rand.New(rand.NewPCG(s.Seed, 4))
	for _, st := range streamsOf(s) {
		if st.inRoom() || st.did(sim.Closes, sim.Resets) {
			continue
		}
		clients++
		want, f := coreOutput(s, files, st.joined(), nil)
		if f != nil {
			return clients, f
		}
		got, f := coreOutput(s, files, st, rng)
		if f != nil {
			return clients, f
		}
		if !got.equals(want) {
			return clients, failed("core", "%s, cut: %s", st.name, difference(got, want))
		}
	}
	return clients, nil
}

// coreOutput is what the core sends to one client. rng, if it isn't nil, decides how much the core
// does in a round, and how much its socket takes.
func coreOutput(s *sim.Scenario, files memoryFS, st *stream, rng *rand.Rand) (*output, *Failure) {
	ref := newReference(s.Flags, files)
	if rng != nil {
		ref.loop.Rand = rng
		ref.cfg.RoundWork = []int{0, 1, 20, 1000}[rng.IntN(4)]
	}
	var all []happening
	for _, a := range st.steps {
		all = append(all, happening{step: a, st: st})
	}
	ref.play(all, 0, 0, 0)
	if err := ref.loop.Err(); err != nil {
		return nil, failed("contract", "%s: %v", st.name, err)
	}
	return ref.output(st), nil
}

// streamsOf are the clients of a scenario that hasn't been played.
func streamsOf(s *sim.Scenario) (all []*stream) {
	byName := map[string]*stream{}
	for i := range s.Actions {
		a := &s.Actions[i]
		for _, name := range a.Clients {
			if byName[name] == nil {
				byName[name] = &stream{name: name}
				all = append(all, byName[name])
			}
			st := byName[name]
			st.steps = append(st.steps, step{at: a.At, verb: a.Verb, data: a.Data})
		}
	}
	return all
}

// joined is the same client, which sends everything in one piece.
func (st *stream) joined() *stream {
	var data []byte
	var rest []step
	for _, a := range st.steps {
		if a.verb == sim.Sends {
			data = append(data, a.data...)
		} else {
			rest = append(rest, a)
		}
	}
	at := slices.IndexFunc(rest, func(a step) bool { return a.verb == sim.Connects }) + 1
	return &stream{name: st.name, steps: slices.Insert(rest, at, step{verb: sim.Sends, data: data})}
}
