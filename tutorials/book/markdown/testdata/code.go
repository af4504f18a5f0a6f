package testdata

// quoted is quoted. It does nothing.
func quoted() {}
