package sim

type ports struct{}
