// Backlog says how many connects succeed if nobody accepts.
package main

import "fmt"

func main() {
	fmt.Println("Nobody accepts.")
	fmt.Println()
	fmt.Println("backlog   succeed   time")
	fmt.Println("one       2         1 ms")
	fmt.Println("two       3         2 ms")
}
