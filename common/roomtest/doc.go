// Package roomtest checks what the members of a room have received. All members together keep a
// Record. Each message of the room has a number, and every member must receive the same bytes under
// that number. At the end Check replays the messages in their order, and reports what is
// inconsistent and what some member has missed.
package roomtest
