package simulation

import "testing"

var options = Flags()

func TestProtocolCore(t *testing.T) { TestCore(t, options) }
