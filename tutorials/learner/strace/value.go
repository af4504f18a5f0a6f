package strace

import (
	"strconv"
)

// Value is an argument of a system call, or a part of one.
type Value struct {
	Word  string      // number, flags, or the word before a bracket, like “htons”
	Bytes []byte      // content of a string, nil if the value is none
	Cut   bool        // the string or list goes on, but strace has left out the rest
	Fd    *Descriptor // descriptor, if strace says what it is
	Open  byte        // '(', '[' or '{' if the value has parts, or 0
	Parts []Field
	Then  *Value // what the call has written over the value; strace writes it after “=>”
}

// Field is a part of a value, or an argument. Many have no name.
type Field struct {
	Name  string
	Value Value
}

// Int returns the number that the value is. ok is false if it is none.
func (v Value) Int() (n int64, ok bool) {
	n, err := strconv.ParseInt(v.Word, 0, 64)
	if err != nil {
		u, err := strconv.ParseUint(v.Word, 0, 64)
		return int64(u), err == nil
	}
	return n, true
}

// Named returns the part with this name. It returns an empty value if there is none.
func (v Value) Named(name string) Value { return named(v.Parts, name) }

func named(all []Field, name string) Value {
	for _, f := range all {
		if f.Name == name {
			return f.Value
		}
	}
	return Value{}
}

// Text writes the value as C source does. It cuts strings after most bytes.
func (v Value) Text(most int) string { return string(v.append(nil, most)) }

func (v Value) append(b []byte, most int) []byte {
	b = append(b, v.Word...)
	switch {
	case v.Bytes != nil:
		b = appendQuoted(b, v.Bytes, most)
		if v.Cut || len(v.Bytes) > most {
			b = append(b, "…"...)
		}
	case v.Open != 0:
		b = append(b, v.Open)
		b = appendFields(b, v.Parts, most)
		if v.Cut {
			b = append(b, "…"...)
		}
		b = append(b, closing(v.Open))
	}
	if v.Then != nil {
		b = v.Then.append(append(b, " → "...), most)
	}
	return b
}

func appendFields(b []byte, all []Field, most int) []byte {
	for i, f := range all {
		if i > 0 {
			b = append(b, ", "...)
		}
		if f.Name != "" {
			b = append(append(b, f.Name...), '=')
		}
		b = f.Value.append(b, most)
	}
	return b
}

// closing returns the bracket that ends what open begins.
func closing(open byte) byte {
	switch open {
	case '(':
		return ')'
	case '[':
		return ']'
	}
	return '}'
}
