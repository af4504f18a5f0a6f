package inspect

import (
	"fmt"
	"strconv"

	"threeloops/common/http1"
	"threeloops/common/ws"
)

// section is the place of a rule in an RFC, and of its error in the source: the error's name, and
// the first name of the group that declares it, by which the page of the source has an anchor.
type section struct{ rfc, number, name, group string }

// requestRules are the rules of package http1. The limits of a server are no rules of an RFC; their
// sections say which status answers a request that passes them.
var requestRules = map[*http1.Error]section{
	http1.ErrMethod:          {"9112", "3.1", "ErrMethod", "ErrMethod"},
	http1.ErrRequestLine:     {"9112", "3", "ErrRequestLine", "ErrMethod"},
	http1.ErrTarget:          {"9112", "3.2", "ErrTarget", "ErrMethod"},
	http1.ErrHTTPS:           {"9110", "15.5.20", "ErrHTTPS", "ErrMethod"},
	http1.ErrVersion:         {"9112", "2.3", "ErrVersion", "ErrMethod"},
	http1.ErrNotHTTP1:        {"9110", "15.6.6", "ErrNotHTTP1", "ErrMethod"},
	http1.ErrLineLimit:       {"9112", "3", "ErrLineLimit", "ErrMethod"},
	http1.ErrLineEnd:         {"9112", "2.2", "ErrLineEnd", "ErrLineEnd"},
	http1.ErrFold:            {"9112", "5.2", "ErrFold", "ErrLineEnd"},
	http1.ErrFieldName:       {"9112", "5.1", "ErrFieldName", "ErrLineEnd"},
	http1.ErrFieldValue:      {"9110", "5.5", "ErrFieldValue", "ErrLineEnd"},
	http1.ErrHeadLimit:       {"9110", "5.4", "ErrHeadLimit", "ErrLineEnd"},
	http1.ErrFieldLimit:      {"9110", "5.4", "ErrFieldLimit", "ErrLineEnd"},
	http1.ErrNoHost:          {"9112", "3.2", "ErrNoHost", "ErrNoHost"},
	http1.ErrHost:            {"9112", "3.2", "ErrHost", "ErrNoHost"},
	http1.ErrHostTwice:       {"9112", "3.2", "ErrHostTwice", "ErrNoHost"},
	http1.ErrLength:          {"9112", "6.2", "ErrLength", "ErrNoHost"},
	http1.ErrLengthTwice:     {"9112", "6.3", "ErrLengthTwice", "ErrNoHost"},
	http1.ErrLengthAndCoding: {"9112", "6.3", "ErrLengthAndCoding", "ErrNoHost"},
	http1.ErrCoding:          {"9112", "6.3", "ErrCoding", "ErrNoHost"},
	http1.ErrCoding10:        {"9112", "6.1", "ErrCoding10", "ErrNoHost"},
	http1.ErrUnknownCoding:   {"9112", "6.1", "ErrUnknownCoding", "ErrNoHost"},
	http1.ErrExpect:          {"9110", "10.1.1", "ErrExpect", "ErrNoHost"},
	http1.ErrBodyLimit:       {"9110", "15.5.14", "ErrBodyLimit", "ErrBodyLimit"},
	http1.ErrChunkSize:       {"9112", "7.1", "ErrChunkSize", "ErrBodyLimit"},
	http1.ErrChunkExt:        {"9112", "7.1.1", "ErrChunkExt", "ErrBodyLimit"},
	http1.ErrChunkLimit:      {"9112", "7.1.1", "ErrChunkLimit", "ErrBodyLimit"},
	http1.ErrChunkEnd:        {"9112", "7.1", "ErrChunkEnd", "ErrBodyLimit"},
}

// frameRules are the rules of package ws.
var frameRules = map[*ws.Error]section{
	ws.ErrOpcode:            {"6455", "5.2", "ErrOpcode", "ErrOpcode"},
	ws.ErrControlFragmented: {"6455", "5.5", "ErrControlFragmented", "ErrOpcode"},
	ws.ErrControlLong:       {"6455", "5.5", "ErrControlLong", "ErrOpcode"},
	ws.ErrLengthForm:        {"6455", "5.2", "ErrLengthForm", "ErrOpcode"},
	ws.ErrLengthSign:        {"6455", "5.2", "ErrLengthSign", "ErrOpcode"},
	ws.ErrReserved:          {"6455", "5.2", "ErrReserved", "ErrReserved"},
	ws.ErrUnmasked:          {"6455", "5.1", "ErrUnmasked", "ErrReserved"},
	ws.ErrMasked:            {"6455", "5.1", "ErrMasked", "ErrReserved"},
	ws.ErrNoMessage:         {"6455", "5.4", "ErrNoMessage", "ErrReserved"},
	ws.ErrMessageOpen:       {"6455", "5.4", "ErrMessageOpen", "ErrReserved"},
	ws.ErrMessageTooBig:     {"6455", "10.4", "ErrMessageTooBig", "ErrReserved"},
	ws.ErrInvalidPayload:    {"6455", "8.1", "ErrInvalidPayload", "ErrReserved"},
	ws.ErrCloseLength:       {"6455", "5.5.1", "ErrCloseLength", "ErrCloseLength"},
	ws.ErrCloseCode:         {"6455", "7.4.1", "ErrCloseCode", "ErrCloseLength"},
	ws.ErrCloseReason:       {"6455", "5.5.1", "ErrCloseReason", "ErrCloseLength"},
	ws.ErrDeflate:           {"7692", "7.2.2", "ErrDeflate", "ErrDeflate"},
	ws.ErrDeflateFinal:      {"7692", "7.2.3.4", "ErrDeflateFinal", "ErrDeflate"},
}

func requestRule(err *http1.Error) *Rule {
	r := requestRules[err].rule("http1")
	r.Reason, r.Status = err.Reason, err.Status
	return r
}

func frameRule(err *ws.Error) *Rule {
	r := frameRules[err].rule("ws")
	r.Reason, r.Code = err.Reason, codeOf(err.Code)
	return r
}

func (s section) rule(pkg string) *Rule {
	return &Rule{
		RFC:    fmt.Sprintf("RFC %s, section %s", s.rfc, s.number),
		URL:    fmt.Sprintf("https://www.rfc-editor.org/rfc/rfc%s#section-%s", s.rfc, s.number),
		Source: fmt.Sprintf("source/common/%s/error.go.html#go-%s", pkg, s.group),
		At:     -1,
	}
}

// codeNames are the names of RFC 6455 11.7, and those that IANA has registered since.
var codeNames = map[ws.Code]string{
	ws.NormalClosure: "Normal Closure", ws.GoingAway: "Going Away", ws.ProtocolError: "Protocol error",
	ws.UnsupportedData: "Unsupported Data", 1004: "Reserved", ws.NoStatus: "No Status Rcvd",
	ws.Abnormal: "Abnormal Closure", ws.InvalidPayload: "Invalid frame payload data",
	ws.PolicyViolation: "Policy Violation", ws.MessageTooBig: "Message Too Big",
	ws.MandatoryExtension: "Mandatory Ext.", ws.InternalError: "Internal Error",
	ws.ServiceRestart: "Service Restart", ws.TryAgainLater: "Try Again Later", ws.BadGateway: "Bad Gateway",
	ws.TLSHandshake: "TLS handshake",
}

// codeName returns the name of a close code.
func codeName(c ws.Code) string {
	switch name, ok := codeNames[c]; {
	case ok:
		return name
	case c >= 4000 && c <= 4999:
		return "for private use"
	case c >= 3000 && c <= 3999:
		return "for libraries and frameworks"
	}
	return "not registered"
}

func codeOf(c ws.Code) *Code { return &Code{int(c), codeName(c)} }

// opcodeName returns the name of an opcode.
func opcodeName(op ws.Opcode) string {
	if op > ws.Binary && op < ws.Close || op > ws.Pong {
		return "reserved " + strconv.FormatInt(int64(op), 16)
	}
	return op.String()
}
