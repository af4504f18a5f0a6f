package inmemory_test

import (
	"fmt"

	"threeloops/common/conformance/inmemory"
	"threeloops/common/tracetest"
)

func Example() {
	cfg, err := inmemory.NewConfig([]string{"-head-timeout=3s", "-hosts=list:example.com"}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	peer := tracetest.NewLoop(cfg).Connect()
	peer.Write([]byte("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"))
	fmt.Println(cfg.HeadTimeout, len(peer.Read()) > 0)
	// Output: 3s true
}
