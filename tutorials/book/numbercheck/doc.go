// Package numbercheck checks the numbers in the chapters' claims. A check block has a sentence,
// commands that each print one number, and a condition for the numbers:
//
//	poll takes at least 50 times as long as epoll to find one client among 9,000.
//	poll = go run ./tutorials/chapters/asking poll 9000
//	epoll = go run ./tutorials/chapters/asking epoll 9000
//	want poll / epoll >= 50
//	ours 1020 on a machine
//
// "want" compares a number, or the ratio of two numbers, with =, <=, >= or a range: want poll /
// epoll 50..5000. A number may have a unit of time; it then counts in seconds. Commands run at the
// root of the repository.
//
// A check is narrow if noise could make it fail: a ratio of less than 5, or a range whose ends are
// less than a factor of 25 apart. Narrow checks are measured only if the user asks for that, unless
// the block says that its numbers are counts, which noise can't change.
package numbercheck
