package gallery_test

import (
	"fmt"

	"threeloops/common/simulation/gallery"
)

func Example() {
	e, err := gallery.Parse("twice", `# title: Two connects
# topic: accepting and limits
# question: How often does the server call accept4?
# answer: Twice, once for each client.
# servers: epollserv
# shows: accept4 twice

at 1s A1..A2 connect
`)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(e.Question)
	fmt.Println(e.Answer)
	fmt.Print(e.Scenario)
	// Output:
	// How often does the server call accept4?
	// Twice, once for each client.
	// at 1s A1..A2 connect
}
