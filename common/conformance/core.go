package conformance

import (
	"threeloops/common/conformance/inmemory"
	"threeloops/common/session"
	"threeloops/common/tracetest"
)

// core plays traces in memory, with the servers' own application.
var core = tracetest.Core{New: func(flags []string) (*session.Config, error) { return inmemory.NewConfig(flags, nil) }}
