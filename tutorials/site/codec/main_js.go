package main

import (
	"encoding/json"
	"syscall/js"

	"threeloops/tutorials/site/codec/inspect"
)

func main() {
	js.Global().Set("codec", js.FuncOf(func(_ js.Value, args []js.Value) any {
		return codec(args[0].String())
	}))
	select {} // the page calls codec from now on
}

// codec inspects the bytes of a request in JSON, and returns the result in JSON.
func codec(request string) string {
	var r inspect.Request
	result := inspect.Result{}
	if err := json.Unmarshal([]byte(request), &r); err != nil {
		result.Error = err.Error()
	} else {
		result = inspect.Inspect(r)
	}
	text, err := json.Marshal(result)
	if err != nil {
		return `{"error":"the result can't be written"}`
	}
	return string(text)
}
