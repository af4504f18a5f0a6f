package testdata

func quoted() {}
